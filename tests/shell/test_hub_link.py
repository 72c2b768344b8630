"""The device's link to a hub: what it hands over, what it refuses, and how it leaves."""

from __future__ import annotations

import ssl
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import trio
import trustme

from satchel.model.errors import Garbled, Mistake, SatchelError, Unavailable
from satchel.shell.http_server import HttpBounds, HttpRequest, HttpResponse, plain_response
from satchel.shell.hub_link import HubLink
from satchel.wire.envelope import CONTENT_TYPE
from satchel.wire.frame import LAST, Frame, FrameType, encode, error_frame
from tests.shell.loopback import http_server, run

PULL = encode(Frame(FrameType.PULL, LAST, 5, b"cursor"))
FRAMES = (("content-type", CONTENT_TYPE),)
PAGE = Frame(FrameType.PAGE, 0, 5, b"account " * 1000)
END = Frame(FrameType.MORE, LAST, 5, b"cursor")
ANSWER = encode(PAGE, compress=True) + encode(END)


class Hub:
    """A hub that answers everything alike and keeps what it was asked."""

    def __init__(self, make: Callable[[], HttpResponse]) -> None:
        self.make = make
        self.requests: list[HttpRequest] = []

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        self.requests.append(request)
        return self.make()

    @property
    def peers(self) -> list[str]:
        """The connection each request came over."""
        return [request.peer for request in self.requests]


@asynccontextmanager
async def linked(hub: Hub) -> AsyncIterator[HubLink]:
    async with http_server(hub, HttpBounds(drain_s=0.1)) as server:
        link = HubLink(f"http://127.0.0.1:{server.port}")
        try:
            yield link
        finally:
            await link.aclose()


def frames(body: bytes) -> Callable[[], HttpResponse]:
    return lambda: HttpResponse(200, FRAMES, body)


def streamed(pieces: Sequence[bytes], broken: bool = False) -> Callable[[], HttpResponse]:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece
        if broken:
            raise ConnectionAbortedError("planted")

    return lambda: HttpResponse(200, FRAMES, body())


def failure(make: Callable[[], HttpResponse], bytes_max: int = 1 << 20) -> SatchelError:
    """The error with which a call of a hub that answers so ends."""
    caught: list[SatchelError] = []

    async def test() -> None:
        async with linked(Hub(make)) as link:
            with pytest.raises(SatchelError) as error:
                await link.call(PULL, auth="a", read_timeout_s=5, bytes_max=bytes_max)
            caught.append(error.value)

    run(test)
    return caught[0]


def test_a_frame_is_posted_and_frames_come_back() -> None:
    """The hub gets the frame, its signature and nothing of the environment; connections are kept."""
    hub = Hub(frames(ANSWER))

    async def test() -> None:
        async with linked(hub) as link:
            for _ in range(3):
                assert await link.call(PULL, auth="v1 sig", read_timeout_s=5) == [PAGE, END]

    run(test)
    request = hub.requests[0]
    assert (request.method, request.path, request.body) == ("POST", "/v1/sync", PULL)
    assert request.headers["satchel-auth"] == "v1 sig"
    assert request.headers["content-type"] == CONTENT_TYPE
    assert request.headers["accept-encoding"] == "identity"
    assert len(set(hub.peers)) == 1


def test_frames_are_handed_over_as_they_arrive() -> None:
    """The first page is there before the last one was made."""
    proceed = trio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield encode(PAGE)
        await proceed.wait()
        yield encode(END)

    async def test() -> None:
        async with (
            linked(Hub(lambda: HttpResponse(200, FRAMES, body()))) as link,
            link.stream(PULL, auth="a", read_timeout_s=5) as answer,
        ):
            assert await anext(answer) == PAGE
            proceed.set()
            assert [one async for one in answer] == [END]

    run(test)


@pytest.mark.parametrize("cut", [0, 1, 4, 20, len(ANSWER) - 1])
def test_an_answer_cut_anywhere_is_the_networks_fault(cut: int) -> None:
    """A connection that dies inside an answer, at or inside a frame, is HUB_UNREACHABLE."""
    pieces = [ANSWER[:cut]] if cut else []
    error = failure(streamed(pieces, broken=True))
    assert isinstance(error, Unavailable)
    assert error.code == "HUB_UNREACHABLE"


@pytest.mark.parametrize(
    ("body", "sentence"),
    [
        (b"", "before its last frame"),
        (encode(PAGE), "before its last frame"),
        (ANSWER[:-1], "inside a frame"),
        (ANSWER + encode(END), "after its last frame"),
        (encode(END._replace(req=6)), "answered 6 instead of 5"),
        (b"<html>Sign in to the guest network</html>", "exceeds"),
        (ANSWER[:-1] + b"?", "checksum"),
    ],
)
def test_an_answer_that_is_none_is_garbled(body: bytes, sentence: str) -> None:
    """A whole response that is not one answer in frames is refused for what it is."""
    error = failure(frames(body))
    assert isinstance(error, Garbled)
    assert sentence in error.message


