"""One HTTP connection: what strangers send, and what it is met with."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.shell.http_values import (
    HttpBounds,
    HttpRequest,
    HttpResponse,
)
from tests.shell.dialogue import BOUNDS, Dialogue, converse, exchange, status_of
from tests.shell.loopback import post

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


def test_refusals_are_no_errors_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    """Strangers cannot fill the log: what they send is noted for debugging only."""
    with caplog.at_level(logging.INFO):
        for _, request_bytes in REFUSED:
            exchange(request_bytes)
    assert not caplog.records
