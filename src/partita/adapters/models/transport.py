"""One exchange over an SDK's client: opened, read and bounded the same way for both wires.

The SDKs authenticate, encode and connect. Reading is ours: they buffer without bounds, take a
stream that was cut short for a whole one, and meet HTML or an empty list with an AttributeError.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, suppress
from typing import Any
from weakref import WeakKeyDictionary

from partita.adapters.models.failures import REDIRECT, HttpRefusal
from partita.adapters.models.reading import Reading
from partita.adapters.models.spec import ModelSpec
from partita.adapters.models.sse import Decoder
from partita.core.outcomes import BROKE, STALLED
from partita.errors import MalformedReply, ModelFailure, Unreachable

CONNECT = 5.0  # seconds; four attempts at a dead host stay well below half a minute
AFTER_REASON = 5.0  # for the usage that follows the last piece of text
AFTER_DONE = 0.1  # for the end of the body, so that the connection can be used again
PROXIED = ("http://", "https://", "all://")
MAX_COMPLAINT = 64 * 1024  # bytes of an error's body


class Clients:
    """One SDK client per event loop: connections belong to the loop that made them."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._made: WeakKeyDictionary[asyncio.AbstractEventLoop, Any] = WeakKeyDictionary()

    def here(self) -> Any:
        """The running loop's client."""
        loop = asyncio.get_running_loop()
        if loop not in self._made:
            self._made[loop] = self._make()
        return self._made[loop]


def client_options(spec: ModelSpec, sdk: Any) -> dict[str, Any]:
    """The arguments that both SDKs' clients are built with."""
    timeout = sdk.Timeout(None, connect=CONNECT)
    # A proxy of the environment can't reach our loopback. One of the SDKs reads the environment
    # whatever `trust_env` says, so each scheme is also tied to no proxy.
    direct = {"trust_env": False, "mounts": dict.fromkeys(PROXIED)} if spec.local else {}
    return {
        "api_key": spec.usable_key(),
        "base_url": spec.url,
        "max_retries": 0,
        "timeout": timeout,
        # A compressed body has no bound that we could see before it is unpacked.
        "default_headers": {"Accept-Encoding": "identity", **spec.headers},
        "http_client": sdk.DefaultAsyncHttpxClient(
            timeout=timeout,
            **direct,
            follow_redirects=False,  # keys are not carried to other hosts
            event_hooks={"response": [_refuse]},
        ),
    }


async def _refuse(response: Any) -> None:
    """Raise HttpRefusal for what is no 2xx, before the SDK reads its body without bound."""
    if response.status_code < REDIRECT:
        return
    body = bytearray()
    # The status says enough where the body breaks off.
    with suppress(Exception):
        async for piece in response.aiter_raw():
            body += piece
            if len(body) >= MAX_COMPLAINT:
                break
    raise HttpRefusal(response.status_code, response.headers, bytes(body[:MAX_COMPLAINT]))


async def converse(
    opening: AbstractAsyncContextManager[Any], reading: Reading, sdk: Any, spec: ModelSpec
) -> None:
    """Open the exchange and hand every object of the reply to `reading`.

    Raises HttpRefusal, Unreachable and MalformedReply; `reading` may raise more.
    """
    whole = max(spec.whole, spec.timeout)
    try:
        async with asyncio.timeout(whole), AsyncExitStack() as stack:
            response = await _open(stack, opening, sdk, spec)
            await _read(response.iter_bytes(), reading, spec)
    except TimeoutError:
        raise Unreachable(f"{spec.name}: no whole reply within {whole:g} s") from None


async def _open(
    stack: AsyncExitStack, opening: AbstractAsyncContextManager[Any], sdk: Any, spec: ModelSpec
) -> Any:
    try:
        async with asyncio.timeout(spec.timeout):
            return await stack.enter_async_context(opening)
    except TimeoutError:
        why = f"{spec.name}: no answer within {spec.timeout:g} s"
        raise Unreachable(why, silent=True) from None
    except sdk.APITimeoutError:
        raise Unreachable(
            f"{spec.name}: no connection to {spec.url} within {CONNECT:g} s", sent=False
        ) from None
    except sdk.APIConnectionError as e:
        if isinstance(e.__cause__, HttpRefusal):  # one of the SDKs wraps whatever a hook raises
            raise e.__cause__ from None
        why = spec.tell(str(e.__cause__ or e))
        refused = type(e.__cause__).__name__ == "ConnectError"
        text = f"{spec.name}: no connection to {spec.url} ({why})"
        raise Unreachable(text, sent=not refused) from None


async def _read(chunks: AsyncIterator[bytes], reading: Reading, spec: ModelSpec) -> None:
    decoder = Decoder()
    while not decoder.done:
        data = await _next(chunks, reading, spec)
        try:
            for event in decoder.end() if data is None else decoder.feed(data):
                reading.take(event)
        except MalformedReply as e:
            raise MalformedReply(_named(spec, e.message)) from None
        except ModelFailure as e:
            e.begun = reading.begun
            raise
        if data is None:
            return
    with suppress(Exception):
        async with asyncio.timeout(AFTER_DONE):
            async for _ in chunks:
                pass


async def _next(chunks: AsyncIterator[bytes], reading: Reading, spec: ModelSpec) -> bytes | None:
    """The next bytes; None where they ended, or where nothing that counts can follow."""
    wait = min(spec.stall, spec.timeout) if reading.begun else spec.timeout
    if reading.complete:
        wait = min(wait, AFTER_REASON)
    limit = asyncio.timeout(wait)
    try:
        async with limit:
            return await anext(chunks, None)
    except Exception as e:  # noqa: BLE001 - only the SDKs may import the transport's errors
        if reading.complete:
            return None
        if limit.expired():
            kind = f"the reply {STALLED}" if reading.begun else "no text came"
            text = f"{spec.name}: {kind} for {wait:g} s"
            raise Unreachable(text, silent=not reading.begun) from None
        why = spec.tell(str(e) or type(e).__name__)
        raise Unreachable(f"{spec.name}: {BROKE} ({why})") from None


def _named(spec: ModelSpec, message: str) -> str:
    return message if message.startswith(spec.name) else f"{spec.name}: {message}"
