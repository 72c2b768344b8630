"""Bad input on both ports: ten thousand cases, and nobody else notices.

A real hub and a real daemon that has joined it.  Everything bad is said to the running
processes over their real sockets, some dozens of connections at once, while others say
nothing at all and a well-behaved client on each side goes on working.
"""

from __future__ import annotations

import socket
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, Final, TypeVar

import pytest
import trio
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import satchel
from satchel.model.errors import Fault
from satchel.wire.envelope import CONTENT_TYPE
from satchel.wire.frame import Frame, FrameType, encode, error_frame
from tests.devices import HandMadeDevice, answer_of
from tests.e2e import bad_entries, bad_frames, bad_http
from tests.e2e.bystanders import App, Bystander, Device
from tests.e2e.field import Field
from tests.e2e.processes import PATIENCE_S
from tests.shell.raw_app import framed

SOCKET_CASES: Final = 5_000
HTTP_CASES: Final = 5_000
CHANGESETS: Final = 2_000
BATCH: Final = 40
"""Cases at once, each on a connection of its own."""

DEADLINE_S: Final = 2.0
"""What a bystander may have to wait for a write and a read, on a machine busy with all this."""

SILENT: Final = 20
"""Connections that say nothing, or begin a request and stop."""

DAEMON, HUB = "ana", "hub"
Drawn = TypeVar("Drawn")


class Victims:
    """The processes that are talked to, and those who go on meanwhile."""

    def __init__(self, stack: ExitStack) -> None:
        self.field = Field(stack, [DAEMON])
        self.field.join(DAEMON)
        self.path = self.field.daemons[DAEMON].layout.socket
        self.bystanders: list[Bystander] = [
            stack.enter_context(App(str(self.field.homes[DAEMON]))),
            stack.enter_context(Device(self.field.hub, seed=9)),
        ]
        self.device = HandMadeDevice()
        self.device.join(self.field.hub.invite("Mallory"), self.field.hub.post)
        self.processes = [self.field.daemons[DAEMON], self.field.hub]
        self._silence(stack)

    def greet(self) -> None:
        """A fresh link for the bad device, who knows then how far its work is decided."""
        answer = self.device.greet(self.field.hub.post)
        self.device.ctr, self.device.chain = answer["processed"], answer["chain"]

    def check(self) -> None:
        """Nobody has died, nobody was held up, nothing was logged as a failure."""
        assert [process.running for process in self.processes] == [True, True]
        for bystander in self.bystanders:
            bystander.check()
            assert bystander.turns > 20
            assert bystander.slowest_s < DEADLINE_S
        assert not self.field.troubles()
        with satchel.connect(str(self.field.homes[DAEMON])) as client:
            assert client.status()["daemon"]["pid"] == self.processes[0].pid
        status = self.field.hub.order("hub.status")
        assert status["hub"]["pid"] == self.processes[1].pid
        assert status["orgs"][0]["faults"] == []

    def _silence(self, stack: ExitStack) -> None:
        """Open connections that say nothing, or not all of it, and stay."""
        for number in range(SILENT):
            app = stack.enter_context(socket.socket(socket.AF_UNIX))
            app.connect(self.path)
            app.sendall(b"\x00\x00\x00\x40\x81"[: number % 6])
            stranger = stack.enter_context(socket.create_connection(("127.0.0.1", self.field.port)))
            stranger.sendall(b"POST /v1/sync HTTP/1.1\r\nHost: hub\r\n"[: 4 * number])


@pytest.fixture(scope="module")
def victims() -> Iterator[Victims]:
    with ExitStack() as stack:
        yield Victims(stack)


def at_once(play: Callable[[Drawn], Awaitable[None]], batch: list[Drawn]) -> None:
    """Play all cases of a batch at the same time; none may hang."""

    async def main() -> None:
        with trio.fail_after(PATIENCE_S):
            async with trio.open_nursery() as nursery:
                for case in batch:
                    nursery.start_soon(play, case)

    trio.run(main)


