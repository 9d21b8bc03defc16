"""Model text made into a value or an `Unreadable`: tolerant in reading, strict in accepting."""
