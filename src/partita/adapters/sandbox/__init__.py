"""Running generated code so that it can do no harm."""
