"""The HTTP port over real sockets: who is let in, what one client does to another, the drain."""

from __future__ import annotations

import errno
import logging
import socket
import ssl
import struct
from pathlib import Path
from random import Random

import pytest
import trio
import trustme

from satchel.shell.http_server import (
    HttpBounds,
    HttpRequest,
    HttpResponse,
    open_listeners,
    serve_http,
    tls_context,
)
from tests.shell.loopback import Running, echo, http_server, post, read_until_closed, run


async def ask(server: Running, body: bytes) -> bytes:
    """One request on a connection of its own; the whole answer."""
    async with await server.connect() as stream:
        await stream.send_all(post(body, "Connection: close"))
        return await read_until_closed(stream)


async def is_closed(stream: trio.SocketStream) -> bool:
    """Whether the server closed this connection without a word."""
    return await read_until_closed(stream) == b""


def test_requests_are_answered_over_a_socket() -> None:
    """A client is answered, and is named to the handler by its address."""
    peers = []

    async def handler(request: HttpRequest) -> HttpResponse:
        peers.append(request.peer)
        return await echo(request)

    async def test() -> None:
        async with http_server(handler) as server, await server.connect() as stream:
            await stream.send_all(post(b"body", "Connection: close"))
            assert (await read_until_closed(stream)).endswith(b"body")
            host, port = stream.socket.getsockname()[:2]
            assert peers == [f"{host}:{port}"]

    run(test)


def test_no_request_of_one_client_stops_another(caplog: pytest.LogCaptureFixture) -> None:
    """While others stall, leave early, reset and send noise, a client is served as ever.

    Nor can they fill the log.
    """
    caplog.set_level(logging.INFO)
    noise = Random(7)

    async def stall(server: Running) -> None:
        stream = await server.connect()
        await stream.send_all(post(b"x" * 1000)[:-1])
        held.append(stream)

    async def leave_early(server: Running) -> None:
        async with await server.connect() as stream:
            await stream.send_all(post(b"x" * 100_000)[:50_000])

    async def reset(server: Running) -> None:
        async with await server.connect() as stream:
            await stream.send_all(post(b"x" * 100))
            stream.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

    async def babble(server: Running) -> None:
        async with await server.connect() as stream:
            await stream.send_all(noise.randbytes(noise.randrange(1, 3000)))
            held.append(stream)

    held: list[trio.SocketStream] = []

    async def test() -> None:
        async with http_server(echo) as server, await server.connect() as good:
            for number in range(60):
                await (stall, leave_early, reset, babble)[number % 4](server)
                body = b"<%d>" % number
                await good.send_all(post(body))
                answer = b""
                while not answer.endswith(body):
                    answer += await good.receive_some()
                assert answer.startswith(b"HTTP/1.1 200 OK")
            for stream in held:
                await stream.aclose()

    run(test)
    assert not caplog.records


def test_a_stalled_request_is_cut_and_told_why() -> None:
    """Slowloris holds a connection for the time of one request and no longer."""

    async def test() -> None:
        bounds = HttpBounds(read_s=0.1)
        async with http_server(echo, bounds) as server, await server.connect() as stream:
            await stream.send_all(b"GET / HTTP/1.1\r\nX-Slow: ")
            assert (await read_until_closed(stream)).startswith(b"HTTP/1.1 408 ")

    run(test)


