"""An OpenAI- and Anthropic-compatible server on loopback that answers, or misbehaves, by a script.

    python -m partita.testing.stub_provider --script FILE.json [--latency S] [--port-file F]
                                            [--log F]

The script is a list of rules; the first that matches and is not used up answers:

    {"match": "regex", "reply": "text", "finish": "stop", "status": 200, "headers": {},
     "behaviour": "ok", "times": 1, "error": {...}, "refuses": ["stream_options"],
     "longest": 8000}

`match` is searched in the last user message, then in the whole prompt; without it all match.
`reply` may hold `{nonce}`: the last `id="..."` of the prompt. `times` absent is without end.
A `status` of 300 or more answers with `error` (or a message of its own). `refuses` answers 400 to
a request with that parameter, as OpenAI words it, without using up the rule; so `longest` does to
one of more tokens. Raw sockets, because a server that behaves can't reset, stall, or end too early.
"""

import argparse
import contextlib
import json
import re
import signal
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, get_args

from partita.testing.stub_replies import (
    Body,
    anthropic_body,
    fourths,
    openai_body,
    refused_parameter,
    too_long,
)

Behaviour = Literal[
    "ok", "hang", "reset", "reset-midway", "html", "empty-choices", "no-usage", "no-finish",
    "stall", "slow",
]  # fmt: skip

MAX_REQUEST = 64 * 1024 * 1024
TOO_LONG = "messages"  # the parameter that is refused for its length
SLOW = 0.02  # seconds between the pieces of a slow reply
REFUSED = 300
UNCOUNTED = ("no-finish", "no-usage", "empty-choices", "stall", "reset-midway")
STOP = 5.0  # seconds for a connection to notice that it was closed
_NONCE = re.compile(r'id="([0-9a-z]{4,10})"')


@dataclass(kw_only=True)
class Rule:
    """One line of the script; `times` None is without end."""

    match: str = ""
    reply: str | None = ""
    finish: str | None = "stop"
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    behaviour: Behaviour = "ok"
    times: int | None = None
    error: dict[str, Any] | None = None
    refuses: tuple[str, ...] = ()
    longest: int | None = None

    def __post_init__(self) -> None:
        """Refuse a script that would not do what it says."""
        if self.behaviour not in get_args(Behaviour):
            msg = f"behaviour {self.behaviour!r} is none of {', '.join(get_args(Behaviour))}"
            raise ValueError(msg)
        re.compile(self.match)


@dataclass(kw_only=True)
class Request:
    """One request as it came; `in_flight` counts it and those still unanswered at its start.

    `start` and `end` are seconds of the system's clock; `end` is None while it is unanswered.
    `counted` is what the reply says of its tokens: input and output; None where it was no reply.
    """

    path: str
    headers: dict[str, str]
    body: dict[str, Any]
    start: float
    in_flight: int
    rule: int | None = None
    end: float | None = None
    counted: tuple[int, int] | None = None

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Role and text of each message, Anthropic's system blocks first."""
        return texts_of(self.body)


