"""What an installation takes on disk: a fresh environment, bytecode included, pip not.

Blocks are counted, as `du` does, and not the bytes in the files.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from figures import Row, Section

ROOT = Path(__file__).resolve().parent.parent
MOST = 160  # megabytes of 10^6 bytes
LARGEST = 10
PROBE = """
import importlib.metadata, json
print(json.dumps({
    d.name: 512 * sum(f.locate().stat().st_blocks for f in d.files or () if f.locate().is_file())
    for d in importlib.metadata.distributions()
}))
"""


def measure() -> list[Section]:
    """Install the project without extras; skipped with the installer's words where it fails."""
    title = "installed size"
    with tempfile.TemporaryDirectory(prefix="partita-bench-") as folder:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        python = str(Path(folder) / "bin" / "python")
        pip = (sys.executable, "-m", "pip", "--python", python, "install", "--quiet")
        constraints = str(ROOT / "constraints.txt")
        done = subprocess.run(
            [*pip, "--no-warn-script-location", "--compile", "-c", constraints, str(ROOT)],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lines = done.stderr.strip().splitlines()
            return [Section(title=title, skipped=lines[-1] if lines else "pip failed")]
        total = _size(Path(folder)) / 1e6
        probe = subprocess.run([python, "-c", PROBE], capture_output=True, text=True, check=True)
    sizes: dict[str, int] = json.loads(probe.stdout)
    largest = sorted(sizes.items(), key=lambda item: -item[1])[:LARGEST]
    return [
        Section(
            title=f"{title}: {len(sizes)} distributions",
            rows=(
                Row(
                    what="all files",
                    value=f"{total:.0f} MB",
                    target=f"at most {MOST} MB",
                    met=total <= MOST,
                    others="404 - 1,405 MB",
                ),
                *(Row(what=f"  {name}", value=f"{size / 1e6:.1f} MB") for name, size in largest),
            ),
        )
    ]


def _size(folder: Path) -> int:
    return 512 * sum(p.lstat().st_blocks for p in folder.rglob("*"))
