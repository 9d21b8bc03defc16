"""Facts made into text, Markdown and JSON; nothing here decides or acts."""
