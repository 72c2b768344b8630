"""The protocol of one connection, both ends in the same test, without a socket."""

from __future__ import annotations

import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.api.connection import (
    HELLO_BYTES_MAX,
    Answer,
    Connection,
    Ended,
    Event,
    Failure,
    Hello,
    Message,
    Refused,
    Request,
    Welcome,
)
from satchel.model.errors import Garbled, Invalid, Mistake
from satchel.model.limits import FRAME_BYTES_MAX, NESTING_DEPTH_MAX
from satchel.wire.codec import pack

SESSION = bytes(range(16))
WELCOME = Welcome("0.1.0", SESSION, "Office", "ada", 3)


def framed(plain: Any) -> bytes:
    body = pack(plain)
    return struct.pack(">I", len(body)) + body


def heard(connection: Connection, data: bytes) -> list[Message | Ended]:
    connection.receive_data(data)
    messages = []
    while (message := connection.next_event()) is not None:
        messages.append(message)
    return messages


def opened() -> tuple[Connection, Connection]:
    client, server = Connection("client"), Connection("server")
    assert heard(server, client.send(Hello("test"))) == [Hello("test")]
    assert heard(client, server.send(WELCOME)) == [WELCOME]
    return client, server


def broken(connection: Connection, data: bytes) -> Garbled:
    with pytest.raises(Garbled) as caught:
        heard(connection, data)
    with pytest.raises(Garbled):
        connection.next_event()
    return caught.value


def outcome(connection: Connection, data: bytes) -> str | None:
    """The code that the bytes are refused with, and can be told the other side; None: heard."""
    try:
        heard(connection, data)
    except Garbled as refused:
        if connection.role == "server":
            connection.send(Refused(refused))
        return refused.code
    return None


def test_a_dialogue() -> None:
    """Greeting, requests, events, answers and refusals arrive as they were said."""
    client, server = Connection("client"), Connection("server")
    hello = Hello("test/1", SESSION, "Office", "secret")
    assert heard(server, client.send(hello)) == [hello]
    assert heard(client, server.send(WELCOME)) == [WELCOME]
    requests = [Request(1, 0, "ping", {}), Request(2, 1, "get", {"table": "account", "id": "x"})]
    assert heard(server, b"".join(map(client.send, requests))) == requests
    answers: list[Message] = [Answer(1, {}), Event(2, {"position": 4}), Answer(2, None)]
    assert heard(client, b"".join(map(server.send, answers))) == answers
    refusal = Mistake("BAD_REQUEST", "No.", "Ask again.", {"argument": "x"})
    (failure,) = heard(client, server.send(Failure(2, refusal)))
    assert isinstance(failure, Failure)
    assert failure.error.to_wire() == refusal.to_wire()
    assert type(failure.error) is Mistake
    assert heard(server, b"") == [Ended()]
    assert heard(client, server.send(Answer(2, "late"))) == [Answer(2, "late")]


@given(st.data())
def test_where_bytes_are_cut_does_not_matter(data: st.DataObject) -> None:
    """The same messages come out of the same bytes in whatever pieces."""
    client, server = opened()
    requests = [Request(n, n - 1, "ping", {"x": "y" * n}) for n in range(1, 6)]
    stream = b"".join(map(client.send, requests))
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    pieces = [
        stream[start:end] for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True)
    ]
    messages: list[Message | Ended] = []
    for piece in pieces:
        if piece:
            messages += heard(server, piece)
    assert messages == requests


def test_a_server_that_has_not_answered_a_greeting_takes_in_nothing() -> None:
    """Requests sent along with the Hello wait for the Welcome."""
    client, server = Connection("client"), Connection("server")
    early = framed([1, 0, "ping", {}])
    assert heard(server, client.send(Hello("test")) + early) == [Hello("test")]
    assert server.next_event() is None
    server.send(WELCOME)
    assert server.next_event() == Request(1, 0, "ping", {})


def test_a_refused_greeting_arrives_as_its_error() -> None:
    """Before OPEN as after it, a Refused ends the connection with the daemon's own error."""
    client, server = Connection("client"), Connection("server")
    heard(server, client.send(Hello("test")))
    error = Mistake("BAD_REQUEST", "No.")
    (refused,) = heard(client, server.send(Refused(error)))
    assert isinstance(refused, Refused)
    assert refused.error.code == "BAD_REQUEST"
    assert client.next_event() is None
    client, server = opened()
    (refused,) = heard(client, server.send(Refused(error)))
    assert isinstance(refused, Refused)


@pytest.mark.parametrize(
    ("hello", "code"),
    [
        ({"satchel": 2, "proto": [1, 1], "client": "x"}, "BAD_VERSION"),
        ({"satchel": 1, "proto": [2, 3], "client": "x"}, "BAD_VERSION"),
        ({"satchel": 1, "proto": 1, "client": "x"}, "BAD_VERSION"),
        ({"satchel": 1, "client": "x"}, "BAD_VERSION"),
        ({"satchel": 1, "proto": [1, 1]}, "BAD_FRAME"),
        ({"satchel": 1, "proto": [1, 1], "client": "x", "session": b"short"}, "BAD_FRAME"),
        ({"satchel": 1, "proto": [1, 1], "client": "x", "org": 3}, "BAD_FRAME"),
        ({"satchel": 1, "proto": [1, 1], "client": "x", "token": b"x"}, "BAD_FRAME"),
        ({"client": "x"}, "BAD_FRAME"),
        ([1, 0, "ping", {}], "BAD_FRAME"),
        (None, "BAD_FRAME"),
    ],
)
def test_a_bad_greeting(hello: Any, code: str) -> None:
    """What is no greeting, or one of another version, is told apart by its code."""
    server = Connection("server")
    refused = broken(server, framed(hello))
    assert refused.code == code
    assert server.send(Refused(refused))


