"""Bytes that are no messages, on a real socket, while another app works on."""

from __future__ import annotations

import struct
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.client.blocking import connect
from satchel.model.errors import CODES
from satchel.model.limits import FRAME_BYTES_MAX
from tests.shell.desk import PATIENCE_S, Daemon
from tests.shell.raw_app import HELLO, RawApp, framed

REQUEST = framed([1, 0, "list", {"table": "account"}])
GARBLED = {"BAD_FRAME", "FRAME_TOO_BIG", "BAD_VERSION"}

oversized = st.integers(FRAME_BYTES_MAX + 1, (1 << 32) - 1).map(
    lambda length: struct.pack(">I", length) + b"x" * 64
)
truncated = st.integers(1, len(REQUEST) - 1).map(lambda cut: REQUEST[:cut])
random_bytes = st.binary(min_size=1, max_size=400)
random_bodies = st.binary(max_size=400).map(lambda body: struct.pack(">I", len(body)) + body)
plain = st.recursive(
    st.none() | st.booleans() | st.integers(-(1 << 63), (1 << 64) - 1) | st.text() | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
odd_values = plain.map(framed)
odd_requests = st.tuples(st.integers(-1, 5), st.integers(-1, 5), st.text(max_size=12), plain).map(
    lambda request: framed([*request])
)
flipped = st.tuples(st.integers(0, len(REQUEST) - 1), st.integers(1, 255)).map(
    lambda flip: REQUEST[: flip[0]] + bytes([REQUEST[flip[0]] ^ flip[1]]) + REQUEST[flip[0] + 1 :]
)
wrong_versions = st.fixed_dictionaries(
    {"satchel": st.integers(2, 1 << 32), "proto": plain, "client": st.text(max_size=20)}
).map(framed)
bad = st.one_of(
    oversized,
    truncated,
    random_bytes,
    random_bodies,
    odd_values,
    odd_requests,
    flipped,
    wrong_versions,
)


class Bystander:
    """An app that writes and reads on a thread of its own for as long as the test runs."""

    def __init__(self, home: str) -> None:
        self.rounds = 0
        self.failure: BaseException | None = None
        self._home = home
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work)

    def __enter__(self) -> Bystander:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(PATIENCE_S)
        assert not self._thread.is_alive()

    def _work(self) -> None:
        try:
            with connect(self._home) as client:
                while not self._stop.wait(0.001):
                    receipt = client.upsert("account", ROW, {"round": self.rounds})
                    assert client.get("account", receipt.id)["round"] == self.rounds
                    self.rounds += 1
        except BaseException as failure:  # noqa: BLE001 - told by the test's own thread
            self.failure = failure


ROW = "01890a5d-ac96-774b-bcce-b302099a8057"


@pytest.fixture(scope="module")
def running() -> Iterator[tuple[Daemon, Bystander]]:
    with Daemon() as daemon, Bystander(daemon.home) as bystander:
        yield daemon, bystander
        assert bystander.failure is None, bystander.failure
        assert bystander.rounds > 10


def told(answer: Any) -> str | None:
    """The code in an answer of the server; None where it is no refusal."""
    if isinstance(answer, dict):
        return str(answer["error"]["code"]) if "error" in answer else None
    assert answer[1] in (0, 1, 2)
    return str(answer[2]["code"]) if answer[1] == 1 else None


def served(daemon: Daemon) -> bool:
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.say([1, 0, "ping", {}])
        return bool(app.hear()[:2] == [1, 0])


@settings(max_examples=300)
@given(data=bad, more=bad)
def test_an_app_that_talks_nonsense(
    running: tuple[Daemon, Bystander], data: bytes, more: bytes
) -> None:
    """After its handshake: refused with a stable code or answered, then closed; nobody else is."""
    daemon, bystander = running
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.send(data + more)
        app.socket.shutdown(1)
        codes = [told(answer) for answer in app.hear_all()]
    assert set(codes) <= {None, *CODES}
    assert served(daemon)
    assert bystander.failure is None, bystander.failure


@settings(max_examples=300)
@given(data=bad)
def test_a_stranger_that_talks_nonsense(running: tuple[Daemon, Bystander], data: bytes) -> None:
    """Before any handshake: one refusal with a code of garbled bytes, then the end."""
    daemon, bystander = running
    with RawApp(daemon.layout) as app:
        app.send(data)
        app.socket.shutdown(1)
        codes = [told(answer) for answer in app.hear_all()]
    assert len(codes) == 1
    assert codes[0] in GARBLED
    assert served(daemon)
    assert bystander.failure is None, bystander.failure


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (struct.pack(">I", FRAME_BYTES_MAX + 1), "FRAME_TOO_BIG"),
        (REQUEST[:-1], "BAD_FRAME"),
        (b"GET / HTTP/1.1\r\n\r\n", "FRAME_TOO_BIG"),
        (framed({"no": "request"}), "BAD_FRAME"),
        (framed([1, 0, "ping", {}]) + b"\0\0\0\1\xc1", "BAD_FRAME"),
    ],
)
def test_each_fault_has_its_code(running: tuple[Daemon, Bystander], data: bytes, code: str) -> None:
    """The last word is [0, 1, error], after the answers to what was sent before."""
    daemon, _ = running
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.send(data)
        app.socket.shutdown(1)
        last = app.hear_all()[-1]
    assert last[:2] == [0, 1]
    assert last[2]["code"] == code


def test_a_flood_after_a_fault_does_not_keep_the_refusal_back(
    running: tuple[Daemon, Bystander],
) -> None:
    """The refusal arrives although the app had sent much more that nobody reads."""
    daemon, _ = running
    with RawApp(daemon.layout, hello=HELLO) as app:
        app.send(struct.pack(">I", FRAME_BYTES_MAX + 1) + b"x" * 1_000_000)
        assert app.hear()[2]["code"] == "FRAME_TOO_BIG"
        assert app.hear() is None


def test_another_version_is_told_what_to_do(running: tuple[Daemon, Bystander]) -> None:
    """BAD_VERSION names both versions and the way out."""
    daemon, _ = running
    with RawApp(daemon.layout) as app:
        app.say({**HELLO, "proto": [7, 9]})
        error = app.hear()["error"]
    assert error["code"] == "BAD_VERSION"
    assert "[7, 9]" in error["message"]
    assert error["remedy"]
