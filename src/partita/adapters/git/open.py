"""Finding the repository a path lies in, or making one in an empty folder."""

import os
import re
from dataclasses import replace
from pathlib import Path

from partita.adapters.git.child import Done
from partita.adapters.git.parts import Place
from partita.adapters.git.paths import STATE_FOLDER
from partita.adapters.git.process import RealGit, run_now, said
from partita.adapters.git.repo import GitRepo
from partita.errors import BadInput, GitFailed

_OLDEST = (2, 38)
_ASKED = (
    "--is-bare-repository",
    "--is-inside-git-dir",
    "--show-object-format",
    "--absolute-git-dir",
    "--git-common-dir",
    "--show-prefix",
    "--show-toplevel",
)


def open_repository(where: Path) -> GitRepo:
    """The repository that `where` lies in; a new one when it is an empty or missing folder.

    An empty folder that the repository around it ignores counts as a place of its own. Raises
    BadInput for a folder with files but no repository, a bare repository, a file, one of our own
    worktrees, and a git that is missing or too old.
    """
    _require_git()
    where = _absolute(where)
    there = next(path for path in (where, *where.parents) if path.is_dir())
    fresh = there != where or not any(where.iterdir())
    place = _found(there)
    if place is not None and not (fresh and _is_ignored(place, where)):
        return _repo(place, where.relative_to(place.root).as_posix())
    if not fresh:
        raise BadInput(
            f"{where} has files in it but is no git repository.",
            remedy=f"cd {where} && git init && git add -A && git commit -m 'As it was'",
        )
    _made(where)
    made = _found(where)
    if made is None or made.root != where:
        raise GitFailed(f"git init made no repository in {where}.")
    return _repo(made, "")


def find_repository(where: Path) -> GitRepo | None:
    """The repository that `where` lies in, or None; makes nothing."""
    _require_git()
    where = _absolute(where)
    there = next(path for path in (where, *where.parents) if path.is_dir())
    place = _found(there)
    if place is None:
        return None
    return _repo(place, there.relative_to(place.root).as_posix())


def _repo(place: Place, subfolder: str) -> GitRepo:
    placed = replace(place, subfolder="" if subfolder == "." else subfolder)
    return GitRepo(placed, RealGit(place.root, place.git_dir))


def _absolute(where: Path) -> Path:
    try:
        where = where.expanduser().resolve()
        if where.exists() and not where.is_dir():
            raise BadInput(f"{where} is a file; name a folder.")
    except (OSError, RuntimeError, ValueError) as error:
        raise BadInput(f"{where} can't be used as a folder: {error}.") from error
    return where


def _require_git() -> None:
    done = run_now(("version",), Path("/"))
    found = re.search(rb"(\d+)\.(\d+)", done.out)
    if found is None or (int(found[1]), int(found[2])) < _OLDEST:
        version = done.out.decode("utf-8", "replace").strip()[:80] or said(done.err)
        raise BadInput(
            f"This git is too old or can't be used: {version}.", remedy="Install git 2.38 or newer."
        )


def _found(there: Path) -> Place | None:
    """The repository around an existing folder; raises BadInput for one we can't work in."""
    done = run_now(("rev-parse", "--path-format=absolute", *_ASKED), there)
    answers = os.fsdecode(done.out).split("\n")
    if answers[0] == "true" or answers[1:2] == ["true"]:
        raise BadInput(
            f"{there} is a bare repository or git's own folder.",
            remedy="Go to a work tree of it: git worktree add DIR BRANCH",
        )
    if done.code:
        _require_none(there, done)
        return None
    if len(answers) != len(_ASKED) + 1:
        raise BadInput(f"The path of this repository contains a line break: {there}")
    root = Path(answers[6]).resolve()
    if (STATE_FOLDER, "worktrees") in zip(root.parts, root.parts[1:], strict=False):
        raise BadInput(
            f"{root} is a worktree that Partita made for itself.",
            remedy=f"Go to {root.parents[2]}",
        )
    return Place(
        root=root,
        git_dir=Path(answers[3]),
        common_dir=Path(answers[4]),
        algorithm="sha256" if answers[2] == "sha256" else "sha1",
    )


def _require_none(there: Path, done: Done) -> None:
    """Raises BadInput when git says that there is a repository, but one that it will not use."""
    if "not a git repository" not in done.err:
        raise BadInput(f"git can't use the repository around {there}: {said(done.err)}")


def _is_ignored(place: Place, where: Path) -> bool:
    if where == place.root:
        return False
    return run_now(("check-ignore", "-q", "--", f"{where}/"), place.root).code == 0


def _made(where: Path) -> None:
    try:
        where.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{where} can't be made: {error.strerror}.") from error
    done = run_now(("init", "-q", "-b", "main"), where)
    if done.code:
        raise GitFailed(f"git init failed in {where}: {said(done.err)}")
