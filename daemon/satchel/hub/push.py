"""PUSH: a bundle of one origin's changesets, each to be decided exactly once.

Owns counters, chains, causal delivery and the batch: an outcome, its effects and the
origin's ``processed`` are written in one transaction, and that is the whole of
exactly-once (sync.md 0.2, 3.3).  The verdict itself is :mod:`satchel.hub.judge`'s.
"""

from __future__ import annotations

import struct
from typing import Any, NamedTuple

from satchel.crdt.fold import Source
from satchel.crdt.seen import Author
from satchel.hub.judge import Judge
from satchel.hub.office import Office, Origin, State, move_line, read_origin, write_origin
from satchel.hub.outcomes import Outcome, read_outcome, refused_create, write_outcome
from satchel.hub.refusal import Refusal
from satchel.hub.workspace import Workspace
from satchel.model import hlc, limits
from satchel.model.changeset import Context, Entry
from satchel.model.errors import Garbled, Invalid, Trouble
from satchel.model.feed import Line
from satchel.model.ids import Dot, dot_text
from satchel.model.outcome import ACCEPTED, Code
from satchel.model.row import CTR, STAMP_SEQ, Stamp, make_stamp
from satchel.store.txn import Txn
from satchel.wire import chain as chains
from satchel.wire.entry import decode_entry

Need = tuple[bytes, int, int]
"""(replica, lowest, highest counter) that must be decided first."""


_BUGS = (
    ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError,
    ValueError, struct.error,
)  # fmt: skip
"""What a bug in the judge raises.  Trouble with the store is none: it goes on as it is."""


class Bundle(NamedTuple):
    """A pushed run of changesets: ``entries[i]`` has the counter ``first + i``."""

    replica: bytes
    first: int
    prev_chain: bytes
    entries: list[bytes]


class Pushed(NamedTuple):
    """What one batch did: how far the origin is decided, the new outcomes, what is missing."""

    processed: int
    outcomes: list[Outcome]
    need: list[Need]
    head: int


class JudgeFault(Exception):
    """The judge failed on one changeset: a bug, not a refusal.  ``done``: entries before it."""

    def __init__(self, dot: Dot, done: int) -> None:
        super().__init__(f"judging {dot_text(dot)} failed")
        self.dot = dot
        self.done = done


def read_bundle(wire: Any) -> Bundle:
    """Check a bundle's shape.  Raises Garbled BAD_FRAME; Invalid UNSUPPORTED for what only
    later versions send (voids, sealed and re-dotted entries, signatures of relays)."""
    if not isinstance(wire, list) or len(wire) != 7 or wire[0] != 1:
        raise Garbled("BAD_FRAME", "This is not a bundle of format 1.")
    _, replica, first, prev_chain, entries, last, signature = wire
    if (
        not isinstance(replica, bytes)
        or type(first) is not int
        or first < 1
        or not isinstance(prev_chain, bytes)
        or len(prev_chain) != len(chains.CHAIN_START)
        or not isinstance(entries, list)
        or last != first + len(entries) - 1
    ):
        raise Garbled("BAD_FRAME", "A bundle's counters or chain are malformed.")
    if signature is not None or not all(isinstance(entry, bytes) for entry in entries):
        raise Invalid("UNSUPPORTED", "This hub takes plain bundles from their own author only.")
    if len(entries) > limits.BUNDLE_ENTRIES_MAX:
        raise Invalid("TOO_BIG", f"A bundle of {len(entries)} changesets exceeds 1,000.")
    return Bundle(replica, first, prev_chain, entries)


def push(txn: Txn, office: Office, bundle: Bundle, now_ms: int) -> Pushed:
    """Decide the entries of ``bundle`` that are next in line, in one transaction.

    Entries already decided are skipped after comparing their bytes.  Raises Trouble FORK if
    the bundle and the hub disagree about this origin's history, Trouble EPOCH if its next
    entry builds on a future this hub has not; :class:`JudgeFault` if judging fails.
    """
    state = State.read(txn)
    origin = read_origin(txn, bundle.replica)
    assert origin is not None, "an authenticated replica has an origin record"
    if bundle.first > origin.processed + 1:
        gap = (bundle.replica, origin.processed + 1, bundle.first - 1)
        return Pushed(origin.processed, [], [gap], state.head)
    _compare_history(txn, origin, bundle)
    outcomes: list[Outcome] = []
    need: list[Need] = []
    for body in bundle.entries[origin.processed + 1 - bundle.first :]:
        entry = _read(body)
        if isinstance(entry, Entry):
            if _is_ahead(state, entry.ctx):
                if outcomes:
                    break  # what came before it stands; the next push meets it first
                raise _epoch(state, entry.ctx)
            need = _missing(txn, origin, entry)
            if need:
                break
        try:
            outcome = _decide(txn, office, state, origin, body, entry, now_ms)
        except _BUGS as fault:
            dot = Dot(origin.replica, origin.processed + 1)
            raise JudgeFault(dot, len(outcomes)) from fault
        outcomes.append(outcome)
        state = state._replace(head=outcome.seq)
        origin = origin._replace(
            processed=outcome.ctr,
            chain=chains.extend(origin.chain, origin.replica, outcome.ctr, outcome.bh),
        )
    if outcomes:
        move_line(txn, Line.ORIGIN, origin.replica, origin.line, state.head)
        write_origin(txn, origin._replace(line=state.head))
        state.write(txn)
    return Pushed(origin.processed, outcomes, need, state.head)


