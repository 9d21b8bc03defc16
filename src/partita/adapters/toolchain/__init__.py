"""Target languages: how their dependencies are installed and their tests run."""

from partita.adapters.toolchain.python import PythonToolchain

__all__ = ["PythonToolchain"]