def test_a_greeting_of_several_versions_and_unknown_fields() -> None:
    """A newer client that still speaks version 1 is welcome."""
    hello = {"satchel": 1, "proto": [1, 9], "client": "new", "colour": "red"}
    assert heard(Connection("server"), framed(hello)) == [Hello("new", versions=(1, 9))]


@pytest.mark.parametrize(
    "request_",
    [
        {},
        [],
        [1, 0, "ping"],
        [0, 0, "ping", {}],
        [1, 1, "ping", {}],
        [1, -1, "ping", {}],
        [True, 0, "ping", {}],
        [1, 0, b"ping", {}],
        [1, 0, "ping", []],
        [1, 0, "ping", {1: 2}],
        [1 << 63, 0, "ping", {}],
        "ping",
    ],
)
def test_a_bad_request(request_: Any) -> None:
    """What has not the shape of a request breaks the connection."""
    _, server = opened()
    assert broken(server, framed(request_)).code == "BAD_FRAME"


def test_numbers_grow_within_a_connection() -> None:
    """A number that was used, or passed over, does not come again."""
    _, server = opened()
    assert len(heard(server, framed([5, 0, "ping", {}]))) == 1
    assert broken(server, framed([5, 0, "ping", {}])).code == "BAD_FRAME"


def test_nesting_is_bounded() -> None:
    """A deeply nested argument is refused before anything walks it."""
    _, server = opened()
    deep: Any = None
    for _ in range(NESTING_DEPTH_MAX + 1):
        deep = [deep]
    assert broken(server, framed([1, 0, "ping", {"x": deep}])).code == "BAD_FRAME"


def test_a_length_is_judged_before_its_bytes() -> None:
    """Four bytes suffice to refuse a frame; a stranger's bound is a lower one."""
    _, server = opened()
    assert broken(server, struct.pack(">I", FRAME_BYTES_MAX + 1)).code == "FRAME_TOO_BIG"
    stranger = Connection("server")
    assert broken(stranger, struct.pack(">I", HELLO_BYTES_MAX + 1)).code == "FRAME_TOO_BIG"


@given(st.integers(1, 9))
def test_an_end_inside_a_message_is_no_end(cut: int) -> None:
    """A truncated frame is told apart from a connection that was closed."""
    _, server = opened()
    whole = framed([1, 0, "ping", {}])
    server.receive_data(whole[:cut])
    server.receive_data(b"")
    with pytest.raises(Garbled, match="inside a message"):
        server.next_event()


@given(st.binary(max_size=200), st.booleans())
def test_random_bytes_never_do_more_than_break_it(data: bytes, is_open: bool) -> None:
    """Whatever comes, a server hears messages, waits, or says Garbled."""
    server = opened()[1] if is_open else Connection("server")
    assert outcome(server, data) in (None, "BAD_FRAME", "FRAME_TOO_BIG", "BAD_VERSION")


@given(st.binary(max_size=200))
def test_random_bodies_never_do_more_than_break_it(body: bytes) -> None:
    """A well-framed body of random bytes is a request or Garbled, for both roles."""
    for connection in opened():
        assert outcome(connection, struct.pack(">I", len(body)) + body) in (None, "BAD_FRAME")


def test_what_does_not_fit_a_frame_is_refused_and_the_rest_goes_on() -> None:
    """TOO_BIG leaves the connection as it was."""
    client, server = opened()
    with pytest.raises(Invalid) as caught:
        client.send(Request(1, 0, "create", {"x": b"y" * FRAME_BYTES_MAX}))
    assert caught.value.code == "TOO_BIG"
    assert heard(server, client.send(Request(1, 0, "ping", {}))) == [Request(1, 0, "ping", {})]


def test_the_largest_frame_passes() -> None:
    """A frame of exactly the bound arrives."""
    client, server = opened()
    head = len(pack([1, 0, "create", {"x": b"y" * 70_000}])) - 70_000
    request = Request(1, 0, "create", {"x": b"y" * (FRAME_BYTES_MAX - head)})
    data = client.send(request)
    assert len(data) == FRAME_BYTES_MAX + 4
    assert heard(server, data) == [request]


def test_to_speak_out_of_turn_is_a_bug() -> None:
    """Our own side's mistakes are assertions, not answers."""
    client, server = Connection("client"), Connection("server")
    with pytest.raises(AssertionError, match="may not say Request in START"):
        client.send(Request(1, 0, "ping", {}))
    with pytest.raises(AssertionError, match="may not say Hello"):
        server.send(Hello("test"))
    with pytest.raises(AssertionError, match="may not say Welcome"):
        server.send(WELCOME)


def test_an_answer_out_of_turn_breaks_the_client() -> None:
    """A daemon that answers before it has welcomed is garbled, and so is a bad answer."""
    client = Connection("client")
    client.send(Hello("test"))
    assert broken(client, framed([1, 0, {}])).code == "BAD_FRAME"
    for bad in ([1, 3, {}], [0, 0, {}], [1, 1, "no map"], [1, 2, None], {"x": 1}, [-1, 0, None]):
        client, _ = opened()
        assert broken(client, framed(bad)).code == "BAD_FRAME"
