"""Who signs a commit: Partita on its own branches, the user on what lands."""

import os

from partita.adapters.git.objects import Signature
from partita.adapters.git.process import Git
from partita.errors import BadInput

BEGINNING = 946_684_800
"""2000-01-01 UTC: the second at which a history of Partita's without a parent begins."""

_NAME, _EMAIL = "Partita", "partita@localhost"


def partita(at: int) -> Signature:
    """Partita itself, at that second."""
    return Signature(name=_NAME, email=_EMAIL, at=at)


def named(author: str, at: int) -> Signature:
    """Whoever `author` ("Name <mail>") says, at that second; raises BadInput for anything else."""
    name, opened, email = author.strip().removesuffix(">").rpartition("<")
    if not (opened and name.strip() and email.strip()):
        raise BadInput(f'{author[:80]!r} names no author; write "Name <mail>".')
    return Signature(name=name.strip(), email=email.strip(), at=at)


async def users(git: Git, at: int) -> tuple[Signature, Signature]:
    """Author and committer as the user has them configured, else Partita; nothing is configured.

    Both name and email must be set: git would guess the other from the machine's name.
    """
    pattern = r"^(user|author|committer)\.(name|email)$"
    done = await git("config", "-z", "--get-regexp", pattern, ok=(0, 1))
    pairs = (item.partition("\n") for item in done.out.decode("utf-8", "replace").split("\0"))
    configured = {key.lower(): value for key, _, value in pairs if value.strip()}
    return _signature("author", configured, at), _signature("committer", configured, at)


def _signature(role: str, configured: dict[str, str], at: int) -> Signature:
    """In git's own order: the environment, the role's settings, the user's settings."""

    def part(of: str) -> str:
        by_environment = os.environ.get(f"GIT_{role.upper()}_{of.upper()}", "").strip()
        settings = (f"{role}.{of}", f"user.{of}")
        return by_environment or next(
            (configured[key] for key in settings if key in configured), ""
        )

    name = part("name")
    email = part("email") or os.environ.get("EMAIL", "").strip()
    return Signature(name=name, email=email, at=at) if name and email else partita(at)
