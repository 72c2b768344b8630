"""What a session wants done, as values.  The shell performs them and decides nothing.

The effects of one call are begun in their order; those on the store are also done in
that order.  An effect with a ``request`` is answered by exactly one event (StagePage and
Send included) that repeats the number, or by ``Failed`` with the lane and the number.
"""

from __future__ import annotations

from typing import Any, NamedTuple, TypeAlias

from satchel.sync.answers import Flip
from satchel.sync.states import LaneName
from satchel.wire.frame import FrameType


class Problem(NamedTuple):
    """Why something does not work at the moment: a code of ``model.errors`` and a sentence."""

    code: str
    message: str


class Status(NamedTuple):
    """How sync is doing, for people.

    ``state``: stopped, paused, connecting, loading (no BASE yet), online, offline, denied,
    fork or epoch.  ``skew_ms``: how far the hub's clock is ahead of ours, 0 while that is
    below ``CLOCK_SKEW_WARN_MS``.
    """

    state: str
    last_contact_ms: int | None
    last_error: Problem | None
    skew_ms: int


class Send(NamedTuple):
    """Send one request frame; answered by Answered.

    ``link`` is the hub's name for this session, under which the request is signed; None
    for HELLO, which brings its certificate.  ``timeout_ms``: the longest silence to bear.
    """

    lane: LaneName
    request: int
    frame_type: FrameType
    payload: dict[str, Any]
    timeout_ms: int
    link: bytes | None


class Cancel(NamedTuple):
    """End whatever request of ``lane`` is on the network.  If none is, nothing happens."""

    lane: LaneName


class Arm(NamedTuple):
    """After ``delay_ms`` feed Due(timer); replaces what the timer was set to."""

    timer: LaneName
    delay_ms: int


class Disarm(NamedTuple):
    """Forget this timer."""

    timer: LaneName


class Report(NamedTuple):
    """The status has changed."""

    status: Status


class ReadStanding(NamedTuple):
    """Read where the store stands; answered by StandingRead.  Failed names the asking lane."""

    lane: LaneName
    request: int


class CheckChain(NamedTuple):
    """Compare our chain at counter ``processed`` with ``chain``; answered by ChainChecked."""

    request: int
    processed: int
    chain: bytes


class ReadOutbox(NamedTuple):
    """Read the log past ``after_ctr``; answered by OutboxRead.

    As many entries as both bounds allow, but always one if there is one.
    """

    request: int
    after_ctr: int
    entries_max: int
    bytes_max: int


class SaveSchema(NamedTuple):
    """Store the schema document of ``version``.  Nothing is waited for: a FLIP shows it."""

    version: int
    document: bytes


class StagePage(NamedTuple):
    """Stage ``entries`` for BASE at (``from_epoch``, ``from_s``); answered by Staged.

    ``cursor``: from here a pull goes on once these entries are staged; None: as before.
    """

    request: int
    from_epoch: int
    from_s: int
    entries: list[Any]
    cursor: bytes | None


class InstallFlip(NamedTuple):
    """Install the stage as new BASE, in one transaction; answered by Flipped."""

    request: int
    flip: Flip


class BuildStep(NamedTuple):
    """Do the next piece of a ``flip`` that is built aside; answered by Flipped."""

    request: int
    flip: Flip


Effect: TypeAlias = (
    Send
    | Cancel
    | Arm
    | Disarm
    | Report
    | ReadStanding
    | CheckChain
    | ReadOutbox
    | SaveSchema
    | StagePage
    | InstallFlip
    | BuildStep
)
