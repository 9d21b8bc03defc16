"""The `partita` command, one file a command."""
