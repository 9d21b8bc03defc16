"""The note that a landing is under way, so that a crash in the middle can be told from the rest."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from partita.adapters.git.state import prepare, sync_folder, write_durably
from partita.errors import GitFailed


@dataclass(frozen=True, slots=True, kw_only=True)
class Intent:
    """Move `branch` from `expected` to `commit`; `follow`: index and work tree go along."""

    branch: str
    expected: str
    commit: str
    why: str
    follow: bool


@dataclass(frozen=True, slots=True)
class IntentFile:
    """At most one intent, in a file of its own."""

    path: Path

    def write(self, intent: Intent) -> None:
        """Record it; when this returns, a power cut does not undo it."""
        prepare(self.path.parent)
        write_durably(self.path, json.dumps(asdict(intent), indent=1).encode() + b"\n")

    def read(self) -> Intent | None:
        """The intent that is recorded; raises GitFailed when the file can't be understood."""
        try:
            intent = Intent(**json.loads(self.path.read_bytes()))
            texts = (intent.branch, intent.expected, intent.commit, intent.why)
            if not all(isinstance(text, str) for text in texts):
                raise TypeError("not text")  # noqa: TRY301 - one way out for all that is unreadable
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise GitFailed(
                f"{self.path} can't be read, so an interrupted landing can't be finished.",
                remedy=f"Compare `git status` with what you expect, then remove {self.path}.",
            ) from error
        return intent

    def clear(self) -> None:
        """Forget it."""
        self.path.unlink(missing_ok=True)
        if self.path.parent.is_dir():
            sync_folder(self.path.parent)
