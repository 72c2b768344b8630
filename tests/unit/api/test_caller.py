"""What a client remembers across connections, played against a server machine."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.api.caller import Caller, Pending
from satchel.api.connection import (
    Answer,
    Connection,
    Event,
    Failure,
    Hello,
    Message,
    Refused,
    Request,
    Welcome,
)
from satchel.model.errors import Clash, Denied, Garbled, Invalid, Mistake
from satchel.model.limits import FRAME_BYTES_MAX

SESSION, OTHER = bytes(range(16)), bytes(range(16, 32))
ROW: dict[str, Any] = {"table": "account", "columns": {"name": "x"}}


class Daemon:
    """The other end: a server machine per connection, and what it heard."""

    def __init__(self, caller: Caller) -> None:
        self.caller = caller
        self.machine = Connection("server")

    def connect(self, session: bytes = SESSION) -> tuple[Hello, list[Request]]:
        """Open a connection; returns the greeting, and the requests that followed by themselves."""
        self.machine = Connection("server")
        hello = self.hear(self.caller.begin())[0]
        assert isinstance(hello, Hello)
        _, reply = self.say(Welcome("0.1.0", session, None, None, 0))
        return hello, self.requests(reply)

    def hear(self, data: bytes) -> list[Any]:
        self.machine.receive_data(data)
        return list(iter(self.machine.next_event, None))

    def requests(self, data: bytes) -> list[Request]:
        return self.hear(data) if data else []

    def say(self, *messages: Message) -> tuple[list[Pending], bytes]:
        return self.caller.receive(b"".join(map(self.machine.send, messages)))


def test_requests_are_numbered_from_one() -> None:
    """Numbers grow, and ``confirmed`` follows the answers of writing commands."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    first, data = caller.ask("create", ROW)
    assert daemon.requests(data) == [Request(1, 0, "create", ROW)]
    _, data = caller.ask("create", ROW)
    assert daemon.requests(data) == [Request(2, 0, "create", ROW)]
    assert daemon.say(Answer(1, {"ctr": 1}))[0] == [first]
    assert first.done
    assert first.result == {"ctr": 1}
    _, data = caller.ask("create", ROW)
    assert daemon.requests(data) == [Request(3, 1, "create", ROW)]


def test_a_watch_does_not_hold_confirmation_back() -> None:
    """Only writing commands have receipts, so only they are waited for."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    daemon.requests(caller.ask("watch", {})[1])
    _, data = caller.ask("create", ROW)
    assert daemon.requests(data)[0].confirmed == 1


def test_a_new_connection_repeats_what_is_unanswered() -> None:
    """Same session, same numbers, same order; what was answered is not asked again."""
    caller = Caller("test")
    daemon = Daemon(caller)
    assert daemon.connect()[0].session is None
    pending = [caller.ask(name, dict(ROW))[0] for name in ("create", "upsert", "get", "create")]
    caller.lost()
    hello, repeated = daemon.connect()
    assert hello.session == SESSION
    assert [(each.n, each.command) for each in repeated] == [
        (1, "create"),
        (2, "upsert"),
        (3, "get"),
        (4, "create"),
    ]
    changed, _ = daemon.say(Answer(1, {"ctr": 7}), Answer(2, {"ctr": 8}))
    assert changed == pending[:2]
    caller.lost()
    _, repeated = daemon.connect()
    assert [(each.n, each.confirmed) for each in repeated] == [(3, 2), (4, 3)]


def test_what_is_asked_without_a_connection_waits_for_one() -> None:
    """It is numbered at once and goes out with the next Welcome."""
    caller = Caller("test")
    pending, data = caller.ask("create", ROW)
    assert data == b""
    assert not caller.is_open
    daemon = Daemon(caller)
    assert daemon.connect()[1] == [Request(1, 0, "create", ROW)]
    assert not pending.done


def test_an_expired_session_fails_what_writes_and_repeats_what_reads() -> None:
    """Nothing that writes is sent into a session that cannot know of it."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    written, _ = caller.ask("create", ROW)
    read, _ = caller.ask("get", ROW)
    caller.lost()
    daemon.machine = Connection("server")
    daemon.hear(caller.begin())
    changed, reply = daemon.say(Refused(Clash("SESSION_EXPIRED", "Not known.")))
    assert (changed, reply) == ([written], b"")
    assert written.error is not None
    assert written.error.code == "SESSION_EXPIRED"
    assert caller.expired
    assert caller.is_lost
    hello, repeated = daemon.connect(OTHER)
    assert hello.session is None
    assert [(each.n, each.command) for each in repeated] == [(1, "get")]
    daemon.say(Answer(1, {"id": "x"}))
    assert read.result == {"id": "x"}


