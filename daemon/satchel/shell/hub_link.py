"""The device's side of the wire: one frame out, frames back, over HTTP.

Owns the HTTP client, what it trusts and how much it reads.  Every fault of the network
becomes one error (HUB_UNREACHABLE), every ERR frame the error it carries.  Must not know
what a message says, nor retry: the sync machines decide what follows from a failure.

httpx is loaded with the first call, in a thread: 50 ms and 3 MB that a daemon which has
joined no hub never pays (budget.md 6), and without its command line, which would cost twice
that again.
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from functools import cache
from typing import TYPE_CHECKING, Final

import trio

from satchel.model.errors import Garbled, Mistake, Unavailable
from satchel.model.limits import FRAME_BYTES_MAX, PULL_BYTES_MAX
from satchel.shell.hub_address import check_hub_url
from satchel.wire.envelope import AUTH_HEADER, CONTENT_TYPE, HEALTH_PATH, HEALTH_TEXT, SYNC_PATH
from satchel.wire.frame import Frame, FrameReader, FrameType, read_error, request_number

if TYPE_CHECKING:
    import httpx

_HTTPX_COMMAND_LINE: Final = "httpx._main"

_CONNECTIONS_MAX: Final = 4
"""Two lanes, a hello and a health check."""

_CONNECT_S: Final = 10.0
_WRITE_S: Final = 30.0
_KEEP_S: Final = 60.0
"""Less than the hub keeps an idle connection, so that it is rarely the hub that closes it."""

_ANSWER_BYTES_MAX: Final = PULL_BYTES_MAX + FRAME_BYTES_MAX
"""The largest pull a device asks for; its last row may go over."""


class Answer:
    """The frames of one answer as they arrive, to be iterated once.

    Raises, while iterating, what :meth:`HubLink.stream` says.
    """

    def __init__(self, chunks: AsyncIterator[bytes], req: int, bytes_max: int) -> None:
        self._chunks = chunks
        self._req = req
        self._bytes_left = bytes_max
        self._reader = FrameReader()
        self._frames: Iterator[Frame] = iter(())
        self._complete = False
        self._ended = False

    def __aiter__(self) -> Answer:
        return self

    async def __anext__(self) -> Frame:
        while (frame := next(self._frames, None)) is None:
            if self._ended:
                raise StopAsyncIteration
            await self._read_more()
        self._check(frame)
        return frame

    async def _read_more(self) -> None:
        with _network_faults():
            chunk = await anext(self._chunks, None)
        if chunk is not None:
            self._frames = self._reader.feed(chunk)
            return
        self._reader.finish()
        if not self._complete:
            raise Garbled("BAD_FRAME", "The hub's answer ended before its last frame.")
        self._ended = True

    def _check(self, frame: Frame) -> None:
        if self._complete:
            raise Garbled("BAD_FRAME", "The hub's answer goes on after its last frame.")
        if frame.type is FrameType.ERR:
            raise read_error(frame)
        if frame.req != self._req:
            raise Garbled("BAD_FRAME", f"The hub answered {frame.req} instead of {self._req}.")
        self._bytes_left -= len(frame.payload)
        if self._bytes_left < 0:
            raise Garbled("FRAME_TOO_BIG", "The hub's answer is larger than was asked for.")
        self._complete = frame.last


class HubLink:
    """HTTP to one hub.  Several tasks may use it at once; end it with :meth:`aclose`."""

    def __init__(self, url: str, *, ca_file: str | None = None, insecure: bool = False) -> None:
        """``ca_file``: PEM certificates to trust instead of the system's.  Opens nothing yet.

        Raises as :func:`check_hub_url` does.
        """
        self.origin = check_hub_url(url, insecure)
        self._ca_file = ca_file
        self._opening = trio.Lock()
        self._client: httpx.AsyncClient | None = None

    async def call(
        self,
        frame: bytes,
        *,
        auth: str,
        read_timeout_s: float,
        bytes_max: int = _ANSWER_BYTES_MAX,
    ) -> list[Frame]:
        """Post one encoded frame and return the frames of the answer, at least one.

        ``auth`` is the value of the signature header; ``read_timeout_s`` bounds each wait
        for more bytes, ``bytes_max`` all payloads together.  Raises as :meth:`stream` does.
        """
        async with self.stream(
            frame, auth=auth, read_timeout_s=read_timeout_s, bytes_max=bytes_max
        ) as answer:
            return [one async for one in answer]

    @asynccontextmanager
    async def stream(
        self,
        frame: bytes,
        *,
        auth: str,
        read_timeout_s: float,
        bytes_max: int = _ANSWER_BYTES_MAX,
    ) -> AsyncIterator[Answer]:
        """As :meth:`call`, but the frames are handed over as they arrive.

        Raises, here or while iterating: :class:`Unavailable` HUB_UNREACHABLE for whatever
        the network does, BUSY when the hub turns requests away; :class:`Garbled` for what
        is no answer in frames, or too large; what an ERR frame says.  However the block is
        left, no half-read connection is used again.
        """
        headers = {AUTH_HEADER: auth, "content-type": CONTENT_TYPE, "accept": CONTENT_TYPE}
        async with self._exchange(
            "POST", SYNC_PATH, read_timeout_s, headers=headers, content=frame
        ) as (response, chunks):
            _check_response(response)
            yield Answer(chunks, request_number(frame), bytes_max)

    async def health(self, timeout_s: float = _CONNECT_S) -> None:
        """Ask whether a hub answers at this address.  Raises :class:`Unavailable` if none does."""
        async with self._exchange("GET", HEALTH_PATH, timeout_s) as (response, chunks):
            with _network_faults():
                start = await anext(chunks, b"")
            if response.status_code != 200 or not start.startswith(HEALTH_TEXT.encode()):
                raise _no_hub(response.status_code)

    async def aclose(self) -> None:
        """Close all connections.  A later call opens new ones."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    @asynccontextmanager
    async def _exchange(
        self,
        method: str,
        path: str,
        read_timeout_s: float,
        headers: dict[str, str] | None = None,
        content: bytes | None = None,
    ) -> AsyncIterator[tuple[httpx.Response, AsyncIterator[bytes]]]:
        """Send a request; the response's head and the chunks of its body."""
        client = await self._opened()
        timeouts = {
            "connect": _CONNECT_S,
            "pool": _CONNECT_S,
            "write": _WRITE_S,
            "read": read_timeout_s,
        }
        with _network_faults():
            request = client.build_request(
                method,
                self.origin + path,
                headers=headers,
                content=content,
                extensions={"timeout": timeouts},
            )
            if content is not None:
                request.stream = _body_type()(content)
            response = await client.send(request, stream=True)
        chunks = response.aiter_raw()
        try:
            yield response, chunks
        finally:
            await _end(response, chunks)

    async def _opened(self) -> httpx.AsyncClient:
        async with self._opening:
            if self._client is None:
                secure = self.origin.startswith("https:")
                self._client = await trio.to_thread.run_sync(_make_client, secure, self._ca_file)
            return self._client


