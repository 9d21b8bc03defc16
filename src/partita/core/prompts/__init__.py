"""Values made into prompt text, the part that is stable between calls first."""
