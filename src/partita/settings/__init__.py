"""Settings: defaults, then the user's file, the project's file, the environment, and flags.

A repository is untrusted: what could spend more, send keys elsewhere or weaken a protection is
refused in its `partita.toml`, with the place where it may be set instead.
"""

from partita.settings.load import load_settings, user_file
from partita.settings.routes import LOCAL_ENDPOINTS, Routes, keyless_route, resolve_routes
from partita.settings.template import template
from partita.settings.values import Depth, ModelTable, Settings

__all__ = [
    "LOCAL_ENDPOINTS",
    "Depth",
    "ModelTable",
    "Routes",
    "Settings",
    "keyless_route",
    "load_settings",
    "resolve_routes",
    "template",
    "user_file",
]
