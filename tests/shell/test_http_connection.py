"""One HTTP connection: what is answered, whole and in pieces."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from satchel.shell.http_values import (
    HttpRequest,
    HttpResponse,
)
from tests.shell.dialogue import GET, Dialogue, converse, exchange, status_of
from tests.shell.loopback import echo, post


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
