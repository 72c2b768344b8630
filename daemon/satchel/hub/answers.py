"""What the hub says, as frames: HELLO_OK, ENROLLED, SCHEMA_OK, PUSHED, PAGE, MORE, FLIP.

Owns the shapes of the answers' payloads (PROTOCOL.md; the device's reader of them is
:mod:`satchel.sync.answers`).  Knows no store.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from satchel.hub.enrol import Joined
from satchel.hub.office import Origin, Setup, State
from satchel.hub.outcomes import Outcome
from satchel.hub.pull import Response
from satchel.hub.push import Need
from satchel.hub.requests import PROTO
from satchel.model import limits
from satchel.model.errors import SatchelError, Unavailable
from satchel.wire.codec import pack
from satchel.wire.frame import LAST, Frame, FrameType, encode, error_frame

_LATER: Final = frozenset(("RETRY_LATER", "BUSY"))
"""Codes that come with a time before which the device need not come back."""


OWN_TROUBLES: Final = frozenset(("DISK_FULL", "STORE_DAMAGED"))
"""What is wrong with the hub's disk is told to its administrator; devices come again later."""


class Answer(NamedTuple):
    """Encoded frames, made as they are asked for, and the bytes they hold until then."""

    frames: Iterator[bytes]
    bytes_held: int = 0


def hello_ok(req: int, origin: Origin, state: State, link: bytes, now_ms: int) -> Answer:
    """The hub knows the device; ``link`` is what its requests name from now on."""
    return _answer(
        FrameType.HELLO_OK,
        req,
        {
            "proto": PROTO,
            "epoch": state.epoch,
            "schema": state.schema,
            "processed": origin.processed,
            "chain": origin.chain,
            "link": link,
            "hub_now": now_ms,
            "head": state.head,
        },
    )


def enrolled(
    req: int, setup: Setup, hub_public: bytes, joined: Joined, state: State, now_ms: int
) -> Answer:
    """The device has joined; ``hub_public`` is the key that it holds the hub to."""
    return _answer(
        FrameType.ENROLLED,
        req,
        {
            "org": setup.org,
            "org_name": setup.name,
            "user": joined.user.id,
            "user_name": joined.user.name,
            "device": joined.device.id,
            "number": joined.device.number,
            "certificate": joined.certificate,
            "hub_public": hub_public,
            "hub_now": now_ms,
            "schema": state.schema,
            "epoch": state.epoch,
        },
    )


def schema_ok(req: int, version: int, document: bytes) -> Answer:
    """The schema document of ``version``."""
    return _answer(FrameType.SCHEMA_OK, req, {"version": version, "document": document})


def pushed(
    req: int, processed: int, outcomes: list[Outcome], need: list[Need], head: int, now_ms: int
) -> Answer:
    """How far the origin is decided.

    Outcomes are hints here, the feed brings them all: those that would make the frame too
    big are left out.
    """
    told: list[list[Any]] = []
    room = limits.PAGE_BYTES_TARGET
    for outcome in outcomes:
        wire = outcome.to_wire()
        room -= len(pack(wire))
        if room < 0:
            break
        told.append(wire)
    return _answer(
        FrameType.PUSHED,
        req,
        {
            "processed": processed,
            "outcomes": told,
            "need": [list(missing) for missing in need],
            "head": head,
            "hub_now": now_ms,
        },
    )


def pulled(req: int, response: Response, now_ms: int) -> Answer:
    """Pages, and the end: FLIP, or MORE.

    A page is encoded when it is asked for and forgotten when it is sent.  Takes the
    response's entries away.
    """
    return Answer(_pages(req, response, now_ms), sum(map(len, response.entries)))


def _pages(req: int, response: Response, now_ms: int) -> Iterator[bytes]:
    entries = response.entries
    entries.reverse()
    served = 0
    for upto, cursor in response.pages:
        page = [entries.pop() for _ in range(upto - served)]
        served = upto
        yield _frame(FrameType.PAGE, req, {"entries": page, "cursor": cursor})
    if entries:
        entries.reverse()
        yield _frame(FrameType.PAGE, req, {"entries": entries})
    if response.flip_to is None:
        more = {"cursor": response.cursor, "head": response.pass_head}
        yield _frame(FrameType.MORE, req, more, LAST)
        return
    state = response.state
    # Refusals travel as entries of the pages, where they are bounded; there is no
    # delta of scope and no ticket yet (sync.md 0.7).
    flip = [
        state.epoch, response.base, response.cursor, response.flip_to, [], state.schema,
        None, None, now_ms, None,
    ]  # fmt: skip
    yield _frame(FrameType.FLIP, req, {"flip": flip}, LAST)


def refused(req: int, error: SatchelError) -> Answer:
    """Why not."""
    if error.code in OWN_TROUBLES:
        error = Unavailable("RETRY_LATER", "The hub cannot read or write its records now.")
    delay_ms = limits.RETRY_AFTER_MS if error.code in _LATER else None
    return Answer(iter((encode(error_frame(req, error, delay_ms)),)))


def _frame(kind: FrameType, req: int, payload: dict[str, Any], flags: int = 0) -> bytes:
    return encode(Frame(kind, flags, req, pack(payload)), compress=True)


def _answer(kind: FrameType, req: int, payload: dict[str, Any]) -> Answer:
    return Answer(iter((_frame(kind, req, payload, LAST),)))
