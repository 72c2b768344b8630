"""One HTTP connection over a stream in memory: what it answers, what it costs, how it ends.

Time is trio's mock clock, so the bounds are tested at their real length, to the second.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock, lockstep_stream_pair, memory_stream_pair

from satchel.shell.http_connection import HttpConnection
from satchel.shell.http_values import (
    HttpBounds,
    HttpHandler,
    HttpRequest,
    HttpResponse,
    ServerState,
)
from tests.shell.loopback import echo, post, read_until_closed

BOUNDS = HttpBounds()
GET = b"GET / HTTP/1.1\r\nHost: hub\r\n\r\n"


class Dialogue(NamedTuple):
    """The client's end of a connection, and what its server end shares with others."""

    client: trio.abc.HalfCloseableStream
    state: ServerState

    async def say(self, data: bytes) -> None:
        """Send bytes to the server."""
        await self.client.send_all(data)

    async def hear(self, until: bytes) -> bytes:
        """What the server says up to and including these bytes."""
        heard = bytearray()
        while until not in heard:
            data = await self.client.receive_some(1 << 20)
            assert data, f"closed after {bytes(heard)!r}"
            heard += data
        return bytes(heard)

    async def hear_all(self) -> bytes:
        """What the server says until it closes."""
        return await read_until_closed(self.client)


Play = Callable[[Dialogue], Awaitable[None]]


def converse(
    play: Play,
    handler: HttpHandler = echo,
    bounds: HttpBounds = BOUNDS,
    lockstep: bool = False,
) -> float:
    """Let a client play against a connection; the seconds until the server closed it."""

    async def main() -> float:
        client, server = (lockstep_stream_pair if lockstep else memory_stream_pair)()
        state = ServerState(bounds)
        began = trio.current_time()

        async def serve() -> float:
            await HttpConnection(server, handler, state).run()
            seconds = trio.current_time() - began
            await trio.aclose_forcefully(server)
            return seconds

        closed_after = 0.0
        async with trio.open_nursery() as nursery:
            nursery.start_soon(play, Dialogue(client, state))
            closed_after = await serve()
        assert state.bodies_bytes == 0
        return closed_after

    return trio.run(main, clock=MockClock(autojump_threshold=0))


def exchange(request: bytes, handler: HttpHandler = echo, bounds: HttpBounds = BOUNDS) -> bytes:
    """Everything the server answers to these bytes, the client's side then being closed."""
    answers = []

    async def play(talk: Dialogue) -> None:
        await talk.say(request)
        await talk.client.send_eof()
        answers.append(await talk.hear_all())

    converse(play, handler, bounds)
    return answers[0]


def status_of(answer: bytes) -> int:
    assert answer.startswith(b"HTTP/1.1 ")
    return int(answer[9:12])


# -- what is answered ------------------------------------------------------------------------


def test_a_request_reaches_the_handler_as_it_was_sent() -> None:
    """Method, path, headers and body arrive; the answer carries length, type and date."""
    seen = []

    async def handler(request: HttpRequest) -> HttpResponse:
        seen.append(request)
        return await echo(request)

    answer = exchange(post(b"body", "X-One: a", "X-One: b", path="/v1/sync?x=1"), handler)
    assert seen == [
        HttpRequest(
            "POST",
            "/v1/sync?x=1",
            {"host": "hub", "content-length": "4", "x-one": "a, b"},
            b"body",
            "unknown",
        )
    ]
    head, _, body = answer.partition(b"\r\n\r\n")
    assert body == b"body"
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"content-length: 4" in head.lower()
    assert b"date: " in head.lower()


def test_requests_sent_ahead_are_answered_in_order() -> None:
    """Pipelined requests, however many at once, are answered one after the other."""
    bodies = [b"<%d>" % n for n in range(2000)]
    answer = exchange(b"".join(post(body) for body in bodies))
    assert answer.count(b"HTTP/1.1 200 OK") == 2000
    places = [answer.index(body) for body in bodies]
    assert places == sorted(places)


def test_a_connection_is_kept_until_the_client_ends_it() -> None:
    """Requests follow each other; ``Connection: close`` and HTTP/1.0 end it after the answer."""

    async def play(talk: Dialogue) -> None:
        for body in (b"<one>", b"<two>"):
            await talk.say(post(body))
            assert status_of(await talk.hear(body)) == 200
        await talk.say(post(b"<three>", "Connection: close"))
        assert (await talk.hear_all()).endswith(b"<three>")

    assert converse(play) == 0
    assert exchange(b"GET / HTTP/1.0\r\n\r\n" + GET).count(b"HTTP/1.1") == 1


