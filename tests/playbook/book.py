"""Dialogues with a session that read as a specification.

    Book() >> started() << ReadStanding("hello", ANY) >> standing() << hello() ...

``>> event`` is said to the session, ``<< effect`` is what it must do next.  An event is
made by the functions below, which fill in time, chance and the number of the request they
answer.  Before the next event everything the session did must have been named; reports
are kept in ``book.status`` instead and checked with ``reads``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal
from unittest.mock import ANY

from satchel.model import limits
from satchel.sync.answers import Answer, Flip, HelloOk, More, Page, Pulled, Pushed, SchemaOk
from satchel.sync.effects import (
    BuildStep,
    CheckChain,
    Effect,
    InstallFlip,
    ReadOutbox,
    ReadStanding,
    Report,
    Send,
    StagePage,
    Status,
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
    Standing,
    StandingRead,
    Started,
    Stopped,
    Woke,
)
from satchel.sync.session import Session
from satchel.sync.states import LaneName
from satchel.wire.frame import FrameType

ORG, REPLICA, CERT = b"o" * 16, b"r" * 8, b"a certificate"
CHAIN, LINK, LINK2 = b"c" * 32, b"l" * 16, b"m" * 16
EPOCH = 3
JITTER = 0.5

ANSWER_MS = limits.HTTP_READ_MS
LONG_MS = limits.PULL_WAIT_MS_MAX

Move = Callable[["Book"], Event]


class Book:
    """A session and what was said so far.  The clock moves 10 s with every event."""

    def __init__(self) -> None:
        self.session = Session(b"seed")
        self.now_ms = 1_000_000
        self.status: Status = self.session.status
        self.requests: dict[Any, int] = {}
        self.sent: list[Send] = []
        self._undone: list[Effect] = []

    def __rshift__(self, move: Move) -> Book:
        self.done()
        self.now_ms += 10_000
        self._undone = []
        for effect in self.session.handle(move(self)):
            if isinstance(effect, Report):
                self.status = effect.status
                continue
            self._undone.append(effect)
            if isinstance(effect, Send):
                self.sent.append(effect)
            request = getattr(effect, "request", None)
            if request is not None:
                self.requests[type(effect)] = request
                self.requests[getattr(effect, "lane", None), type(effect)] = request
        return self

    def __lshift__(self, expected: Effect) -> Book:
        assert self._undone, f"nothing was done; expected {expected}"
        effect = self._undone.pop(0)
        assert type(effect) is type(expected), f"{effect} instead of {expected}"
        assert expected == effect, f"{effect} instead of {expected}"
        return self

    def done(self) -> Book:
        """Nothing else was done."""
        assert not self._undone, f"unexpected: {self._undone}"
        return self

    def reads(self, state: str, code: str | None = None) -> Book:
        """The status for people is now ``state``, with this error."""
        error = self.status.last_error
        assert (self.status.state, error and error.code) == (state, code)
        assert self.session.status == self.status
        return self


# -- events ------------------------------------------------------------------------------


def started() -> Move:
    """The daemon starts."""
    return lambda book: Started(book.now_ms, JITTER)


def stopped() -> Move:
    """The daemon stops."""
    return lambda book: Stopped(book.now_ms, JITTER)


def woke(head_ctr: int) -> Move:
    """The outbox reaches up to ``head_ctr``."""
    return lambda book: Woke(book.now_ms, JITTER, head_ctr)


def asked(wish: Literal["now", "pause", "resume"]) -> Move:
    """A person asks."""
    return lambda book: Asked(book.now_ms, JITTER, wish)


def due(timer: LaneName) -> Move:
    """A timer rings."""
    return lambda book: Due(book.now_ms, JITTER, timer)


def standing(
    head_ctr: int = 0,
    *,
    s: int = 7,
    cursor: bytes | None = b"@7",
    epoch: int | None = EPOCH,
    schema: int = 1,
    lane: LaneName = "hello",
) -> Move:
    """The store stands at ``s`` of the hub's epoch, unless told otherwise."""
    value = Standing(ORG, REPLICA, CERT, schema, epoch, s, cursor, head_ctr)
    return lambda book: StandingRead(book.now_ms, JITTER, book.requests[lane, ReadStanding], value)


def chain_checked(ok: bool = True) -> Move:
    """The latest CheckChain ended so."""
    return lambda book: ChainChecked(book.now_ms, JITTER, book.requests[CheckChain], ok)


def outbox(first_ctr: int, *entries: bytes) -> Move:
    """The outbox holds these entries from ``first_ctr`` on."""
    last = first_ctr + len(entries) - 1
    return lambda book: OutboxRead(
        book.now_ms, JITTER, book.requests[ReadOutbox], first_ctr, CHAIN, entries, last
    )


def staged() -> Move:
    """The latest StagePage is durable."""
    return lambda book: Staged(book.now_ms, JITTER, book.requests[StagePage])


