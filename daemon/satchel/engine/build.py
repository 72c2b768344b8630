"""Large deltas are built aside: a second generation of BASE, switched in by a FLIP.

The first download, and any stage too large for one transaction, is written into the next
generation in transactions of bounded size, while apps go on reading (and writing over) the
present one (sync.md 3.5).  The switch itself touches only rows with overlay entries, and what
hangs on them.  Every step is resumable: where the build stands is one record in META.  The
generation that was left behind is swept away in steps of its own.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.crdt.liveness import RowKey
from satchel.engine import base, journal, stage
from satchel.engine.decided import Confirmed, nothing_confirmed, retire
from satchel.engine.flip import Flip, Installed, check, own_outcomes
from satchel.engine.fold import Folder
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica, State, read_state
from satchel.engine.viewspace import Changes, LinkKey
from satchel.model import limits
from satchel.model.feed import Line
from satchel.model.row import is_dead
from satchel.schema.references import References
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn, prefix_end
from satchel.wire.codec import pack, unpack

_BUILD = b"build"
_OLD = b"old_generation"

_GENERATIONS = 255
"""Generation numbers are one byte; 0 means none yet."""

_COPIED = (layout.ROW, layout.LNK, layout.CNF)
"""What is copied from the present generation.  REF is not: it also holds lookups of VIEW as it
was at that moment, and follows from the rows."""

_LOADED = frozenset((Line.ROW, Line.LINK, Line.CONFLICT))
"""Staged kinds that the new generation takes over; origins and outcomes wait for the switch."""


class Build(NamedTuple):
    """A generation being built: for which FLIP, which part is under way, and from where.

    ``part`` counts through the databases copied from the present generation, then the
    stage; ``position`` is the key to go on after.
    """

    flip: list[Any]
    generation: int
    part: int
    position: bytes


def start(txn: Txn, flip_wire: list[Any]) -> None:
    """Begin the build for a FLIP.  No other pull runs until it is switched in or dropped."""
    state = read_state(txn)
    assert read_build(txn) is None, "one build at a time"
    part = len(_COPIED) if state.generation == 0 else 0
    _write(txn, Build(flip_wire, state.generation % _GENERATIONS + 1, part, b""))


def step(
    txn: Txn, replica: Replica, now_ms: int, confirmed: Confirmed = nothing_confirmed
) -> Installed:
    """Do one bounded piece of the build; DONE when it has been switched in.

    Raises nothing of its own; IGNORED means that the build no longer fits where the device
    stands and was dropped.
    """
    if sweep(txn):
        return Installed.TOO_LARGE
    build = read_build(txn)
    if build is None:
        return Installed.IGNORED
    state = read_state(txn)
    flip = Flip.read(build.flip)
    obstacle = check(txn, replica, state, flip)
    if obstacle is Installed.IGNORED:
        _abandon(txn, build.generation)
        txn.delete(layout.META, _BUILD)
        stage.discard(txn)
        return obstacle
    if obstacle is not None:
        return obstacle
    if build.part < len(_COPIED):
        _write(txn, _copy(txn, replica, state, build))
        return Installed.TOO_LARGE
    following = _load(txn, replica, build, flip)
    if following is not None:
        _write(txn, following)
        return Installed.TOO_LARGE
    _switch(txn, replica, state, build, flip, now_ms, confirmed)
    return Installed.DONE


def read_build(txn: ReadTxn) -> Build | None:
    """The build under way, or None."""
    raw = txn.get(layout.META, _BUILD)
    return Build(*unpack(raw)) if raw is not None else None


def _write(txn: Txn, build: Build) -> None:
    txn.put(layout.META, _BUILD, pack(list(build)))


def _copy(txn: Txn, replica: Replica, state: State, build: Build) -> Build:
    """Copy a run of one database of the present generation into the new one."""
    db = _COPIED[build.part]
    prefix = layout.gen_prefix(state.generation)
    begin = build.position + b"\0" if build.position else prefix
    run: list[tuple[bytes, bytes]] = []
    size, whole = 0, True
    for pair in txn.scan(db, begin, prefix_end(prefix)):
        size += len(pair[1])
        if run and (len(run) == limits.BUILD_ROWS_MAX or size > limits.BUILD_BYTES_MAX):
            whole = False
            break
        run.append(pair)
    new = layout.gen_prefix(build.generation)
    if db == layout.ROW:
        _, references = replica.schema(txn, state.schema)
        for key, value in run:
            if txn.get(layout.STG, layout.stg_key(Line.ROW, key[1:])) is not None:
                continue  # the stage brings it: what would be copied would be overwritten
            txn.put(db, new + key[1:], value)
            _, table, rec = layout.parse_row_key(key)
            base.put_references(txn, build.generation, references, (table, rec), unpack(value))
    else:
        for key, value in run:
            txn.put(db, new + key[1:], value)
    if whole:
        return build._replace(part=build.part + 1, position=b"")
    return build._replace(position=run[-1][0])


def _load(txn: Txn, replica: Replica, build: Build, flip: Flip) -> Build | None:
    """Write a run of the stage into the new generation; None when there is no more."""
    begin = build.position + b"\0" if build.position else b""
    run = stage.staged_from(txn, begin, limits.BUILD_ROWS_MAX, limits.BUILD_BYTES_MAX)
    if not run:
        return None
    _, references = replica.schema(txn, flip.schema)
    for key, item in run:
        kind = key[0]
        if kind == Line.ROW:
            _load_row(txn, build.generation, references, item)
        elif kind == Line.LINK:
            base.put_link(txn, build.generation, item)
        elif kind == Line.CONFLICT:
            base.put_conflict(txn, build.generation, item)
        if kind in _LOADED:
            txn.delete(layout.STG, key)
    return build._replace(position=run[-1][0])


def _load_row(txn: Txn, generation: int, references: References, item: list[Any]) -> None:
    """Write a row over the one that was copied, if one was."""
    key = (item[2], item[3])
    copied = txn.get(layout.ROW, layout.row_key(generation, *key))
    if copied is not None:
        base.drop_references(txn, generation, references, key, unpack(copied))
    _, row = base.put_row(txn, generation, item)
    base.put_references(txn, generation, references, key, row)


def _switch(
    txn: Txn,
    replica: Replica,
    state: State,
    build: Build,
    flip: Flip,
    now_ms: int,
    confirmed: Confirmed,
) -> None:
    """The FLIP of a built generation: one small transaction (sync.md 3.5)."""
    for item in list(stage.staged(txn, Line.ORIGIN)):
        base.put_origin(txn, item)
    outcomes = own_outcomes(txn)
    moved = state._replace(
        epoch=flip.epoch,
        seq=flip.seq,
        generation=build.generation,
        schema=flip.schema,
        cursor=flip.cursor,
        pass_cursor=None,
    )
    moved.write(txn)
    moment = Moment(txn, replica)
    gone = retire(txn, moment, outcomes, flip, now_ms, confirmed)
    rows, links = _overlaid(txn)
    folder = Folder(moment)
    for key in dict.fromkeys((*rows, *gone.rows)):
        folder.refold_row(key)
    for link in dict.fromkeys((*links, *gone.links)):
        folder.refold_link(link)
    moment.space.settle(also=[key for key in rows if _lives_otherwise(moment, key)])
    moment.space.flush(txn)
    for key in rows:
        moment.space.index(txn, key)
    journal.append(txn, Changes([], []), [[journal.RELOAD], *gone.events])
    if state.generation:
        txn.put(layout.META, _OLD, pack(state.generation))
    txn.delete(layout.META, _BUILD)
    stage.clear(txn)


def _overlaid(txn: Txn) -> tuple[list[RowKey], list[LinkKey]]:
    """Every row and link that VIEW holds anything of."""
    rows: dict[RowKey, None] = {}
    links: dict[LinkKey, None] = {}
    for raw, _ in txn.scan(layout.VIEW):
        key = layout.parse_view_key(raw)
        if key.link:
            links[key.number, key.a, key.b] = None
        else:
            rows[key.number, key.a] = None
    return list(rows), list(links)


def _lives_otherwise(moment: Moment, key: RowKey) -> bool:
    """Whether the row is dead in VIEW only, or alive there only.

    Then what is under it, or refers to it, must follow: of the rows that came with the new
    generation nobody has asked yet.
    """
    row, below = moment.space.row(key), moment.space.base(key)
    return (row is not None and is_dead(row)) != (below is not None and is_dead(below))


def sweep(txn: Txn) -> bool:
    """Remove a run of a generation that is no longer read; True while there may be more."""
    raw = txn.get(layout.META, _OLD)
    if raw is None:
        return False
    prefix = layout.gen_prefix(unpack(raw))
    for db in (*_COPIED, layout.REF):
        if txn.delete_prefix(db, prefix, limits.BUILD_ROWS_MAX):
            return True
    txn.delete(layout.META, _OLD)
    return False


def _abandon(txn: Txn, generation: int) -> None:
    """Let a half-built generation be cleared before anything is built again."""
    txn.put(layout.META, _OLD, pack(generation))
