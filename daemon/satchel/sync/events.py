"""What can happen to a session, as values.  Every event brings the time and some chance.

``now_ms``: the wall clock in milliseconds.  ``jitter``: a fresh random number in [0, 1).

``request`` in an event repeats the number of the effect that it answers.  A machine waits
for one number at a time; an event with any other number is late and changes nothing, so
the shell may cancel, repeat and cross things as it likes.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

from satchel.sync.answers import Answer
from satchel.sync.states import LaneName


class Standing(NamedTuple):
    """Where the store stands now.  The store is the truth: this is read afresh for every HELLO.

    ``epoch`` is None before the first FLIP.  ``s`` is the seq of BASE; ``cursor`` is where
    a pull goes on (behind what is staged for ``s``; None: from the beginning).
    ``head_ctr`` is the counter of the last changeset ever written here (0: none).
    """

    org: bytes
    replica: bytes
    cert: bytes
    schema: int
    epoch: int | None
    s: int
    cursor: bytes | None
    head_ctr: int


class Started(NamedTuple):
    """The daemon is up and the store is open."""

    now_ms: int
    jitter: float


class Stopped(NamedTuple):
    """The daemon is going down: nothing new is begun."""

    now_ms: int
    jitter: float


class Woke(NamedTuple):
    """The outbox reaches up to ``head_ctr``.  A level, not a pulse: saying it twice is harmless."""

    now_ms: int
    jitter: float
    head_ctr: int


class Asked(NamedTuple):
    """A person wants sync now, paused or resumed."""

    now_ms: int
    jitter: float
    wish: Literal["now", "pause", "resume"]


class Answered(NamedTuple):
    """The hub answered request ``request`` of ``lane``.

    A :class:`~satchel.sync.answers.Pulled` may come in pieces, the last one with its
    ``end``; the shell reads on only when what a piece gave to stage is staged.
    """

    now_ms: int
    jitter: float
    lane: LaneName
    request: int
    answer: Answer


class Failed(NamedTuple):
    """What ``request`` of ``lane`` asked for did not happen, at the hub or in the store.

    ``code`` is one of ``model.errors``; ``retry_after_ms`` the hub's own delay, if it named one.
    """

    now_ms: int
    jitter: float
    lane: LaneName
    request: int
    code: str
    message: str
    retry_after_ms: int | None = None


class StandingRead(NamedTuple):
    """ReadStanding is done."""

    now_ms: int
    jitter: float
    request: int
    standing: Standing


class OutboxRead(NamedTuple):
    """ReadOutbox is done: ``entries`` from ``first_ctr`` to ``last_ctr``, without a gap.

    ``prev_chain`` is the chain hash before ``first_ctr``.  No entries: the outbox holds
    nothing past the counter that was asked for.
    """

    now_ms: int
    jitter: float
    request: int
    first_ctr: int
    prev_chain: bytes
    entries: tuple[bytes, ...]
    last_ctr: int


class ChainChecked(NamedTuple):
    """CheckChain is done.  ``ok`` is false for another hash, and for counters never written here."""

    now_ms: int
    jitter: float
    request: int
    ok: bool


class Staged(NamedTuple):
    """One StagePage is durable."""

    now_ms: int
    jitter: float
    request: int


class Flipped(NamedTuple):
    """InstallFlip or BuildStep is done.

    ``result``: "installed"; "ignored" (it does not start where the store stands);
    "needs_schema:N" (its rows need schema version N first); "building" (set aside: another
    BuildStep, please); "fork" (the hub's chain is not ours; nothing was changed).
    """

    now_ms: int
    jitter: float
    request: int
    result: str


class Due(NamedTuple):
    """The timer armed last under this name has run out."""

    now_ms: int
    jitter: float
    timer: LaneName


Event: TypeAlias = (
    Started
    | Stopped
    | Woke
    | Asked
    | Answered
    | Failed
    | StandingRead
    | OutboxRead
    | ChainChecked
    | Staged
    | Flipped
    | Due
)
