"""The user's git repository behind `partita.ports.repo.Repo`, by the git command line."""

from partita.adapters.git.open import find_repository, open_repository
from partita.adapters.git.repo import GitRepo
from partita.adapters.git.state import ensure_state_folder

__all__ = ["GitRepo", "ensure_state_folder", "find_repository", "open_repository"]