def test_a_body_is_asked_for_only_if_it_will_be_read() -> None:
    """``Expect: 100-continue`` is answered by 100, or by the refusal at once."""

    async def play(talk: Dialogue) -> None:
        request = post(b"body", "Expect: 100-continue")
        await talk.say(request[:-4])
        assert status_of(await talk.hear(b"\r\n\r\n")) == 100
        await talk.say(request[-4:])
        assert status_of(await talk.hear(b"body")) == 200
        await talk.say(b"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9999999\r\n")
        await talk.say(b"Expect: 100-continue\r\n\r\n")
        assert status_of(await talk.hear(b"\r\n\r\n")) == 413
        await talk.client.aclose()

    converse(play)


def test_head_is_answered_without_a_body() -> None:
    """HEAD has the headers of GET; the next answer follows at once."""
    answer = exchange(b"HEAD / HTTP/1.1\r\nHost: hub\r\n\r\n" + GET, _paged)
    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert answer.count(b"page 0") == 1


def test_a_client_may_ask_for_an_upgrade_in_vain() -> None:
    """Upgrade is ignored, as HTTP allows; the connection goes on as it is."""
    asking = b"GET / HTTP/1.1\r\nHost: hub\r\nConnection: upgrade\r\nUpgrade: h2c\r\n\r\n"
    assert exchange(asking + GET).count(b"HTTP/1.1 200 OK") == 2


def test_a_failing_handler_costs_one_answer(caplog: pytest.LogCaptureFixture) -> None:
    """A bug becomes 500 and a traceback in the log; the connection goes on."""

    async def handler(request: HttpRequest) -> HttpResponse:
        if request.body == b"bad":
            raise ZeroDivisionError("planted")
        return await echo(request)

    answer = exchange(post(b"bad") + post(b"good"), handler)
    assert status_of(answer) == 500
    assert answer.endswith(b"good")
    assert b"planted" not in answer
    assert "planted" in caplog.text


# -- streamed answers --------------------------------------------------------------------------


async def _pages() -> AsyncIterator[bytes]:
    for number in range(3):
        yield b"page %d" % number
        yield b""


async def _paged(request: HttpRequest) -> HttpResponse:
    return HttpResponse(200, (), _pages())


def test_an_answer_in_pieces_is_chunked() -> None:
    """Each piece is sent as a chunk; an empty piece does not end the answer."""
    answer = exchange(GET + GET, _paged)
    assert answer.count(b"6\r\npage 0\r\n6\r\npage 1\r\n6\r\npage 2\r\n0\r\n\r\n") == 2


def test_an_answer_that_breaks_off_is_not_taken_for_a_whole_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """If the pieces fail midway, the closing chunk is missing and the connection ends."""

    async def breaking() -> AsyncIterator[bytes]:
        yield b"page 0"
        raise ZeroDivisionError("planted")

    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), breaking())

    answer = exchange(GET + GET, handler)
    assert answer.endswith(b"page 0\r\n")
    assert "planted" in caplog.text


def test_pieces_are_made_no_faster_than_they_are_taken() -> None:
    """A slow client holds its answer back; the server does not pile it up."""
    made = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal made
        while True:
            made += 1
            yield bytes(100_000)

    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), endless())

    async def play(talk: Dialogue) -> None:
        await talk.say(GET)
        taken = 0
        while taken < 1_000_000:
            taken += len(await talk.client.receive_some(1 << 20))
        assert made <= 12
        await talk.client.aclose()

    converse(play, handler, lockstep=True)


# -- what is refused ------------------------------------------------------------------------------

