"""What code can find out about a repository from its paths and texts, without asking a model."""