class StubProvider:
    """The server; a context manager. `url` is the base URL, `requests` is what was asked so far.

    `tokens` says how many tokens a text holds.
    """

    def __init__(
        self,
        rules: Sequence[Rule | dict[str, Any]] = (),
        *,
        latency: float = 0.0,
        log: Path | None = None,
        tokens: Callable[[str], int] = fourths,
    ) -> None:
        self._tokens = tokens
        self.rules = [r if isinstance(r, Rule) else Rule(**r) for r in rules]
        self.requests: list[Request] = []
        self._latency = latency
        self._log = log
        self._used = [0] * len(self.rules)
        self._in_flight = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._open: set[socket.socket] = set()
        self._threads: list[threading.Thread] = []
        self._server = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port: int = self._server.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._accept, name="stub-provider", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, e: BaseException | None, tb: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Close every connection, the unanswered ones too; then the log is whole."""
        self._stop.set()
        with contextlib.suppress(OSError):
            self._server.shutdown(socket.SHUT_RDWR)  # wakes the thread that waits in accept
        self._server.close()
        with self._lock:
            connections = list(self._open)
        for connection in connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(STOP)

    @property
    def most_in_flight(self) -> int:
        """The most requests that were unanswered at once."""
        with self._lock:
            return max((r.in_flight for r in self.requests), default=0)

    def left_alone(self, seconds: float) -> bool:
        """Do the clients of all connections go away within so many seconds?"""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            with self._lock:
                connections = list(self._open)
            if all(_gone(connection) for connection in connections):
                return True
            time.sleep(SLOW)
        return False

    def _accept(self) -> None:
        while not self._stop.is_set():
            try:
                connection, _ = self._server.accept()
            except OSError:
                return
            thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
            self._threads = [t for t in self._threads if t.is_alive()]
            thread.start()
            self._threads.append(thread)

    def _serve(self, connection: socket.socket) -> None:
        with self._lock:
            self._open.add(connection)
        # A client that goes away in the middle is what some of the tests do.
        with contextlib.suppress(OSError, ValueError), connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._converse(connection)
        with self._lock:
            self._open.discard(connection)

    def _converse(self, connection: socket.socket) -> None:
        method, path, headers, raw = _receive(connection)
        if method == "GET":
            models = {"object": "list", "data": [{"id": "stub", "object": "model"}]}
            _send(connection, 200, {}, json.dumps(models).encode())
            return
        try:
            body = json.loads(raw)
            texts = texts_of(body)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            error = b'{"error": {"message": "stub: the body is no chat request"}}'
            _send(connection, 400, {}, error)
            return
        request = self._enter(path, headers, body)
        try:
            self._stop.wait(self._latency)
            self._answer(connection, request, texts)
        finally:
            self._leave(request)

    def _enter(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> Request:
        with self._lock:
            self._in_flight += 1
            request = Request(
                path=path, headers=headers, body=body, start=time.time(), in_flight=self._in_flight
            )
            self.requests.append(request)
            return request

    def _leave(self, request: Request) -> None:
        """Done just before the last bytes go out: a client that has them may ask again at once."""
        with self._lock:
            if request.end is not None:
                return
            self._in_flight -= 1
            request.end = time.time()
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(vars(request)) + "\n")

    def _choose(
        self, request: Request, texts: list[tuple[str, str]]
    ) -> tuple[Rule | None, str | None]:
        """The rule that answers, and the parameter that it refuses, if any."""
        whole = "\n".join(text for _, text in texts)
        last = next((text for role, text in reversed(texts) if role == "user"), "")
        with self._lock:
            for i, rule in enumerate(self.rules):
                spent = rule.times is not None and self._used[i] >= rule.times
                if spent or not (re.search(rule.match, last) or re.search(rule.match, whole)):
                    continue
                request.rule = i
                refused = next((p for p in rule.refuses if p in request.body), None)
                if rule.longest is not None and self._tokens(whole) > rule.longest:
                    refused = TOO_LONG
                self._used[i] += refused is None
                return rule, refused
        return None, None

    def _answer(
        self, connection: socket.socket, request: Request, texts: list[tuple[str, str]]
    ) -> None:
        rule, refused = self._choose(request, texts)
        if rule is not None and rule.behaviour == "hang":
            self._stop.wait()
        elif rule is not None and rule.behaviour == "reset":
            _reset(connection)
        elif (short := _in_short(rule, refused)) is not None:
            self._leave(request)
            _send(connection, *short)
        elif rule is not None:
            self._reply(connection, request, rule, "\n".join(text for _, text in texts))

    def _reply(self, connection: socket.socket, request: Request, rule: Rule, asked: str) -> None:
        nonces = _NONCE.findall(asked)
        text = rule.reply
        if text is not None and nonces:
            text = text.replace("{nonce}", nonces[-1])
        asked_tokens = self._tokens(asked)
        if rule.behaviour not in UNCOUNTED and rule.finish is not None:
            request.counted = asked_tokens, self._tokens(text or "") + 1
        make = anthropic_body if request.path.endswith("/messages") else openai_body
        body = make(
            text,
            finish=None if rule.behaviour == "no-finish" else rule.finish,
            tokens=(asked_tokens, self._tokens(text or "") + 1),
            count=rule.behaviour != "no-usage",
            choices=rule.behaviour != "empty-choices",
            model=str(request.body.get("model")),
        )
        if request.body.get("stream"):
            self._stream(connection, request, body, rule)
        else:
            self._leave(request)
            _send(connection, rule.status, rule.headers, body.document)

    def _stream(self, connection: socket.socket, request: Request, body: Body, rule: Rule) -> None:
        head = {"Content-Type": "text/event-stream", **rule.headers}
        connection.sendall(_head(rule.status, head))
        half, last = max(1, len(body.events) // 2), len(body.events) - 1
        for i, event in enumerate(body.events):
            if i == half and rule.behaviour == "stall":
                self._stop.wait()
                return
            if i == half and rule.behaviour == "reset-midway":
                _reset(connection)
                return
            if rule.behaviour == "slow":
                self._stop.wait(SLOW)
            if i == last:
                self._leave(request)
            connection.sendall(event)


def texts_of(body: dict[str, Any]) -> list[tuple[str, str]]:
    """Role and text of each message of a request; raises where it is none."""
    system = [{"role": "system", "content": body["system"]}] if body.get("system") else []
    return [(m.get("role", ""), _text(m.get("content"))) for m in system + body["messages"]]


def _in_short(rule: Rule | None, refused: str | None) -> tuple[int, dict[str, str], bytes] | None:
    """Status, headers and body where the answer is no model's reply."""
    if rule is None:
        error = {"message": "stub: no rule of the script matches", "type": "stub"}
        return 400, {}, json.dumps({"error": error}).encode()
    if refused is not None:
        why = too_long() if refused == TOO_LONG else refused_parameter(refused)
        return 400, {}, json.dumps(why).encode()
    if rule.behaviour == "html":
        page = b"<!DOCTYPE html>\n<html><body>It works!</body></html>"
        return rule.status, {"Content-Type": "text/html", **rule.headers}, page
    if rule.status >= REFUSED:
        error = rule.error or {"message": rule.reply or f"stub: status {rule.status}"}
        return rule.status, rule.headers, json.dumps({"error": error}).encode()
    return None