def test_an_answer_larger_than_was_asked_for_is_refused() -> None:
    """The bound counts what frames become, not how small they travel."""
    assert failure(frames(ANSWER), bytes_max=len(PAGE.payload)).code == "FRAME_TOO_BIG"


def test_what_the_hub_refuses_is_raised_with_its_reason_and_delay() -> None:
    """An ERR frame is the error it carries, and the connection it came over is used again."""
    sent = Unavailable("RETRY_LATER", "The hub is busy.", "", {"lane": "push"})
    hub = Hub(frames(encode(error_frame(5, sent, retry_after_ms=700))))

    async def test() -> None:
        async with linked(hub) as link:
            for _ in range(2):
                with pytest.raises(Unavailable) as caught:
                    await link.call(PULL, auth="a", read_timeout_s=5)
                assert caught.value.code == "RETRY_LATER"
                assert caught.value.details == {"lane": "push", "retry_after_ms": 700}

    run(test)
    assert len(set(hub.peers)) == 1


@pytest.mark.parametrize(
    ("response", "code", "details"),
    [
        (plain_response(503, "Full.", ("retry-after", "5")), "BUSY", {"retry_after_ms": 5000}),
        (plain_response(503, "Full.", ("retry-after", "9" * 5000)), "BUSY", {}),
        (plain_response(503, "Full.", ("retry-after", "Tue, 24 Nov")), "BUSY", {}),
        (plain_response(404, "Not here."), "HUB_UNREACHABLE", {}),
        (plain_response(500, "A bug."), "HUB_UNREACHABLE", {}),
        (plain_response(200, "Sign in to the guest network."), "HUB_UNREACHABLE", {}),
        (plain_response(302, "There.", ("location", "/v1/sync")), "HUB_UNREACHABLE", {}),
    ],
)
def test_what_is_no_answer_of_a_hub_is_told_apart(
    response: HttpResponse, code: str, details: dict[str, int]
) -> None:
    """Proxies, portals and overload: transient errors, never an answer, never followed."""
    error = failure(lambda: response)
    assert isinstance(error, Unavailable)
    assert (error.code, error.details) == (code, details)


def test_a_signed_request_is_not_sent_elsewhere() -> None:
    """A redirect is not followed: what was signed is for this hub and nobody else."""
    hub = Hub(lambda: plain_response(307, "There.", ("location", "/elsewhere")))

    async def test() -> None:
        async with linked(hub) as link:
            with pytest.raises(Unavailable):
                await link.call(PULL, auth="a", read_timeout_s=5)

    run(test)
    assert [request.path for request in hub.requests] == ["/v1/sync"]


def test_a_hub_that_is_not_there_is_unreachable() -> None:
    """A refused connection is the same error, with the comfort that nothing is lost."""

    async def test() -> None:
        (listener,) = await trio.open_tcp_listeners(0, host="127.0.0.1")
        port = listener.socket.getsockname()[1]
        await listener.aclose()
        link = HubLink(f"http://127.0.0.1:{port}")
        with pytest.raises(Unavailable) as caught:
            await link.call(PULL, auth="a", read_timeout_s=5)
        assert caught.value.code == "HUB_UNREACHABLE"
        assert "Nothing is lost" in caught.value.remedy
        with pytest.raises(Unavailable):
            await link.health()
        await link.aclose()

    run(test)


def test_a_hub_that_says_nothing_is_given_up() -> None:
    """The read timeout is the caller's, since a long poll is silent on purpose."""

    async def silent(request: HttpRequest) -> HttpResponse:
        await trio.sleep_forever()
        raise AssertionError("woken")

    async def test() -> None:
        async with http_server(silent, HttpBounds(drain_s=0.1)) as server:
            link = HubLink(f"http://127.0.0.1:{server.port}")
            with pytest.raises(Unavailable):
                await link.call(PULL, auth="a", read_timeout_s=0.05)
            await link.aclose()

    run(test)


ENDLESS = [encode(PAGE)] * 3000


async def _leave(link: HubLink) -> None:
    async with link.stream(PULL, auth="a", read_timeout_s=5) as answer:
        await anext(answer)


async def _fail(link: HubLink) -> None:
    with suppress(ZeroDivisionError):
        async with link.stream(PULL, auth="a", read_timeout_s=5) as answer:
            await anext(answer)
            raise ZeroDivisionError


