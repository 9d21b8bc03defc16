"""What every part of the repository shares: where it is, git aimed at it, and its objects."""

from dataclasses import dataclass
from pathlib import Path

from partita.adapters.git.database import Database
from partita.adapters.git.objects import Algorithm
from partita.adapters.git.paths import STATE_FOLDER
from partita.adapters.git.process import Git
from partita.errors import BadInput

_FORBIDDEN_IN_REFS = frozenset(" ~^:?*[\\\x7f")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A repository on disk; all paths absolute and resolved, `subfolder` relative to `root`."""

    root: Path
    git_dir: Path
    common_dir: Path
    algorithm: Algorithm = "sha1"
    subfolder: str = ""

    @property
    def state(self) -> Path:
        """The folder in which Partita keeps what it knows."""
        return self.root / STATE_FOLDER


class Part:
    """The base of History, Workshop, Worktrees and Landing."""

    def __init__(self, place: Place, git: Git) -> None:
        self.place = place
        self._git = git
        self._database = Database(git, place.algorithm)

    @property
    def root(self) -> Path:
        """The top of the work tree."""
        return self.place.root

    async def resolve(self, name: str) -> str | None:
        """The commit that a branch, tag, id or other git name stands for."""
        if not name or "\0" in name:
            return None
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}")
        done = await self._git(*asked, ok=(0, 1, 128))
        return done.out.decode("ascii", "replace").strip() or None if done.code == 0 else None

    async def _head(self) -> str | None:
        """The full name of the ref that HEAD stands for; None when it is detached."""
        done = await self._git("symbolic-ref", "-q", "HEAD", ok=(0, 1))
        return done.out.decode("utf-8", "surrogateescape").rstrip("\n") or None


def branch_ref(branch: str) -> str:
    """The full name of the branch; raises BadInput when no branch can be called that."""
    bad = (
        not branch
        or branch.startswith(("-", "/"))
        or branch.endswith(("/", ".", ".lock"))
        or any(part in branch for part in ("..", "//", "@{", "/."))
        or any(c in _FORBIDDEN_IN_REFS or c < " " for c in branch)
    )
    if bad:
        raise BadInput(f"{branch[:80]!r} is not the name of a branch.")
    return f"refs/heads/{branch}"
