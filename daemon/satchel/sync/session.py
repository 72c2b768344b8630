"""The session of one store with its hub: the way to a link, and every way out of it.

Owns the states of ``states.SESSION``, the judgement of failures and the status for people.
Must not know what travels on the lanes; that is the pusher's and the puller's business.

Invariants, cited by number in the code and in ``tests/playbook``:

1. Nothing leaves the log before the hub's chain was compared with ours on this link.
2. At most one request per lane is on the network, and none while paused or stopped.
3. A late event changes nothing.
4. No failure makes the session forget work: it waits, asks again, or stops and says why.
5. What is done after a failure starts from the store, not from memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from hashlib import blake2b
from typing import Any, ClassVar

from satchel.model.errors import CODES, Trouble
from satchel.sync.answers import PROTO, Flip, HelloOk, Pulled, Pushed, SchemaOk
from satchel.sync.backoff import REFUSED_MS, UNREACHABLE, Verdict, judge
from satchel.sync.contact import Contact
from satchel.sync.effects import CheckChain, Effect, Problem, ReadStanding, Report, Send, Status
from satchel.sync.events import (
    Answered,
    Asked,
    ChainChecked,
    Due,
    Event,
    Failed,
    Flipped,
    OutboxRead,
    Staged,
    Standing,
    StandingRead,
    Started,
    Stopped,
    Woke,
)
from satchel.sync.lane import ANSWER_MS, Lane, Numbers
from satchel.sync.puller import Puller
from satchel.sync.pusher import Pusher
from satchel.sync.states import SESSION, SessionState, Signal
from satchel.wire.frame import FrameType

FEATURES = 0

_FORKED = Problem(
    "FORK", "The hub knows another history of this store, as if it had been copied or restored."
)
_OTHER_EPOCH = Problem("EPOCH", "The hub was restored, and no longer holds what lies here.")
_FORGOTTEN = Problem("UNKNOWN_LINK", "The hub keeps forgetting this device's link.")


class Session:
    """Feed it events, perform its effects.  One session serves one replica of one store.

    ``seed``: fresh random bytes, from which the nonces of HELLO are made.
    """

    __slots__ = (
        "_contact",
        "_hello",
        "_hello_ok",
        "_puller",
        "_pusher",
        "_seed",
        "_standing",
        "_state",
        "status",
    )

    def __init__(self, seed: bytes) -> None:
        numbers = Numbers()
        self._seed = seed
        self._state = SessionState.STOPPED
        self._hello = Lane("hello", numbers)
        self._pusher = Pusher(Lane("push", numbers))
        self._puller = Puller(Lane("pull", numbers))
        self._standing: Standing | None = None
        self._hello_ok: HelloOk | None = None
        self._contact = Contact()
        self.status = self._status()

    def handle(self, event: Event) -> list[Effect]:
        """Take one event; what is to be done now, in this order.

        A change of :attr:`status` is reported last.  Never raises for anything that a hub
        or a store can say; an AssertionError or KeyError is a bug.
        """
        effects = self._HANDLERS[type(event)](self, event)
        status = self._status()
        if status != self.status:
            self.status = status
            effects.append(Report(status))
        return effects

    # -- a person's wishes, and the daemon's life ------------------------------------------

    def _started(self, _event: Started) -> list[Effect]:
        return self._begin() if self._state is SessionState.STOPPED else []

    def _stopped(self, _event: Stopped) -> list[Effect]:
        return [] if self._state is SessionState.STOPPED else self._leave(Signal.STOP)

    def _asked(self, event: Asked) -> list[Effect]:
        state = self._state
        match event.wish:
            case "pause":
                return [] if state is SessionState.PAUSED else self._leave(Signal.PAUSE)
            case "resume":
                return self._begin() if state is SessionState.PAUSED else []
            case "now":
                if state is SessionState.LINKED:
                    return [*self._pusher.hurry(), *self._puller.hurry(event)]
                if state not in (SessionState.STOPPED, SessionState.PAUSED):
                    return self._hurry_hello()
        return []

    def _hurry_hello(self) -> list[Effect]:
        self._hello.backoff.reset()
        return self._begin() if Signal.START in SESSION[self._state] else []

    def _woke(self, event: Woke) -> list[Effect]:
        return self._pusher.wake(event.head_ctr)

    def _due(self, event: Due) -> list[Effect]:
        match event.timer:
            case "push":
                return self._pusher.due(event)
            case "pull":
                return self._puller.due(event)
            case "hello":
                self._hello.rang()
        waiting = self._state in (SessionState.WAITING, SessionState.DENIED)
        return self._begin() if waiting else []

    # -- the way to a link -----------------------------------------------------------------

    def _begin(self) -> list[Effect]:
        """Start from the store (invariant 5): keys may be new, and pages may be staged."""
        self._go(Signal.START)
        return self._read_standing()

    def _read_standing(self) -> list[Effect]:
        effects = self._hello.clear()
        return [*effects, ReadStanding("hello", self._hello.begin(StandingRead))]

    def _standing_read(self, event: StandingRead) -> list[Effect]:
        if self._puller.lane.expects(event.request, StandingRead):
            return self._puller.standing_read(event)
        if not self._hello.expects(event.request, StandingRead):
            return []
        self._go(Signal.STANDING)
        self._standing = standing = event.standing
        request = self._hello.begin(HelloOk)
        nonce = blake2b(self._seed + request.to_bytes(8, "big"), digest_size=16).digest()
        payload = {
            "proto": [PROTO, PROTO],
            "org": standing.org,
            "replica": standing.replica,
            "cert": standing.cert,
            "schema": standing.schema,
            "features": FEATURES,
            "nonce": nonce,
            "now_ms": event.now_ms,
        }
        # The pusher is off: this is only remembered.
        effects = self._pusher.wake(standing.head_ctr)
        return [*effects, Send("hello", request, FrameType.HELLO, payload, ANSWER_MS, None)]

    def _welcomed(self, event: Answered, answer: HelloOk) -> list[Effect]:
        assert self._standing is not None
        self._hello.drop()
        if answer.proto != PROTO:
            wrong = f"The hub speaks protocol {answer.proto}, this device {PROTO}."
            return self._fail_hello(event, Problem("BAD_VERSION", wrong))
        if self._standing.epoch not in (None, answer.epoch):
            return self._leave(Signal.EPOCH, _OTHER_EPOCH)
        self._go(Signal.WELCOME)
        self._hello_ok = answer
        request = self._hello.begin(ChainChecked)
        return [CheckChain(request, answer.processed, answer.chain)]

    def _chain_checked(self, event: ChainChecked) -> list[Effect]:
        """Only from here does anything leave the log (invariant 1)."""
        if not self._hello.expects(event.request, ChainChecked):
            return []
        assert self._standing is not None
        assert self._hello_ok is not None
        if not event.ok:
            return self._leave(Signal.FORK, _FORKED)
        self._go(Signal.TRUST)
        self._hello.drop()
        # The backoff of HELLO is not reset yet: a link is good when it has carried something.
        self._hello.problem = None
        hello, standing = self._hello_ok, self._standing
        return [
            *self._pusher.up(hello.link, standing.replica, hello.processed),
            *self._puller.up(event, hello.link, standing, hello.epoch, hello.schema),
        ]

    # -- on the link -----------------------------------------------------------------------

    def _answered(self, event: Answered) -> list[Effect]:
        lane, answer = self._lane(event.lane), event.answer
        if not lane.waits_for(event.request):
            return []
        self._contact.heard(event.now_ms)
        if type(answer) is not lane.awaits:
            return self._failed(_as_failure(event))
        if isinstance(answer, HelloOk):
            self._contact.compare_clocks(event.now_ms, answer.hub_now)
            return self._welcomed(event, answer)
        self._hello.succeed()
        return self._carried(event, answer)

    def _carried(self, event: Answered, answer: SchemaOk | Pushed | Pulled) -> list[Effect]:
        """The link carried an answer; news on one lane ends the other's doubts of the network."""
        if isinstance(answer, SchemaOk):
            return [*self._puller.schema_ok(event, answer), *self._pusher.poke()]
        if isinstance(answer, Pushed):
            self._contact.compare_clocks(event.now_ms, answer.hub_now)
            if self._pusher.contradicts(answer):
                self._pusher.lane.drop()
                return self._greet_again(event)
            return [*self._pusher.pushed(event, answer), *self._puller.poke()]
        if isinstance(answer.end, Flip):
            self._contact.compare_clocks(event.now_ms, answer.end.hub_now)
            if self._hello_ok is not None and answer.end.epoch != self._hello_ok.epoch:
                self._puller.lane.drop()
                return self._greet_again(event)
        return [*self._puller.pulled(event, answer), *self._pusher.poke()]

    def _outbox_read(self, event: OutboxRead) -> list[Effect]:
        expected = self._pusher.lane.expects(event.request, OutboxRead)
        return self._pusher.outbox_read(event) if expected else []

    def _staged(self, event: Staged) -> list[Effect]:
        return self._puller.staged(event)

    def _flipped(self, event: Flipped) -> list[Effect]:
        if not self._puller.lane.expects(event.request, Flipped):
            return []
        if event.result == "fork":
            return self._leave(Signal.FORK, _FORKED)
        return self._puller.flipped(event)

    # -- what goes wrong -------------------------------------------------------------------

    def _failed(self, event: Failed) -> list[Effect]:
        lane = self._lane(event.lane)
        if not lane.waits_for(event.request):
            return []
        if event.code in UNREACHABLE:
            self._contact.lost()
        verdict, problem = judge(event.code), Problem(event.code, event.message)
        if verdict is not Verdict.WAIT or CODES.get(event.code) is not Trouble:
            # A failed request is over.  Trouble may be our own disk's, while a pull is still
            # on the network: then it is cancelled like any other.
            lane.drop()
        match verdict:
            case Verdict.GREET:
                return self._greet_again(event)
            case Verdict.REFUSED:
                effects = self._leave(Signal.DENY, problem)
                return [*effects, *self._hello.wait(max(REFUSED_MS, event.retry_after_ms or 0))]
            case Verdict.FORK:
                return self._leave(Signal.FORK, problem)
            case Verdict.EPOCH:
                return self._leave(Signal.EPOCH, problem)
            case Verdict.WAIT if event.lane == "push":
                return self._pusher.failed(event)
            case Verdict.WAIT if event.lane == "pull":
                return self._puller.failed(event)
        return self._fail_hello(event, problem, event.retry_after_ms)

    def _fail_hello(
        self, event: Event, problem: Problem, at_least_ms: int | None = None
    ) -> list[Effect]:
        self._go(Signal.FAIL)
        return self._hello.fail(problem, event.jitter, at_least_ms)

    def _greet_again(self, event: Event) -> list[Effect]:
        """The link is no good any more.  HELLO at once; when that does not help, with patience."""
        effects = [*self._pusher.down(), *self._puller.down()]
        if not self._hello.backoff.fresh:
            return [*effects, *self._fail_hello(event, _FORGOTTEN)]
        self._hello.backoff.next_ms(event.jitter)
        self._go(Signal.AGAIN)
        return [*effects, *self._read_standing()]

    def _leave(self, signal: Signal, problem: Problem | None = None) -> list[Effect]:
        """End all that is under way, on the network and in the timers (invariant 2)."""
        effects = [*self._pusher.down(), *self._puller.down(), *self._hello.clear()]
        self._go(signal)
        self._hello.problem = problem
        return effects

    # -- small things ----------------------------------------------------------------------

    def _lane(self, name: str) -> Lane:
        lanes = {"hello": self._hello, "push": self._pusher.lane, "pull": self._puller.lane}
        return lanes[name]

    def _status(self) -> Status:
        problem = self._hello.problem or self._pusher.lane.problem or self._puller.lane.problem
        return self._contact.status(self._state, self._puller.loading, problem)

    def _go(self, signal: Signal) -> None:
        self._state = SESSION[self._state][signal]

    _HANDLERS: ClassVar[Mapping[type, Callable[[Any, Any], list[Effect]]]] = {
        Started: _started,
        Stopped: _stopped,
        Woke: _woke,
        Asked: _asked,
        Answered: _answered,
        Failed: _failed,
        StandingRead: _standing_read,
        OutboxRead: _outbox_read,
        ChainChecked: _chain_checked,
        Staged: _staged,
        Flipped: _flipped,
        Due: _due,
    }


def _as_failure(event: Answered) -> Failed:
    """An answer of the wrong kind is a broken message like any other."""
    kind = type(event.answer).__name__
    return Failed(
        event.now_ms,
        event.jitter,
        event.lane,
        event.request,
        "BAD_FRAME",
        f"The hub answered {kind} to a request of another kind.",
    )