async def _cancelled_between_reads(link: HubLink) -> None:
    with trio.CancelScope() as scope:
        async with link.stream(PULL, auth="a", read_timeout_s=5) as answer:
            await anext(answer)
            scope.cancel()
            await trio.lowlevel.checkpoint()


async def _cancelled_inside_a_read(link: HubLink) -> None:
    with trio.CancelScope() as scope:
        async with link.stream(PULL, auth="a", read_timeout_s=5) as answer:
            async for _ in answer:
                scope.cancel()


async def _too_big(link: HubLink) -> None:
    with pytest.raises(Garbled):
        await link.call(PULL, auth="a", read_timeout_s=5, bytes_max=9000)


@pytest.mark.parametrize(
    "leave", [_leave, _fail, _cancelled_between_reads, _cancelled_inside_a_read, _too_big]
)
def test_however_an_answer_is_left_the_next_call_gets_its_own(
    leave: Callable[[HubLink], Awaitable[None]],
) -> None:
    """A half-read connection is closed, never handed to the next call, and never leaked."""
    hub = Hub(streamed(ENDLESS))

    async def test() -> None:
        async with linked(hub) as link:
            for _ in range(10):  # more often than there are connections in the pool
                await leave(link)
            hub.make = frames(ANSWER)
            assert await link.call(PULL, auth="a", read_timeout_s=5) == [PAGE, END]

    run(test)
    assert len(set(hub.peers)) == 11


def test_two_lanes_do_not_wait_for_each_other() -> None:
    """A push is answered while a long poll is open."""
    release = trio.Event()

    async def handler(request: HttpRequest) -> HttpResponse:
        if request.body == PULL:
            await release.wait()
        return HttpResponse(200, FRAMES, ANSWER)

    async def test() -> None:
        push = encode(Frame(FrameType.PUSH, LAST, 5, b"work"))
        async with http_server(handler) as server, trio.open_nursery() as nursery:
            link = HubLink(f"http://127.0.0.1:{server.port}")

            async def poll() -> None:
                assert await link.call(PULL, auth="a", read_timeout_s=5) == [PAGE, END]

            nursery.start_soon(poll)
            assert await link.call(push, auth="a", read_timeout_s=5) == [PAGE, END]
            release.set()
            await poll()
            await link.aclose()

    run(test)


def test_a_hub_is_known_by_its_health() -> None:
    """The health check tells a hub from whatever else answers at an address."""

    async def test() -> None:
        hub = Hub(lambda: plain_response(200, "satchel hub"))
        async with linked(hub) as link:
            await link.health()
            hub.make = lambda: plain_response(200, "router")
            with pytest.raises(Unavailable, match="Something else"):
                await link.health()
        assert hub.requests[0].path == "/v1/health"

    run(test)


def test_a_hub_is_trusted_by_its_certificate_only(tmp_path: Path) -> None:
    """With the authority named the call works; without it no request leaves, and the way out is told."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(tls)
    hub = Hub(frames(ANSWER))

    async def test() -> None:
        async with http_server(hub, tls=tls) as server:
            url = f"https://127.0.0.1:{server.port}"
            trusting, doubting = HubLink(url, ca_file=str(tmp_path / "ca.pem")), HubLink(url)
            assert await trusting.call(PULL, auth="a", read_timeout_s=5) == [PAGE, END]
            with pytest.raises(Unavailable) as caught:
                await doubting.call(PULL, auth="a", read_timeout_s=5)
            assert "--ca" in caught.value.remedy
            await trusting.aclose()
            await doubting.aclose()

    run(test)
    assert len(hub.requests) == 1


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    """A missing or broken file of certificates is a mistake in the settings."""
    (tmp_path / "broken.pem").write_text("no certificate")

    async def test() -> None:
        for name in ("missing.pem", "broken.pem"):
            link = HubLink("https://127.0.0.1:9", ca_file=str(tmp_path / name))
            with pytest.raises(Mistake, match=name) as caught:
                await link.call(PULL, auth="a", read_timeout_s=5)
            assert caught.value.code == "BAD_SETTING"

    run(test)


def test_proxies_of_the_environment_are_not_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a device's work goes is in its settings, not in a variable of the shell."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    hub = Hub(frames(ANSWER))

    async def test() -> None:
        async with linked(hub) as link:
            await link.call(PULL, auth="a", read_timeout_s=5)

    run(test)
    assert len(hub.requests) == 1


def test_the_http_library_is_loaded_with_the_first_call() -> None:
    """A daemon without a hub never pays for httpx."""
    program = (
        "import sys; from satchel.shell.hub_link import HubLink;"
        "HubLink('https://hub.example.com'); print('httpx' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "False"