def explore(
    count: int, batch: int, cases: st.SearchStrategy[Drawn], test: Callable[[list[Drawn]], None]
) -> int:
    """Give the test ``count`` cases in batches; how many there were.

    A failure is not made smaller: it names its case, and running processes keep a memory.
    """
    seen = 0

    @settings(
        max_examples=count // batch,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(st.lists(cases, min_size=batch, max_size=batch))
    def run(drawn: list[Drawn]) -> None:
        nonlocal seen
        test(drawn)
        seen += len(drawn)

    run()
    return seen


def test_bad_frames_on_the_daemons_socket(victims: Victims) -> None:
    """Whatever apps say, each is told off in a stable form, and the daemon serves the others."""

    def test(batch: list[bad_frames.Case]) -> None:
        at_once(partial(bad_frames.play, victims.path), batch)

    assert explore(SOCKET_CASES, BATCH, bad_frames.cases, test) >= SOCKET_CASES
    victims.check()


def test_bad_requests_on_the_hubs_port(victims: Victims) -> None:
    """Whatever strangers and devices send, each gets a stable answer, and the hub serves others."""

    def test(batch: list[bad_http.Case]) -> None:
        victims.greet()
        at_once(lambda case: bad_http.play(victims.field.port, case, victims.device), batch)

    assert explore(HTTP_CASES, BATCH, bad_http.cases, test) >= HTTP_CASES
    victims.check()


def test_bad_changesets_from_a_device_that_has_joined(victims: Victims) -> None:
    """Each is given an outcome like any other, or its push is refused; the judge never fails."""
    decided: list[Any] = []
    creates = [victims.device.write(op) for op in bad_entries.good_creates(victims.device.user)]

    def test(bodies: list[bytes]) -> None:
        victims.greet()
        device = victims.device
        before = device.ctr
        request = device.push(before + 1, bodies, device.chain)
        data = victims.field.hub.post(*request)
        if bad_http.judge_frames(data) in ("EPOCH", "FRAME_TOO_BIG", "TOO_BIG"):
            return
        answer = answer_of(data)
        decided.extend(answer["outcomes"])
        assert [outcome[0] for outcome in answer["outcomes"]] == list(
            range(before + 1, answer["processed"] + 1)
        )

    test(creates)
    assert [outcome[1] for outcome in decided] == [0] * len(creates)
    size = 10
    assert explore(CHANGESETS, size, bad_entries.entries, test) >= CHANGESETS
    assert len(decided) > CHANGESETS // 2
    assert len({outcome[1] for outcome in decided}) >= 4, "the judge sees little of this"
    victims.check()


REFUSAL: Final = {"message": "m", "remedy": "", "details": {}}


@pytest.mark.parametrize(
    "heard",
    [
        b"",  # a stranger who is not answered
        framed([0, 1, {"code": "BAD_FRAME", **REFUSAL}])[:-1],
        framed([0, 1, {"code": "INTERNAL", **REFUSAL}]),
        framed([0, 1, {"code": "NO_SUCH_CODE", **REFUSAL}]),
        framed([0, 1, {"code": "BAD_FRAME"}]),
        framed([0, 1, {"code": "BAD_FRAME", **REFUSAL}]) + framed([1, 0, {}]),
        framed(["what", "is", "this"]),
    ],
)
def test_a_bad_answer_of_a_daemon_is_seen(heard: bytes) -> None:
    """Silence, half an answer, a bug's answer, an unknown code: none passes for a refusal."""
    with pytest.raises(AssertionError):
        bad_frames.judge(bad_frames.Case(False, b"x", bad_frames.STAY), heard)


def _http(status: int, kind: str, body: bytes) -> bytes:
    lines = f"HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\ncontent-length: {len(body)}\r\n\r\n"
    return lines.encode() + body


@pytest.mark.parametrize(
    "heard",
    [
        _http(500, "text/plain", b"The server failed."),
        _http(400, "text/plain", b""),
        _http(200, CONTENT_TYPE, b""),
        _http(200, CONTENT_TYPE, encode(error_frame(1, Fault("INTERNAL", "A bug.")))),
        _http(200, CONTENT_TYPE, encode(Frame(FrameType.PAGE, 0, 1, b"\x80"))),
        _http(400, "text/plain", b"Refused.") + _http(503, "text/plain", b"Busy."),
    ],
)
def test_a_bad_answer_of_a_hub_is_seen(heard: bytes) -> None:
    """A failure's status, an answer without a word, a bug's answer, frames without an end."""
    with pytest.raises(AssertionError):
        bad_http.judge(heard)