def _compare_history(txn: Txn, origin: Origin, bundle: Bundle) -> None:
    """Entries and chain that both sides know must be the same bytes (sync.md 2.1, 3.2)."""
    chain = bundle.prev_chain
    known = bundle.entries[: origin.processed + 1 - bundle.first]
    for ctr, body in enumerate(known, bundle.first):
        bh = chains.body_hash(body)
        decided = read_outcome(txn, origin.replica, ctr)
        if decided is None or decided.bh != bh:
            raise _fork(origin, ctr)
        chain = chains.extend(chain, origin.replica, ctr, bh)
    if bundle.first + len(known) == origin.processed + 1 and chain != origin.chain:
        raise _fork(origin, origin.processed)


def _fork(origin: Origin, ctr: int) -> Trouble:
    return Trouble(
        "FORK",
        f"Change {ctr} of this replica was decided with other contents: its store was copied.",
        "Stop the other copy; this one keeps everything and sends nothing.",
        {"ctr": ctr, "processed": origin.processed},
    )


def _read(body: bytes) -> Entry | Invalid:
    """The changeset, or why it is none: that is a verdict too, and has no causal past."""
    try:
        return decode_entry(body)
    except Invalid as invalid:
        return invalid


def _is_ahead(state: State, ctx: Context) -> bool:
    """Whether a context is of a future, or of another epoch, than this hub's."""
    return ctx.epoch != state.epoch or ctx.base_seq > state.head or ctx.rows_seq > state.head


def _epoch(state: State, ctx: Context) -> Trouble:
    return Trouble(
        "EPOCH",
        f"This change builds on epoch {ctx.epoch}, seq {max(ctx.base_seq, ctx.rows_seq)}; the "
        f"hub is at epoch {state.epoch}, seq {state.head}.",
        "The hub was restored from a backup; ask its administrator.",
    )


def _missing(txn: Txn, origin: Origin, entry: Entry) -> list[Need]:
    """The causal past that is not decided yet: what the author had seen of others, and what
    it stands on."""
    wanted = dict(entry.ctx.foreign)
    for dot in entry.hard:
        wanted[dot.replica] = max(dot.ctr, wanted.get(dot.replica, 0))
    wanted.pop(origin.replica, None)  # counters are contiguous: its own past is decided
    need = []
    for replica in sorted(wanted):
        known = read_origin(txn, replica)
        processed = known.processed if known is not None else 0
        if processed < wanted[replica]:
            need.append((replica, processed + 1, wanted[replica]))
    return need


def _decide(
    txn: Txn,
    office: Office,
    state: State,
    origin: Origin,
    body: bytes,
    entry: Entry | Invalid,
    now_ms: int,
) -> Outcome:
    """Give the next counter of ``origin`` its one outcome, and write its effects."""
    seq, ctr = state.head + 1, origin.processed + 1
    read = entry if isinstance(entry, Entry) else None
    clock = hlc.from_ms(now_ms)
    code, detail = Code.OK, None
    try:
        if isinstance(entry, Invalid):
            raise entry
        clock = hlc.clamp(entry.hlc, now_ms, limits.CLOCK_AHEAD_MS_MAX)
        _apply(txn, office, state, origin, entry, make_stamp(clock, origin.number, ctr, seq))
    except Refusal as refusal:
        code, detail = refusal.code, refusal.detail
    except Invalid as invalid:
        broken = Refusal.of_invalid(invalid)
        code, detail = broken.code, broken.detail
    outcome = Outcome(ctr, code, seq, detail, clock, chains.body_hash(body))
    write_outcome(txn, origin, outcome, body if code not in ACCEPTED else None, read)
    return outcome


def _apply(
    txn: Txn, office: Office, state: State, origin: Origin, entry: Entry, stamp: Stamp
) -> None:
    """Judge and, if nothing was refused, write.  Raises Refusal or Invalid before any put."""
    ctr, seq = stamp[CTR], stamp[STAMP_SEQ]
    if entry.ctx.foreign.get(origin.replica, 0) >= ctr:
        raise Refusal(Code.INVALID, "Its context holds what its author had not written yet.")
    for dot in entry.hard:
        if dot.replica == origin.replica and dot.ctr >= ctr:
            raise Refusal(Code.INVALID, "It stands on what its author had not written yet.")
        cause = read_outcome(txn, dot.replica, dot.ctr)
        if cause is not None and cause.code not in ACCEPTED:
            raise Refusal.dependent(dot)
    if entry.schema > state.schema:
        raise Refusal(Code.SCHEMA, f"Schema version {entry.schema} is not known to this hub.")
    catalog, references = office.schema(txn, state.schema)
    foreign = {}
    for replica, hi in entry.ctx.foreign.items():
        known = read_origin(txn, replica)
        if known is not None:
            foreign[known.number] = hi
    source = Source(
        stamp,
        Author(origin.number, ctr, entry.ctx.base_seq, foreign),
        lambda number: office.replica_of(txn, number),
    )
    space = Workspace(txn, catalog, references, seq)
    Judge(space, entry, source, lambda rec: refused_create(txn, rec)).run()
    space.flush()
