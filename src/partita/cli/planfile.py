"""Plan files: read for `build --plan`, written by `plan`."""

import json
from pathlib import Path
from typing import Any

from partita.errors import BadInput

LARGEST = 32 * 1024 * 1024  # bytes; a plan of 20,000 tasks has four million


def read_plan_file(path: Path) -> dict[str, Any]:
    """The JSON object in the file; BadInput when it is none. What it says is checked later."""
    if path.stat().st_size > LARGEST:
        raise BadInput(f"{path} is too large for a plan")
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError) as e:
        raise BadInput(f"{path} is not JSON: {e}") from e
    if not isinstance(data, dict):
        raise BadInput(f"{path} holds no plan: want a JSON object")
    return data
