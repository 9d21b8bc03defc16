"""Where runs are measured: a provider in a process of its own, fresh folders, the command."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from partita.testing.stub_provider import texts_of

BIN = Path(sys.executable).parent
PARTITA = str(BIN / "partita")
LONGEST = 600  # seconds, for a run that installs packages
KEPT = ("PATH", "LANG", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE")
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY")


class BenchmarkError(Exception):
    """A run that did not do what is to be measured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the provider was asked; `start` and `end` in seconds of the system's clock."""

    start: float
    end: float
    in_flight: int
    messages: tuple[tuple[str, str], ...]

    @property
    def text(self) -> str:
        """All messages, each under its role."""
        return "\n".join(f"{role}\n{text}" for role, text in self.messages)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One run of the command; `began` and `ended` in seconds of the system's clock."""

    code: int
    began: float
    ended: float
    events: list[dict[str, Any]]
    requests: list[Request]
    err: str

    @property
    def seconds(self) -> float:
        """From the start of the process to its end."""
        return self.ended - self.began

    def of(self, kind: str, **data: object) -> list[dict[str, Any]]:
        """The events of a kind that hold these data."""
        return [
            e
            for e in self.events
            if e["type"] == kind and all(e.get(k) == v for k, v in data.items())
        ]


@dataclass(frozen=True, slots=True)
class Home:
    """A user: a home folder, whose caches outlive a run, and a folder for the work."""

    folder: Path

    @classmethod
    @contextlib.contextmanager
    def fresh(cls) -> Iterator["Home"]:
        """A user nobody knows yet, forgotten at the end."""
        folder = Path(tempfile.mkdtemp(prefix="partita-bench-"))
        try:
            (folder / "gitconfig").write_text("[user]\n\tname = Una\n\temail = una@example.org\n")
            yield cls(folder)
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def environment(self, url: str) -> dict[str, str]:
        """No key and no setting of the real user's; a model at the URL."""
        names = (*KEPT, *PROXIES, *(p.lower() for p in PROXIES))
        given = {k: v for k, v in os.environ.items() if k in names or k.startswith(("PIP_", "UV_"))}
        return {
            **given,
            "HOME": str(self.folder),
            "GIT_CONFIG_GLOBAL": str(self.folder / "gitconfig"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "OPENAI_BASE_URL": url,
        }

    def run(
        self,
        arguments: Sequence[str],
        rules: Sequence[dict[str, Any]],
        *,
        latency: float,
        code: int = 0,
    ) -> Ran:
        """Run the command in a fresh empty folder, with a provider that answers by the rules.

        Raises BenchmarkError when it does not end with `code`.
        """
        work = Path(tempfile.mkdtemp(dir=self.folder, prefix="work-"))
        with provider(self.folder, rules, latency) as (url, log):
            began, done, ended = self._command(arguments, work, url)
            requests = [_request(json.loads(line)) for line in log.read_text().splitlines()]
        shutil.rmtree(work, ignore_errors=True)
        if done.returncode != code:
            raise BenchmarkError(f"exit code {done.returncode}: {done.stderr.strip()[-600:]}")
        return Ran(
            code=done.returncode,
            began=began,
            ended=ended,
            events=[json.loads(line) for line in done.stdout.splitlines()],
            requests=sorted(requests, key=lambda r: r.start),
            err=done.stderr,
        )

    def refused(self, arguments: Sequence[str]) -> tuple[int, float]:
        """Exit code and seconds of a run whose provider refuses connections."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        work = Path(tempfile.mkdtemp(dir=self.folder, prefix="work-"))
        began, done, ended = self._command(arguments, work, f"http://127.0.0.1:{port}/v1")
        return done.returncode, ended - began

    def _command(
        self, arguments: Sequence[str], work: Path, url: str
    ) -> tuple[float, subprocess.CompletedProcess[str], float]:
        began = time.time()
        done = subprocess.run(
            [PARTITA, *arguments],
            cwd=work,
            env=self.environment(url),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        return began, done, time.time()


@contextlib.contextmanager
def provider(
    folder: Path, rules: Sequence[dict[str, Any]], latency: float
) -> Iterator[tuple[str, Path]]:
    """Base URL and log of a stub provider in a process of its own, so that its CPU is not ours."""
    place = Path(tempfile.mkdtemp(dir=folder, prefix="provider-"))
    script, log = place / "script.json", place / "log.jsonl"
    script.write_text(json.dumps(list(rules)))
    log.touch()
    command = [sys.executable, "-m", "partita.testing.stub_provider", "--script", str(script)]
    process = subprocess.Popen(
        [*command, "--latency", str(latency), "--log", str(log)], stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), log
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


def _request(line: dict[str, Any]) -> Request:
    return Request(
        start=line["start"],
        end=line["end"],
        in_flight=line["in_flight"],
        messages=tuple(texts_of(line["body"])),
    )