def test_a_client_in_mid_upload_can_read_why_it_was_refused() -> None:
    """The refusal of a large body arrives although the client is still sending it."""

    async def test() -> None:
        async with http_server(echo) as server, await server.connect() as stream:
            await stream.send_all(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9000000\r\n\r\n")
            await stream.send_all(bytes(1_000_000))
            assert (await read_until_closed(stream)).startswith(b"HTTP/1.1 413 ")

    run(test)


def test_connections_above_the_cap_are_turned_away_and_below_it_let_in_again() -> None:
    """The one too many gets 503 and the advice to come back; a place that frees up is given."""

    async def test() -> None:
        async with http_server(echo, HttpBounds(connections_max=2)) as server:
            first, second = await server.connect(), await server.connect()
            for stream in (first, second):
                await stream.send_all(post(b"<in>"))
                assert b"200 OK" in await stream.receive_some()
            refused = await ask(server, b"out")
            assert refused.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 5" in refused.lower()
            await first.aclose()
            while (answer := await ask(server, b"back")).startswith(b"HTTP/1.1 503 "):
                await trio.lowlevel.checkpoint()
            assert answer.endswith(b"back")
            await second.aclose()

    run(test)


def test_far_above_the_cap_connections_are_just_closed() -> None:
    """A flood gets no answers that would cost more than it does."""

    async def test() -> None:
        async with http_server(echo, HttpBounds(connections_max=0)) as server:
            flood = [await server.connect() for _ in range(64)]
            while b"503" in await ask(server, b""):
                await trio.lowlevel.checkpoint()
            async with await server.connect() as one_more:
                assert await is_closed(one_more)
            for stream in flood:
                await stream.aclose()

    run(test)


def test_the_drain_finishes_what_runs_and_closes_what_idles() -> None:
    """On stop: nothing new, idle connections closed, the running request answered, the end."""
    started, release = trio.Event(), trio.Event()

    async def handler(request: HttpRequest) -> HttpResponse:
        started.set()
        await release.wait()
        return await echo(request)

    async def test() -> None:
        async with http_server(handler) as server:
            idle, busy = await server.connect(), await server.connect()
            await busy.send_all(post(b"<work>"))
            await started.wait()
            server.stop.set()
            assert await is_closed(idle)
            with pytest.raises(OSError) as refused:
                await server.connect()
            assert _has_errno(refused.value, errno.ECONNREFUSED)
            assert not server.ended.is_set()
            release.set()
            assert (await read_until_closed(busy)).endswith(b"<work>")
            await busy.aclose()
            await server.ended.wait()
            await idle.aclose()

    run(test)


def test_the_drain_is_bounded() -> None:
    """A request that does not end is cut when its time is up, and the server ends."""
    started = trio.Event()

    async def handler(request: HttpRequest) -> HttpResponse:
        started.set()
        await trio.sleep_forever()
        raise AssertionError("woken")

    async def test() -> None:
        async with http_server(handler, HttpBounds(drain_s=0.1)) as server:
            async with await server.connect() as stuck:
                await stuck.send_all(post(b"work"))
                await started.wait()
                server.stop.set()
                assert await is_closed(stuck)
            await server.ended.wait()

    run(test)


def test_a_server_told_to_stop_before_it_starts_ends_at_once() -> None:
    """Stop is a level, not an edge."""

    async def test() -> None:
        stop = trio.Event()
        stop.set()
        await serve_http(await open_listeners("127.0.0.1", 0), echo, stop=stop)

    run(test)


def test_tls_serves_its_clients_and_survives_those_that_speak_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """With a certificate the port speaks TLS; plain HTTP and noise on it harm nobody."""
    caplog.set_level(logging.INFO)
    authority = trustme.CA()
    issued = authority.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(tmp_path / "key.pem")
    for blob in issued.cert_chain_pems:
        blob.write_to_path(tmp_path / "certificate.pem", append=True)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)

    async def test() -> None:
        tls = tls_context(str(tmp_path / "certificate.pem"), str(tmp_path / "key.pem"))
        async with http_server(echo, HttpBounds(read_s=5), tls) as server:
            for garbage in (post(b"plain"), b"\x16\x03\x01\x00\x05junk!", b""):
                async with await server.connect() as stream:
                    await stream.send_all(garbage)
                    await stream.send_eof()
                    assert b"HTTP" not in await read_until_closed(stream)
            secure = trio.SSLStream(
                await server.connect(), trusting, server_hostname="127.0.0.1", https_compatible=True
            )
            for body in (b"<one>", b"x" * 300_000 + b"<two>"):
                await secure.send_all(post(body))
                answer = bytearray()
                while not answer.endswith(body[-5:]):
                    answer += await secure.receive_some()
            await secure.aclose()

    run(test)
    assert not caplog.records


def _has_errno(error: BaseException, number: int) -> bool:
    """Whether an error, or one of those it stands for, is this error of the system."""
    if isinstance(error, BaseExceptionGroup):
        return any(_has_errno(one, number) for one in error.exceptions)
    cause = error.__cause__
    own = isinstance(error, OSError) and error.errno == number
    return own or (cause is not None and _has_errno(cause, number))
