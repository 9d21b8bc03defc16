"""What a run must not leave behind, compared with what an undisturbed one leaves."""

import re
import time
from collections.abc import Iterator
from pathlib import Path

from .place import Place, processes

PATIENCE = 5.0  # seconds in which what was killed may still be dying
STATE = re.compile(
    r"\.gitignore|lock|partita\.db(-wal|-shm)?|blobs/[0-9a-f]{2}/[0-9a-f]{62}"
    r"|runs/[0-9a-z-]+/([\w-]+\.(md|json|csv)|transcript/run\.jsonl|evidence/[\w.-]+\.txt)"
)
TEMPORARY = re.compile(r"(.*/)?(tmp_.*|\..*\.sw.|.*\.lock|\.tmp.*|index\..+)")
CGROUPS = Path("/sys/fs/cgroup")


def leftovers(place: Place, pids: set[int], remotes: tuple[str, ...] = ()) -> list[str]:
    """Everything that is there and should not be, in sentences; `pids` are those of the killed.

    Refs that begin with one of `remotes` are git's own notes of a remote.
    """
    found = [
        *_processes(place.home.folder),
        *_git(place, remotes),
        *_state(place.folder / ".partita"),
        *_temporary(place),
        *_groups(pids),
    ]
    return [f"in {place.folder.name}: {what}" for what in found]


def _processes(folder: Path) -> list[str]:
    end = time.monotonic() + PATIENCE
    while (found := processes(folder)) and time.monotonic() < end:
        time.sleep(0.05)
    return found


def _git(place: Place, remotes: tuple[str, ...]) -> Iterator[str]:
    names = place.git("for-each-ref", "--format=%(refname)").split()
    for kind in ("refs/heads/", "refs/partita/", "refs/"):
        found = [n for n in names if n.startswith(kind)]
        names = [n for n in names if n not in found]
        ours = [n for n in found if n != "refs/heads/main" and not n.startswith(remotes)]
        if ours:
            yield f"{len(ours)} of {kind}, the first of them {ours[0]}"
    if (trees := place.git("worktree", "list").strip().splitlines())[1:]:
        yield f"worktrees: {trees[1:]}"
    for path in sorted((place.folder / ".git").rglob("*")):
        name = str(path.relative_to(place.folder / ".git"))
        if TEMPORARY.fullmatch(name):
            yield f"the file .git/{name}"
    for path in sorted((place.folder / ".git" / "worktrees").glob("*")):
        inside = sorted(p.name for p in path.iterdir()) if path.is_dir() else ()
        yield f"git's note of a worktree, .git/worktrees/{path.name} with {', '.join(inside)}"
    if said := place.git("status", "--porcelain"):
        if said != "?? mine.txt\n":
            yield f"changes in the work tree: {said!r}"
    else:
        yield "the uncommitted file is gone"
    if said := place.git("fsck", "--strict", "--no-dangling"):
        yield f"git fsck: {said.strip()}"
    if (place.folder / "mine.txt").read_text() != "not committed\n":
        yield "the uncommitted file has changed"


def _state(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        name = str(path.relative_to(folder))
        if not path.is_dir() and not STATE.fullmatch(name):
            yield f"the file .partita/{name}"
    if list((folder / "worktrees").glob("*")):
        yield f"worktrees in .partita: {[p.name for p in (folder / 'worktrees').iterdir()]}"


def _temporary(place: Place) -> Iterator[str]:
    for path in sorted((place.home.folder / "tmp").iterdir()):
        yield f"the temporary {path.name}"
    for path in sorted((place.home.folder / "home").rglob("*")):
        if re.match(r"\.new-|\.?tmp|work-", path.name):
            yield f"the file ~/{path.relative_to(place.home.folder / 'home')}"


def _groups(pids: set[int]) -> Iterator[str]:
    for path in CGROUPS.glob("**/partita-*-*"):
        pid = path.name.removeprefix("partita-").partition("-")[0]
        if pid.isdecimal() and int(pid) in pids:
            yield f"the cgroup {path}"
