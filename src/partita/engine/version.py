"""The version of the workflows' shape, apart from the engine so that reading it costs nothing."""

VERSION = "partita-3"
"""A run is replayed only by what has its version; a change here makes older runs begin anew."""
