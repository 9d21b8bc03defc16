"""Talking to one shared remote: bounded in time, without prompts, and without saying passwords."""

import os
import re
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from partita.adapters.git.child import Done, TooLong
from partita.adapters.git.process import Git, run, run_now, said
from partita.errors import BadInput, GitFailed, RemoteLost

_ANY_CODE = range(-128, 256)
_LONGEST = 400
"""At most so many characters of what the remote says are passed on."""

_BATCH = 400
"""Refs in one push: their names have to fit on a command line."""

_CONFIG = (
    "protocol.ext.allow=never",
    "protocol.fd.allow=never",
    "push.pushOption=",
    "push.useForceIfIncludes=false",
    "fetch.writeCommitGraph=false",
    "fetch.recurseSubmodules=false",
    "http.lowSpeedLimit=1000",
)
_SSH = ("BatchMode=yes", "ConnectTimeout=5", "ServerAliveInterval=5", "ControlMaster=no")
_NO_QUESTIONS = {"GIT_ASKPASS": "", "SSH_ASKPASS": "", "SSH_ASKPASS_REQUIRE": "never"}
_KEPT = ("GIT_SSH", "GIT_SSH_VARIANT")

_HELPER = re.compile(r"[A-Za-z0-9+.-]+::")
_SECRET = re.compile(r"([A-Za-z][A-Za-z0-9+.-]{0,20}://)([^/@\s]*(?:@[^/@\s]*)*)@")
_COLOUR = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_SCP = re.compile(r"[^/]*:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Seconds: for a question about refs, and for anything that carries content."""

    refs: float = 20.0
    content: float = 120.0


class Answer(NamedTuple):
    """What became of one ref of a push; `why` is the remote's short reason where it refused."""

    accepted: bool
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pushed:
    """The answer for each ref, and what the remote said to all of it."""

    answers: Mapping[str, Answer]
    words: str = ""

    @property
    def refused(self) -> dict[str, str]:
        """The refs that were not accepted, each with why."""
        return {ref: answer.why for ref, answer in self.answers.items() if not answer.accepted}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """A remote repository that git reaches by `url`; `name` is what people call it."""

    git: Git
    name: str
    url: str
    push_url: str
    limits: Limits = field(default_factory=Limits)
    ssh: str = ""

    @property
    def folder(self) -> Path | None:
        """Where it lies, when it is a folder that this machine sees."""
        return folder_of(self.push_url)

    async def refs(self, *patterns: str) -> dict[str, str]:
        """The commits of its refs that match the patterns (`refs/heads/x`, `refs/partita/*`)."""
        args = ("ls-remote", "--refs", "--", self.url, *patterns)
        done = await self._call(*args, patience=self.limits.refs)
        if done.code:
            raise self._lost(done)
        lines = (line.split("\t", 1) for line in done.out.decode("utf-8", "replace").splitlines())
        found = {name: commit for commit, name in (pair for pair in lines if len(pair) == 2)}  # noqa: PLR2004 - id, name
        # git matches from the right: refs/a/refs/heads/x would pass for refs/heads/x.
        return {
            name: commit
            for name, commit in found.items()
            if any(name == p or (p.endswith("*") and name.startswith(p[:-1])) for p in patterns)
        }

    async def fetch(self, names: Iterable[str]) -> bool:
        """Bring the objects of those refs here, making no ref; False when one does not exist."""
        plain = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-maintenance")
        args = ("fetch", *plain, "--no-recurse-submodules", "--refmap=", "--stdin", "--", self.url)
        wanted = "".join(f"{name}\n" for name in names).encode()
        done = await self._call(*args, stdin=wanted, patience=self.limits.content)
        if "couldn't find remote ref" in done.err:
            return False
        if done.code:
            raise self._lost(done)
        return True

    async def push(
        self, orders: Mapping[str, str], *, expected: Mapping[str, str] | None = None
    ) -> Pushed:
        """Set those refs to those commits ("" deletes), whatever they are now.

        Where `expected` names a ref, it is only moved from that commit ("": from nothing), and
        only forward.
        """
        answers: dict[str, Answer] = {}
        words = ""
        refs = list(orders)
        for start in range(0, len(refs), _BATCH):
            batch = {ref: orders[ref] for ref in refs[start : start + _BATCH]}
            pushed = await self._push(batch, expected or {})
            answers |= pushed.answers
            words = words or pushed.words
        return Pushed(answers=answers, words=words)

    async def is_looked_at(self, ref: str) -> bool:
        """Whether it is a folder with a work tree on that branch, which refuses pushes."""
        folder = self.folder
        if folder is None or not folder.is_dir():
            return False
        asked = (
            ("rev-parse", "--is-bare-repository"),
            ("symbolic-ref", "-q", "HEAD"),
            ("config", "--get", "receive.denyCurrentBranch"),
        )
        bare, head, deny = [
            (await run(args, folder)).out.decode("utf-8", "replace").strip() for args in asked
        ]
        return bare == "false" and head == ref and deny not in {"ignore", "warn", "updateInstead"}

    async def _push(self, orders: Mapping[str, str], expected: Mapping[str, str]) -> Pushed:
        leases = [f"--force-with-lease={ref}:{commit}" for ref, commit in expected.items()]
        specs = [
            f"{'' if ref in expected or not commit else '+'}{commit}:{ref}"
            for ref, commit in orders.items()
        ]
        plain = ("--porcelain", "--no-verify", "--no-follow-tags", "--no-signed")
        args = ("push", *plain, "--recurse-submodules=no", *leases, "--", self.push_url, *specs)
        done = await self._call(*args, patience=self.limits.content)
        answers = dict(_answers(done.out.decode("utf-8", "replace")))
        if not answers.keys() >= orders.keys():
            raise self._lost(done)
        return Pushed(answers=answers, words=_remotes_words(done.err))

    async def _call(self, *args: str, patience: float, stdin: bytes = b"") -> Done:
        slow = f"http.lowSpeedTime={max(1, int(self.limits.refs))}"
        options = [part for setting in (*_CONFIG, slow) for part in ("-c", setting)]
        env = {**_NO_QUESTIONS, **ssh_environment(self.ssh)}
        try:
            return await self.git(
                *options, *args, stdin=stdin, env=env, ok=_ANY_CODE, patience=patience
            )
        except GitFailed as error:
            if isinstance(error.__cause__, TooLong):
                raise self.lost(f"no answer within {patience:g} seconds") from error
            raise

    def _lost(self, done: Done) -> GitFailed:
        """The error that says why nothing came of it: our own lock or disk, or the remote."""
        words = clean(said(done.err)) or f"git ended with {done.code}"
        if "No space left" in words or ".lock'" in words:
            return GitFailed(f"git could not take what {self.name} has: {words}")
        return self.lost(words)

    def lost(self, why: str) -> RemoteLost:
        """The error that says that the remote can't be reached."""
        shown = self.name if self.name == self.url else f"{self.name} ({clean(self.url)})"
        return RemoteLost(
            f"The shared remote {clean(shown)} can't be reached: {why.rstrip('. ')}.",
            remedy=f"Try `git ls-remote {clean(self.name)}` here, then resume the run.",
        )


def find_remote(git: Git, root: Path, remote: str, limits: Limits) -> Remote:
    """The remote of that name in the clone at `root`, or the one that the URL or path names.

    The URL itself is used, so that no remote-tracking ref of the user's moves. Raises BadInput when
    there is none, or git would take it for something else.
    """
    if not remote or remote.startswith("-") or _CONTROL.search(remote) or _HELPER.match(remote):
        raise BadInput(f"{clean(remote)!r} can't be used as a shared remote.")
    url = _asked(root, "remote", "get-url", "--", remote)
    if url:
        push_url = _asked(root, "remote", "get-url", "--push", "--", remote)
    elif "/" in remote or ":" in remote:
        url = push_url = remote
    else:
        raise BadInput(
            f"There is no remote called {remote} in {root}.",
            remedy=f"git remote add {remote} URL",
        )
    for found in (url, push_url):
        if found.startswith("-") or _HELPER.match(found):
            raise BadInput(f"{clean(found)!r} can't be used as a shared remote.")
    ssh = _asked(root, "config", "--get", "core.sshCommand")
    return Remote(
        git=git,
        name=remote,
        url=_absolute(url, root),
        push_url=_absolute(push_url, root),
        limits=limits,
        ssh=ssh,
    )


def ssh_environment(configured: str) -> dict[str, str]:
    """How git is to start ssh: as the user has said, but so that it asks and hangs never."""
    own = os.environ.get("GIT_SSH_COMMAND") or configured
    if not own and os.environ.get("GIT_SSH"):
        return {name: os.environ[name] for name in _KEPT if name in os.environ}
    command = own or "ssh"
    try:
        program = PurePosixPath(shlex.split(command)[0]).name
    except (ValueError, IndexError):
        program = ""
    options = "".join(f" -o {option}" for option in _SSH) if program == "ssh" else ""
    variant = {k: v for k, v in os.environ.items() if k == "GIT_SSH_VARIANT"}
    return {"GIT_SSH_COMMAND": command + options, **variant}


def folder_of(url: str) -> Path | None:
    """The folder that a path or a `file://` URL names; None for anything on the network."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    if "://" in url or _SCP.match(url):
        return None
    return Path(url)


def clean(text: str) -> str:
    """Foreign text for a sentence: one line, without control characters and passwords."""
    plain = " ".join(_CONTROL.sub(" ", _COLOUR.sub("", text)).split())
    return _SECRET.sub(_masked, plain)[:_LONGEST]


def _absolute(url: str, root: Path) -> str:
    folder = folder_of(url)
    return url if folder is None or url.startswith("file://") else str(root / folder)


def _masked(found: re.Match[str]) -> str:
    scheme, user = found[1], found[2]
    plain = scheme.lower() in {"ssh://", "git+ssh://", "ssh+git://"} and ":" not in user
    return f"{scheme}{user if plain else '***'}@"


def _answers(out: str) -> Iterable[tuple[str, Answer]]:
    """The refs of `git push --porcelain`: flag, from:to, what was done and why not."""
    for line in out.splitlines():
        flag, *rest = line.split("\t")
        if len(rest) != 2 or len(flag) != 1:  # noqa: PLR2004 - from:to, summary
            continue
        _, _, ref = rest[0].rpartition(":")
        why = re.sub(r"^\[[^\]]*\]\s*", "", rest[1]).removeprefix("(").removesuffix(")")
        yield ref, Answer(flag != "!", clean(why) if flag == "!" else "")


def _remotes_words(err: str) -> str:
    """What the remote itself printed: its hooks, and its git's complaints."""
    heard = (
        line.removeprefix("remote:")
        for line in re.split(r"[\r\n]+", err)
        if line.startswith("remote:")
    )
    lines = (clean(line).removeprefix("error: ") for line in heard)
    return clean("; ".join(line for line in lines if line))


def _asked(root: Path, *args: str) -> str:
    done = run_now(args, root)
    return done.out.decode("utf-8", "surrogateescape").split("\n")[0] if done.code == 0 else ""


def names(refs: Sequence[str]) -> str:
    """Some of the refs, for a sentence."""
    return ", ".join(refs[:3]) + (" and others" if len(refs) > 3 else "")  # noqa: PLR2004 - a line
