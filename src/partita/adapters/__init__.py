"""The real world behind the ports; built only by `partita.wiring`."""
