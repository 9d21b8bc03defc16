"""What git's own files say at once of refs and of who is on them, where they say anything."""

from pathlib import Path


def may_be_at(home: Path, ref: str) -> bool:
    """Whether a work tree may be on that ref; False when none is. `home` is git's folder."""
    if (home / "reftable").exists():
        return True
    wanted = f"ref: {ref}".encode()
    for head in (home / "HEAD", *(home / "worktrees").glob("*/HEAD")):
        try:
            if head.is_symlink() or head.read_bytes().strip() == wanted:
                return True
        except FileNotFoundError:
            continue  # a worktree that has just gone away
    return False


def holds(home: Path, ref: str, commit: str) -> bool:
    """Whether the ref certainly is at that commit; False when git itself has to be asked."""
    try:
        return (home / ref).read_bytes().strip() == commit.encode()
    except OSError:
        return False