def _text(content: Any) -> str:
    if isinstance(content, list):
        return "\n".join(str(part.get("text", "")) for part in content if isinstance(part, dict))
    return "" if content is None else str(content)


def _receive(connection: socket.socket) -> tuple[str, str, dict[str, str], bytes]:
    with connection.makefile("rb") as file:
        method, path, _ = file.readline(65_536).decode("latin-1").split(" ", 2)
        headers: dict[str, str] = {}
        while line := file.readline(65_536).decode("latin-1").strip():
            name, _, value = line.partition(":")
            headers[name.lower()] = value.strip()
        size = min(int(headers.get("content-length", "0")), MAX_REQUEST)
        return method, path, headers, file.read(size)


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} Stub", *(f"{k}: {v}" for k, v in headers.items())]
    return ("\r\n".join([*lines, "Connection: close"]) + "\r\n\r\n").encode("latin-1")


def _send(connection: socket.socket, status: int, headers: dict[str, str], body: bytes) -> None:
    sizes = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    connection.sendall(_head(status, {**sizes, **headers}) + body)


def _gone(connection: socket.socket) -> bool:
    """Has the client closed it? Nothing that it sent is taken away."""
    try:
        return not connection.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return False
    except OSError:
        return True


def _reset(connection: socket.socket) -> None:
    # Lingering for no time makes the kernel send RST instead of FIN.
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Serve a script until SIGTERM or Ctrl-C; the base URL is printed first."""
    parser = argparse.ArgumentParser(prog="python -m partita.testing.stub_provider")
    parser.add_argument("--script", type=Path, required=True, help="JSON: a list of rules")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds before each answer")
    parser.add_argument("--port-file", type=Path, help="where the port is written once it listens")
    parser.add_argument("--log", type=Path, help="each request as a JSON line")
    args = parser.parse_args(argv)
    done = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: done.set())
    rules = json.loads(args.script.read_text(encoding="utf-8"))
    with StubProvider(rules, latency=args.latency, log=args.log) as stub:
        sys.stdout.write(stub.url + "\n")
        sys.stdout.flush()
        if args.port_file:
            draft = args.port_file.with_suffix(".tmp")
            draft.write_text(str(stub.port), encoding="ascii")
            draft.replace(args.port_file)
        done.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
