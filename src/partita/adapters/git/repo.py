"""The whole repository: history, workshop, worktrees and landing in one."""

from partita.adapters.git.history import GitHistory
from partita.adapters.git.landing import GitLanding
from partita.adapters.git.workshop import GitWorkshop
from partita.adapters.git.worktrees import GitWorktrees


class GitRepo(GitHistory, GitWorkshop, GitWorktrees, GitLanding):
    """`partita.ports.repo.Repo` over the git command line; opened by `open_repository`.

    It is alone: there is nobody to share with.
    """

    async def share(self, run: str, *commits: str) -> None:
        """Nothing: no other machine works on this repository."""

    async def obtain(self, run: str, *commits: str) -> None:
        """Nothing: every commit of the run was made here."""