def test_another_refusal_is_the_apps_to_know() -> None:
    """The daemon's own error comes out, and what is unanswered stays so."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.hear(caller.begin())
    with pytest.raises(Denied) as caught:
        daemon.say(Refused(Denied("NOT_ALLOWED", "No.")))
    assert caught.value.code == "NOT_ALLOWED"
    assert caller.is_lost


def test_bytes_that_are_no_answer_end_the_connection() -> None:
    """Garbled comes out once; the next connection starts afresh."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    with pytest.raises(Garbled):
        caller.receive(b"\xff\xff\xff\xff")
    assert not caller.is_open
    assert daemon.connect()[0].session == SESSION


def test_a_watch_goes_on_behind_its_last_event() -> None:
    """The repeated request asks for what came after it."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    watch, data = caller.ask("watch", {})
    daemon.requests(data)
    daemon.say(Event(1, {"position": 4, "rows": []}), Event(1, {"position": 9, "rows": []}))
    assert [event["position"] for event in watch.events] == [4, 9]
    caller.lost()
    assert daemon.connect()[1] == [Request(1, 0, "watch", {"since": 9})]


def test_a_cancelled_watch_is_over() -> None:
    """Its late events are dropped and it is not repeated."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    watch, data = caller.ask("watch", {})
    daemon.requests(data)
    assert daemon.requests(caller.forget(watch)) == [Request(2, 1, "cancel", {"request": 1})]
    assert daemon.say(Event(1, {"position": 4}), Answer(1, None), Answer(2, {}))[0] == []
    caller.lost()
    assert daemon.connect()[1] == []


def test_what_is_forgotten_is_not_repeated() -> None:
    """An app that gave up on an answer gets it neither now nor later."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    pending, data = caller.ask("create", ROW)
    daemon.requests(data)
    assert caller.forget(pending) == b""
    assert daemon.say(Answer(1, {"ctr": 1}))[0] == []
    caller.lost()
    assert daemon.connect()[1] == []


@pytest.mark.parametrize("is_open", [True, False])
def test_what_cannot_be_sent_is_refused_when_it_is_asked(is_open: bool) -> None:
    """Also while no connection is open; the number is not used up."""
    caller = Caller("test")
    daemon = Daemon(caller)
    if is_open:
        daemon.connect()
    with pytest.raises(Mistake) as unsendable:
        caller.ask("create", {"columns": {"when": object()}})
    assert unsendable.value.code == "BAD_REQUEST"
    with pytest.raises(Invalid) as too_big:
        caller.ask("create", {"columns": {"x": b"y" * FRAME_BYTES_MAX}})
    assert too_big.value.code == "TOO_BIG"
    assert caller.ask("ping", {})[0].n == 1


def test_a_refused_request_carries_its_error() -> None:
    """A Failure ends the request and nothing else."""
    caller = Caller("test")
    daemon = Daemon(caller)
    daemon.connect()
    pending, data = caller.ask("create", ROW)
    daemon.requests(data)
    daemon.say(Failure(1, Mistake("BAD_REQUEST", "No.")))
    assert pending.error is not None
    assert pending.error.code == "BAD_REQUEST"
    assert caller.is_open


def test_everything_unanswered_can_be_failed_at_once() -> None:
    """As when the daemon does not come back."""
    caller = Caller("test")
    pending, _ = caller.ask("create", ROW)
    assert caller.fail(Denied("NOT_ALLOWED", "No.")) == [pending]
    assert pending.done
    assert Daemon(caller).connect()[1] == []
