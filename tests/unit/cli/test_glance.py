"""The quick way of ``satchel status`` speaks the real protocol and goes to the real place."""

from __future__ import annotations

import os
from unittest import mock

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import satchel
import satchel_cli
from satchel.api.connection import (
    Answer,
    Connection,
    Event,
    Failure,
    Hello,
    Refused,
    Request,
    Welcome,
)
from satchel.api.messages import check_request, find_command
from satchel.client.discover import find_layout
from satchel.model.errors import Unavailable
from satchel_cli import glance

PATHS = st.sampled_from(["", "a/b", "/a", "/a/", "/a b/ü"])


def server() -> Connection:
    """The daemon's end, with all that the quick way says received."""
    connection = Connection("server")
    connection.receive_data(glance.greeting() + glance.question(80, as_json=False))
    return connection


def welcome(version: str = satchel.__version__) -> Welcome:
    return Welcome(version, bytes(range(16)), "Adventure Works", "Fay Field", 3)


def answered(*messages: Answer | Failure | Event | Refused, version: str | None = None) -> bytes:
    """The bytes of a greeting and of these messages."""
    connection = server()
    connection.next_event()
    data = connection.send(welcome(version or satchel.__version__))
    connection.next_event()
    return data + b"".join(connection.send(message) for message in messages)


def test_the_version_is_the_daemons() -> None:
    """The two places where the version stands say the same."""
    assert satchel_cli.__version__ == satchel.__version__


@pytest.mark.parametrize("as_json", [False, True])
def test_the_question_is_a_request_of_the_index(as_json: bool) -> None:
    """The constant bytes are a greeting and ``status.text`` with arguments it takes."""
    connection = Connection("server")
    connection.receive_data(glance.greeting() + glance.question(123, as_json))
    assert connection.next_event() == Hello(f"cli/{satchel.__version__}")
    connection.send(welcome())
    request = connection.next_event()
    assert isinstance(request, Request)
    assert request[:3] == (1, 0, "status.text")
    arguments = check_request(find_command("status.text"), request.arguments)
    assert arguments == {"width": 123, "json": as_json}


@given(part=st.text(max_size=40), times=st.sampled_from([1, 8, 3000]), code=st.integers(0, 127))
def test_any_text_is_read(part: str, times: int, code: int) -> None:
    """Whatever the daemon renders is what is printed, of every length."""
    text = part * times
    assert glance.read_answer(answered(Answer(1, {"text": text, "exit": code}))) == (text, code)


@pytest.mark.parametrize(
    "got",
    [
        b"",
        answered(),
        answered(Failure(1, Unavailable("LOADING", "Still loading."))),
        answered(Answer(1, {"text": 1, "exit": 0})),
        answered(Answer(1, {"text": "a", "exit": 0, "more": 1})),
        answered(Answer(1, {"text": "a", "exit": 0}), Refused(Unavailable("STOPPING", "It ends."))),
        answered(Answer(1, {"text": "a", "exit": 0}), version="9.9.9"),
    ],
)
def test_anything_else_is_left_to_the_long_way(got: bytes) -> None:
    """Errors, other versions and other answers are not the quick way's to explain."""
    assert glance.read_answer(got) is None


@given(
    place=st.integers(0, 200),
    flip=st.integers(1, 255),
    cut=st.integers(0, 200) | st.none(),
)
@example(place=0, flip=0, cut=None)
def test_damage_is_never_a_crash(place: int, flip: int, cut: int | None) -> None:
    """Damaged or cut bytes give an answer or none, never an exception."""
    got = bytearray(answered(Answer(1, {"text": "all is well", "exit": 0})))
    got[place % len(got)] ^= flip
    answer = glance.read_answer(bytes(got[:cut]))
    if (flip, cut) == (0, None):
        assert answer == ("all is well", 0)
    else:
        assert answer is None or isinstance(answer[0], str)


@given(home=PATHS, runtime=PATHS, state=PATHS, user=st.sampled_from(["/u", "/u/v"]))
def test_the_socket_is_where_the_daemon_puts_it(
    home: str, runtime: str, state: str, user: str
) -> None:
    """The short rule for the socket's place and the full one never differ."""
    environ = {
        "HOME": user,
        "SATCHEL_HOME": home,
        "XDG_RUNTIME_DIR": runtime,
        "XDG_STATE_HOME": state,
    }
    with mock.patch.dict(os.environ, environ, clear=True):
        assert glance.socket_path() == find_layout().socket