def flipped(result: str = "installed") -> Move:
    """The latest InstallFlip or BuildStep ended so."""
    return lambda book: Flipped(
        book.now_ms,
        JITTER,
        max(book.requests.get(kind, 0) for kind in (InstallFlip, BuildStep)),
        result,
    )


def failed(lane: LaneName, code: str, retry_after_ms: int | None = None) -> Move:
    """The latest request of ``lane`` failed."""
    return lambda book: Failed(
        book.now_ms, JITTER, lane, book.requests[lane, Send], code, f"It is {code}.", retry_after_ms
    )


def store_failed(lane: LaneName, effect: type[Effect], code: str) -> Move:
    """The store could not do the latest ``effect`` of ``lane``."""
    return lambda book: Failed(
        book.now_ms, JITTER, lane, book.requests[effect], code, f"It is {code}."
    )


def late(move: Move, book: Book) -> Move:
    """What ``move`` would say now, to be said later."""
    event = move(book)
    return lambda _book: event


def answered(lane: LaneName, answer: Answer) -> Move:
    """The hub answers the latest request of ``lane``."""
    return lambda book: Answered(book.now_ms, JITTER, lane, book.requests[lane, Send], answer)


def hello_ok(
    processed: int = 0, *, link: bytes = LINK, epoch: int = EPOCH, schema: int = 1
) -> Move:
    """The hub knows the device."""

    def move(book: Book) -> Event:
        answer = HelloOk(1, epoch, schema, processed, CHAIN, link, book.now_ms, 7)
        return answered("hello", answer)(book)

    return move


def schema_ok(version: int) -> Move:
    """The hub answers with a document."""
    return answered("pull", SchemaOk(version, b"document"))


def pushed(processed: int, *need: tuple[bytes, int, int]) -> Move:
    """The hub has decided up to ``processed`` and needs this."""

    def move(book: Book) -> Event:
        return answered("push", Pushed(processed, (), need, 8, book.now_ms))(book)

    return move


def pulled(*pages: Page, end: More | Flip | None = None) -> Move:
    """The hub answers a pull, or a piece of it."""
    return answered("pull", Pulled(pages, end))


# -- answers and effects -------------------------------------------------------------------


def page(*entries: str, cursor: bytes | None = None) -> Page:
    """A page with these entries."""
    return Page(list(entries), cursor)


def flip(from_s: int, s: int, *, schema: int = 1, epoch: int = EPOCH) -> Flip:
    """A FLIP between two seqs, whose cursor is named after the second."""
    return Flip(epoch, from_s, b"@%d" % s, s, [], schema, None, None, 1_000_000, None)


def hello() -> Send:
    """The session says HELLO."""
    return Send("hello", ANY, FrameType.HELLO, ANY, ANSWER_MS, None)


def push(first_ctr: int, *entries: bytes, link: bytes = LINK) -> Send:
    """The session sends these entries as a bundle from ``first_ctr`` on."""
    last = first_ctr + len(entries) - 1
    bundle = [1, REPLICA, first_ctr, CHAIN, list(entries), last, None]
    return Send("push", ANY, FrameType.PUSH, {"bundle": bundle}, ANSWER_MS, link)


def pull(
    cursor: bytes | None,
    wait: int = 0,
    bytes_max: int = limits.PULL_BYTES_DEFAULT,
    link: bytes = LINK,
) -> Send:
    """The session pulls from ``cursor`` and would wait ``wait`` ms for news."""
    payload = {"cursor": cursor, "max": bytes_max, "wait": wait}
    return Send("pull", ANY, FrameType.PULL, payload, wait + ANSWER_MS, link)


def fetch(version: int) -> Send:
    """The session asks for a schema document."""
    return Send("pull", ANY, FrameType.SCHEMA, {"version": version}, ANSWER_MS, LINK)


def read_outbox(after_ctr: int) -> ReadOutbox:
    """The session wants what the outbox holds after this counter."""
    return ReadOutbox(ANY, after_ctr, limits.BUNDLE_ENTRIES_MAX, limits.BUNDLE_BYTES_MAX)


def stage(*entries: str, cursor: bytes | None = None, from_s: int = 7) -> StagePage:
    """The session wants these entries staged."""
    return StagePage(ANY, EPOCH, from_s, list(entries), cursor)


READ_STANDING = ReadStanding("hello", ANY)
READ_STANDING_FOR_PULL = ReadStanding("pull", ANY)


def linked(head_ctr: int = 0, *, schema: int = 1) -> Book:
    """A dialogue that has come as far as a link, its first PULL on the way."""
    book = (
        Book()
        >> started()
        << READ_STANDING
        >> standing(head_ctr, schema=schema)
        << hello()
        >> hello_ok(schema=schema)
        << CheckChain(ANY, 0, CHAIN)
        >> chain_checked()
    )
    if head_ctr:
        book << read_outbox(0)
    return book << pull(b"@7")


def at_head(head_ctr: int = 0) -> Book:
    """A dialogue that has pulled all there was and waits at the hub for news."""
    return linked(head_ctr) >> pulled(end=flip(7, 7)) << pull(b"@7", wait=LONG_MS)