def _make_client(secure: bool, ca_file: str | None) -> httpx.AsyncClient:
    """Runs in a thread: importing httpx and reading certificates block."""
    _load_httpx()
    import httpx

    try:
        trusted = ssl.create_default_context(cafile=ca_file) if secure else False
    except OSError as unreadable:
        raise Mistake(
            "BAD_SETTING", f"The certificates in {ca_file} cannot be read ({unreadable})."
        ) from None
    return httpx.AsyncClient(
        verify=trusted,
        trust_env=False,  # no proxy, netrc or certificates that nobody configured here
        follow_redirects=False,  # a signed request is for the hub and nobody else
        headers={"user-agent": "satchel", "accept-encoding": "identity"},
        limits=httpx.Limits(
            max_connections=_CONNECTIONS_MAX,
            max_keepalive_connections=_CONNECTIONS_MAX,
            keepalive_expiry=_KEEP_S,
        ),
    )


def _load_httpx() -> None:
    """Import httpx without ``httpx._main``, its command line, which it does without wherever
    rich or click is missing.  We have both, for another process: the CLI."""
    if "httpx" in sys.modules:
        return
    # None forbids an import, which the type of the map does not say.
    sys.modules[_HTTPX_COMMAND_LINE] = None  # type: ignore[assignment]
    try:
        import httpx  # noqa: F401 - loaded here, used where it is imported again
    finally:
        del sys.modules[_HTTPX_COMMAND_LINE]


@cache
def _body_type() -> Callable[[bytes], httpx.AsyncByteStream]:
    """The body of a request in one piece, without the library's generator: a request that is
    cancelled while it is sent would leave that to the garbage collector."""
    import httpx

    class Body(httpx.AsyncByteStream):
        def __init__(self, data: bytes) -> None:
            self._rest: Final = [data]

        def __aiter__(self) -> Body:
            return self

        async def __anext__(self) -> bytes:
            if not self._rest:
                raise StopAsyncIteration
            return self._rest.pop()

    return Body


async def _end(response: httpx.Response, chunks: AsyncIterator[bytes]) -> None:
    """Leave a response: finished, or with its connection closed.

    The library reads through generators inside generators, and closing the outermost
    would leave the others to the garbage collector.  A read that is cancelled unwinds
    them all; what has already arrived is read to its end, which keeps the connection.
    """
    import httpx

    try:
        with suppress(httpx.HTTPError), trio.CancelScope() as scope:
            scope.cancel()
            async for _ in chunks:
                pass
    finally:
        with trio.CancelScope(shield=True):
            await response.aclose()


def _check_response(response: httpx.Response) -> None:
    """Only 200 with frames is an answer of a hub; all else is something on the way to it."""
    if response.status_code == 503:
        seconds = response.headers.get("retry-after", "")
        known = seconds.isdecimal() and len(seconds) < 6
        details = {"retry_after_ms": int(seconds) * 1000} if known else {}
        raise Unavailable("BUSY", "The hub has too much to do at the moment.", details=details)
    media = response.headers.get("content-type", "").split(";")[0].strip()
    if response.status_code != 200 or media != CONTENT_TYPE.split(";")[0]:
        raise _no_hub(response.status_code)


@contextmanager
def _network_faults() -> Iterator[None]:
    """Turn what the HTTP library raises into the one error for an unreachable hub."""
    import httpx

    try:
        yield
    except (httpx.HTTPError, httpx.InvalidURL) as fault:
        reason = str(fault) or type(fault).__name__
        remedy = "Nothing is lost: work goes on and is sent when the hub can be reached."
        if _is_untrusted(fault):
            remedy = "Check the hub's address, or name its certificate authority with --ca."
        raise Unavailable(
            "HUB_UNREACHABLE", f"The hub cannot be reached ({reason[:200]}).", remedy
        ) from fault


def _is_untrusted(fault: BaseException | None) -> bool:
    while fault is not None:
        if isinstance(fault, ssl.SSLCertVerificationError):
            return True
        fault = fault.__cause__ or fault.__context__
    return False


def _no_hub(status: int) -> Unavailable:
    return Unavailable(
        "HUB_UNREACHABLE",
        f"Something else than a Satchel hub answers at this address (status {status}).",
        "Check the address; in a guest network, sign in to it first.",
    )
