"""The whole repository: history, workshop, worktrees and landing in one."""

from partita.adapters.git.history import GitHistory
from partita.adapters.git.landing import GitLanding
from partita.adapters.git.workshop import GitWorkshop
from partita.adapters.git.worktrees import GitWorktrees


class GitRepo(GitHistory, GitWorkshop, GitWorktrees, GitLanding):
    """`partita.ports.repo.Repo` over the git command line; opened by `open_repository`."""
