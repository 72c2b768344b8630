"""One HTTP connection: how long it lasts, what waits outside, how it stops."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import trio

from satchel.shell.http_values import (
    HttpRequest,
    HttpResponse,
)
from tests.shell.dialogue import BOUNDS, GET, Dialogue, converse, status_of
from tests.shell.loopback import post


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
