"""A bad network and a slow store around one real session.

The session's effects are put on tables (network, store, timers); an action takes one thing
from a table and lets it go well, go wrong, or go well unseen.  The world checks with every
step what must never happen, and :meth:`World.heal` what must happen in the end.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeAlias

from satchel.sync.answers import Answer, Pulled
from satchel.sync.effects import (
    Arm,
    BuildStep,
    Cancel,
    CheckChain,
    Disarm,
    Effect,
    InstallFlip,
    ReadOutbox,
    ReadStanding,
    Report,
    SaveSchema,
    Send,
    StagePage,
)
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
    StandingRead,
    Started,
    Woke,
)
from satchel.sync.session import Session
from satchel.sync.states import LaneName
from satchel.wire.frame import FrameType
from tests.laws.sync_sides import Hub, Store, body, chain_at

LANES: tuple[LaneName, ...] = ("hello", "push", "pull")
CODES = (
    "HUB_UNREACHABLE",
    "TIMEOUT",
    "BUSY",
    "RETRY_LATER",
    "INTERNAL",
    "BAD_FRAME",
    "UNKNOWN_LINK",
    "REVOKED",
)


class World:
    """One session between a store and a hub.  Actions take a number to choose by."""

    def __init__(self) -> None:
        self.hub, self.store = Hub(), Store()
        self.session = Session(b"seed")
        self.now_ms = 0
        self.network: dict[LaneName, Send] = {}
        self.unread: dict[LaneName, list[Answered]] = {lane: [] for lane in LANES}
        self.ghosts: list[Send] = []
        self.late: list[Event] = []
        self.queue: list[Effect] = []
        self.timers: list[LaneName] = []
        self.compared = False
        self.paused = False
        self.say(Started(*self.moment()))

    # -- the session's side ------------------------------------------------------------------

    def moment(self) -> tuple[int, float]:
        self.now_ms += 1_000
        return self.now_ms, 0.5

    def say(self, event: Event) -> None:
        for effect in self.session.handle(event):
            self.perform(effect)
        assert not (self.paused and self.network), "a request while paused"

    def perform(self, effect: Effect) -> None:
        match effect:
            case Send():
                self.send(effect)
            case Cancel():
                sent = self.network.pop(effect.lane, None)
                self.unread[effect.lane] = []
                if sent is not None:
                    self.ghosts.append(sent)
            case Arm():
                self.disarm(effect.timer)
                self.timers.append(effect.timer)
            case Disarm():
                self.disarm(effect.timer)
            case Report():
                assert effect.status == self.session.status
            case _:
                self.queue.append(effect)

    def send(self, send: Send) -> None:
        assert send.lane not in self.network, f"two requests on {send.lane}"
        if send.frame_type is FrameType.HELLO:
            assert not self.network, "HELLO beside another request"
            self.compared = False
        if send.frame_type is FrameType.PUSH:
            assert self.compared, "a push before chains were compared"
        self.network[send.lane] = send

    def disarm(self, timer: LaneName) -> None:
        self.timers = [name for name in self.timers if name != timer]

    # -- actions: the network ------------------------------------------------------------------

    def running(self, choice: int) -> Send | None:
        """One of the requests on the network that would be answered now."""
        ready = [
            send
            for lane, send in sorted(self.network.items())
            if not send.payload.get("wait") or self.hub.has_news(send) or self.unread[lane]
        ]
        return ready[choice % len(ready)] if ready else None

    def deliver(self, choice: int) -> None:
        """A request reaches the hub and its answer, or its next piece, the device."""
        send = self.running(choice)
        if send is None:
            return
        if not self.unread[send.lane]:
            answer = self.hub.answer(send)
            if isinstance(answer, str):
                self.fail(send, answer)
                return
            self.unread[send.lane] = self.pieces(send, answer)
        piece = self.unread[send.lane].pop(0)
        if not self.unread[send.lane]:
            del self.network[send.lane]
        self.say(piece)

    def pieces(self, send: Send, answer: Answer) -> list[Answered]:
        """An answer as the device reads it: a pull comes page by page."""
        parts: list[Answer] = [answer]
        if isinstance(answer, Pulled):
            parts = [Pulled((page,), None) for page in answer.pages]
            parts.append(Pulled((), answer.end))
        return [Answered(*self.moment(), send.lane, send.request, part) for part in parts]

    def lose_request(self, choice: int) -> None:
        """A request, or the rest of its answer, is lost."""
        lanes = sorted(self.network)
        if lanes:
            self.fail(self.network[lanes[choice % len(lanes)]], CODES[choice % len(CODES)])

    def lose_answer(self, choice: int) -> None:
        """The hub does its part, but the device hears only of a failure, and perhaps more later."""
        send = self.running(choice)
        if send is not None and not self.unread[send.lane]:
            answer = self.hub.answer(send)
            self.fail(send, "TIMEOUT")
            if not isinstance(answer, str):
                self.late += self.pieces(send, answer)

    def fail(self, send: Send, code: str) -> None:
        del self.network[send.lane]
        self.unread[send.lane] = []
        self.say(Failed(*self.moment(), send.lane, send.request, code, code))

    def end_poll(self, _choice: int) -> None:
        """A poll ends without news."""
        send = self.network.get("pull")
        if send is not None and send.payload.get("wait") and not self.hub.has_news(send):
            del self.network["pull"]
            answer = self.hub.answer(send)
            assert not isinstance(answer, str)
            self.say(Answered(*self.moment(), "pull", send.request, answer))

    def haunt(self, choice: int) -> None:
        """A request that was given up reaches the hub after all."""
        if self.ghosts:
            send = self.ghosts.pop(choice % len(self.ghosts))
            if send.frame_type is not FrameType.HELLO:
                answer = self.hub.answer(send)
                if not isinstance(answer, str):
                    self.late += self.pieces(send, answer)

    def come_late(self, choice: int) -> None:
        """An answer arrives that nobody waits for."""
        if self.late:
            self.say(self.late.pop(choice % len(self.late)))

    # -- actions: store, timers, people ----------------------------------------------------------

    def work(self, _choice: int) -> None:
        """The store does the next thing it was asked for."""
        if self.queue:
            self.store_does(self.queue.pop(0))

    def store_does(self, effect: Effect) -> None:
        store = self.store
        match effect:
            case ReadStanding():
                self.say(StandingRead(*self.moment(), effect.request, store.standing()))
            case CheckChain():
                known = effect.processed <= store.head_ctr
                ok = known and effect.chain == chain_at(effect.processed)
                assert ok, "the chains of one store and one hub agree"
                self.compared = True
                self.say(ChainChecked(*self.moment(), effect.request, ok))
            case ReadOutbox():
                ctrs = sorted(ctr for ctr in store.log if ctr > effect.after_ctr)[:3]
                first = ctrs[0] if ctrs else effect.after_ctr + 1
                entries = tuple(store.log[ctr] for ctr in ctrs)
                last = first + len(entries) - 1
                chain = chain_at(first - 1)
                self.say(OutboxRead(*self.moment(), effect.request, first, chain, entries, last))
            case StagePage():
                store.stage_page(effect)
                self.say(Staged(*self.moment(), effect.request))
            case InstallFlip() | BuildStep():
                result = store.install(effect.flip)
                self.say(Flipped(*self.moment(), effect.request, result))
            case SaveSchema():
                store.schema = max(store.schema, effect.version)
            case _:
                raise AssertionError(f"{effect} is not for the store")

    def break_store(self, _choice: int) -> None:
        """The store cannot do the next thing it was asked for."""
        if self.queue:
            effect = self.queue.pop(0)
            lane = _lane_of(effect)
            if lane is not None:
                request = getattr(effect, "request", 0)
                self.say(Failed(*self.moment(), lane, request, "DISK_FULL", "full"))

    def ring(self, choice: int) -> None:
        """A timer runs out."""
        if self.timers:
            self.say(Due(*self.moment(), self.timers.pop(choice % len(self.timers))))

    def write(self, _choice: int) -> None:
        """An app writes here."""
        self.store.head_ctr += 1
        self.store.log[self.store.head_ctr] = body(self.store.head_ctr)
        self.say(Woke(*self.moment(), self.store.head_ctr))

    def write_elsewhere(self, choice: int) -> None:
        """Others write several things."""
        self.hub.feed += [f"other {len(self.hub.feed)}"] * (choice + 1)

    def change_hub(self, choice: int) -> None:
        """The hub forgets the link, gets a schema, lacks a dependency; a FLIP takes long."""
        match choice % 4:
            case 0:
                self.hub.known_link = b"forgotten"
            case 1:
                self.hub.schema += 1
            case 2:
                self.hub.needs += 1
            case _:
                self.store.steps_left += 1

    def wish(self, choice: int) -> None:
        """A person pauses, resumes or hurries."""
        match choice % 3:
            case 0:
                self.paused = True
                self.say(Asked(*self.moment(), "pause"))
            case 1:
                self.paused = False
                self.say(Asked(*self.moment(), "resume"))
            case _:
                self.say(Asked(*self.moment(), "now"))

    # -- the end -----------------------------------------------------------------------------

    def run(self, actions: Iterable[tuple[Action, int]]) -> None:
        """Live through ``actions``, then heal and require that everything has arrived."""
        for action, choice in actions:
            action(self, choice)
        self.heal()

    def heal(self) -> None:
        """From here everything works; within a bounded time nothing may be left to do."""
        self.wish(1)
        for _ in range(2_000):
            if self.late:
                self.come_late(0)
            elif self.queue:
                self.work(0)
            elif self.running(0) is not None:
                self.deliver(0)
            elif self.timers:
                self.ring(0)
            else:
                break
        else:
            raise AssertionError("no rest")
        poll = self.network.get("pull")
        assert poll is not None, "nobody waits for news"
        assert poll.payload["wait"]
        assert set(self.network) == {"pull"}
        assert self.hub.processed == self.store.head_ctr, "not everything was pushed"
        lines = [line for _, line in sorted(self.store.base.items())]
        assert lines == self.hub.feed, "not everything was pulled"
        assert not self.store.log, "decided work in the outbox"
        assert (self.session.status.state, self.session.status.last_error) == ("online", None)


def _lane_of(effect: Effect) -> LaneName | None:
    match effect:
        case ReadStanding():
            return effect.lane
        case CheckChain():
            return "hello"
        case ReadOutbox():
            return "push"
        case StagePage() | InstallFlip() | BuildStep():
            return "pull"
    return None


Action: TypeAlias = Callable[[World, int], None]

ACTIONS: tuple[Action, ...] = (
    World.work,
    World.deliver,
    World.work,
    World.deliver,
    World.ring,
    World.write,
    World.write_elsewhere,
    World.lose_request,
    World.lose_answer,
    World.end_poll,
    World.haunt,
    World.come_late,
    World.break_store,
    World.change_hub,
    World.wish,
)
"""What may happen; what makes progress stands twice, so that examples get somewhere."""
