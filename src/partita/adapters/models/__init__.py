"""Models behind the Model port, one module a wire format."""
