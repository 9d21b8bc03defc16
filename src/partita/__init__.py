"""Partita turns a request into tested, merged code."""

from partita.errors import PartitaError

__all__ = ["PartitaError", "__version__"]
__version__ = "0.1.0"