HOST = b"Host: hub\r\n"
REFUSED = [
    (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    (400, bytes.fromhex("16030100f4010000f00303")),
    (400, b"GET / HTTP/1.1\r\n\r\n"),
    (400, b"GET / HTTP/3.7\r\n" + HOST + b"\r\n"),
    (400, b"\x00\r\n\r\n"),
    (400, b"GET  / HTTP/1.1\r\n" + HOST + b"\r\n"),
    (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: -5\r\n\r\n"),
    (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\nContent-Length: 5\r\n\r\n"),
    (400, b"GET / HTTP/1.1\r\n" + HOST + b" folded\x00: x\r\n\r\n"),
    (405, b"CONNECT hub:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    (411, b"POST / HTTP/1.1\r\n" + HOST + b"\r\n"),
    (
        411,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
    ),
    (411, b"GET / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    (413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 2097153\r\n\r\n"),
    (413, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\n"),
    (431, b"GET /" + b"a" * 16_384 + b" HTTP/1.1\r\n" + HOST + b"\r\n"),
    (431, b"GET / HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 16_400 + b"\r\n\r\n"),
    (431, b"A" * 100_000),
]


@pytest.mark.parametrize(("status", "request_bytes"), REFUSED)
def test_what_is_no_request_of_ours_is_refused_in_a_sentence(
    status: int, request_bytes: bytes
) -> None:
    """The stated status, a sentence, and the end; the handler never sees it."""

    async def never(request: HttpRequest) -> HttpResponse:
        raise AssertionError("handled")

    answer = exchange(request_bytes, never)
    assert status_of(answer) == status
    assert b"\r\nconnection: close\r\n" in answer.lower()
    assert answer.endswith(b".\n")
    assert answer.lower().count(b"content-length: ") == 1
    assert b"GET" not in answer


def test_the_largest_body_is_taken() -> None:
    """The bound is a bound, not one less."""
    body = b"x" * BOUNDS.body_bytes_max
    assert exchange(post(body)).endswith(body)


def test_a_request_that_ends_inside_its_body_is_not_handled() -> None:
    """A cut upload is refused; what arrived of it is forgotten."""

    async def never(request: HttpRequest) -> HttpResponse:
        raise AssertionError("handled")

    assert status_of(exchange(post(b"whole body")[:-3], never)) == 400


def test_bodies_of_all_connections_together_are_bounded() -> None:
    """When others hold all there is, a request is turned away with 503 instead of memory."""

    async def play(talk: Dialogue) -> None:
        talk.state.bodies_bytes = 95
        for body in (b"12345", b"abcde"):
            await talk.say(post(body))
            assert status_of(await talk.hear(body)) == 200
        await talk.say(post(b"123456"))
        assert status_of(await talk.hear(b"\r\n\r\n")) == 503
        await talk.client.aclose()
        talk.state.bodies_bytes -= 95

    converse(play, bounds=HttpBounds(bodies_bytes_max=100))


@given(
    st.lists(
        st.one_of(
            st.binary(max_size=60),
            st.sampled_from(
                [
                    b"GET / HTTP/1.1\r\n",
                    b"POST /v1/sync HTTP/1.1\r\n",
                    HOST,
                    b"Content-Length: 3\r\n",
                    b"Transfer-Encoding: chunked\r\n",
                    b"Expect: 100-continue\r\n",
                    b"\r\n",
                    b"abc",
                    b"0\r\n\r\n",
                ]
            ),
        ),
        max_size=12,
    )
)
def test_whatever_arrives_the_answers_are_http_and_the_end_comes(pieces: list[bytes]) -> None:
    """Any bytes are met with answers of known status, and the connection ends."""
    answer = exchange(b"".join(pieces))
    known = {100, 200, 400, 405, 411, 413, 431}
    if answer:
        assert status_of(answer) in known


# -- time ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("sent", [b"GET / HTTP/1.1\r\nX: ", post(b"a" * 100)[:-90]])
def test_a_request_that_drips_is_cut(sent: bytes) -> None:
    """A byte every ten seconds keeps nothing open: 408 after the time for one request."""

    async def play(talk: Dialogue) -> None:
        await talk.say(sent)
        with trio.move_on_after(25):
            while True:
                await trio.sleep(10)
                await talk.say(b"a")
        assert status_of(await talk.hear_all()) == 408

    assert converse(play) == pytest.approx(BOUNDS.read_s + BOUNDS.linger_s)


def test_silence_is_closed_without_a_word() -> None:
    """A new connection has the time of a request to begin, a used one longer than any poll."""

    async def play_new(talk: Dialogue) -> None:
        assert await talk.hear_all() == b""

    async def play_used(talk: Dialogue) -> None:
        await talk.say(post(b"<body>"))
        assert status_of(await talk.hear(b"<body>")) == 200
        assert await talk.hear_all() == b""

    assert converse(play_new) == BOUNDS.read_s
    assert converse(play_used) == BOUNDS.idle_s
    assert BOUNDS.idle_s > 60


def test_an_answer_nobody_takes_is_given_up() -> None:
    """A client that asks and does not read is cut after the time for one piece."""
    ended = []

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"more"
        finally:
            ended.append(trio.current_time())

    async def handler(request: HttpRequest) -> HttpResponse:
        return HttpResponse(200, (), endless())

    async def play(talk: Dialogue) -> None:
        await talk.say(GET)

    assert converse(play, handler, lockstep=True) == BOUNDS.write_s
    assert len(ended) == 1


class Waiting:
    """A handler that waits (a long poll) and tells what became of it."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.cancelled = False

    async def __call__(self, request: HttpRequest) -> HttpResponse:
        try:
            await trio.sleep(self.seconds)
        except trio.Cancelled:
            self.cancelled = True
            raise
        return HttpResponse(200, (), b"<late>")


def test_a_client_that_leaves_takes_its_request_with_it() -> None:
    """A long poll whose client is gone ends soon, not when it would have been answered."""
    handler = Waiting(55)

    async def play(talk: Dialogue) -> None:
        await talk.say(GET)
        await trio.sleep(1)
        await talk.client.aclose()

    assert converse(play, handler) == 1 + BOUNDS.departed_s
    assert handler.cancelled


def test_a_client_that_only_has_said_everything_gets_its_answer() -> None:
    """Closing the sending side alone is not leaving."""
    handler = Waiting(BOUNDS.departed_s - 1)

    async def play(talk: Dialogue) -> None:
        await talk.say(GET)
        await talk.client.send_eof()
        assert (await talk.hear_all()).endswith(b"<late>")

    converse(play, handler)
    assert not handler.cancelled


def test_a_long_poll_of_a_present_client_is_left_alone() -> None:
    """While the client stays, a request may take its time, sent-ahead bytes or not."""

    async def play(talk: Dialogue) -> None:
        await talk.say(GET + GET[:10])
        assert status_of(await talk.hear(b"<late>")) == 200
        await talk.say(GET[10:])
        assert status_of(await talk.hear(b"<late>")) == 200
        await talk.client.aclose()

    assert converse(play, Waiting(55)) == 110


def test_what_is_sent_ahead_waits_at_the_clients_side() -> None:
    """While one request runs, a flood of further ones is not taken in."""
    taken = 0

    async def play(talk: Dialogue) -> None:
        nonlocal taken
        await talk.say(GET)
        with trio.move_on_after(20):
            for _ in range(1000):
                await talk.say(GET * 50)
                taken += 50 * len(GET)
        await talk.client.aclose()

    converse(play, Waiting(55), lockstep=True)
    assert taken <= 32 << 10


def test_what_is_sent_ahead_does_not_add_up() -> None:
    """Nor does it grow from answer to answer, while many short requests are served."""
    taken = 0

    async def flood(talk: Dialogue) -> None:
        nonlocal taken
        while True:
            await talk.say(GET * 100)
            taken += 100 * len(GET)

    async def play(talk: Dialogue) -> None:
        async with trio.open_nursery() as nursery:
            nursery.start_soon(flood, talk)
            answered = 0
            while answered < 500:
                answered += (await talk.client.receive_some()).count(b"HTTP/1.1 200 OK")
            assert taken - answered * len(GET) <= 32 << 10
            nursery.cancel_scope.cancel()
        await talk.client.aclose()

    converse(play, lockstep=True)


# -- stopping -----------------------------------------------------------------------------------


def test_stopping_ends_idle_connections_at_once_and_busy_ones_after_their_answer() -> None:
    """An idle client is closed without a word, a busy one is answered and told to close."""

    async def idle(talk: Dialogue) -> None:
        await trio.sleep(1)
        talk.state.stop()
        assert await talk.hear_all() == b""

    async def busy(talk: Dialogue) -> None:
        await talk.say(GET)
        await trio.sleep(1)
        talk.state.stop()
        answer = await talk.hear_all()
        assert answer.endswith(b"<late>")
        assert b"\r\nconnection: close\r\n" in answer.lower()

    assert converse(idle) == 1
    assert converse(busy, Waiting(10)) == 10 + BOUNDS.linger_s


def test_refusals_are_no_errors_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Strangers cannot fill the log: what they send is noted for debugging only."""
    with caplog.at_level(logging.INFO):
        for _, request_bytes in REFUSED:
            exchange(request_bytes)
    assert not caplog.records
