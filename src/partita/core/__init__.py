"""The pure core: it decides and does nothing (no clock, files, chance, sockets, logging)."""
