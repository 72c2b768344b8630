"""Large deltas are built aside: a second generation of BASE, switched in by a FLIP.

The first download, and any stage too large for one transaction, is written into the next
generation in transactions of bounded size, while apps go on reading (and writing over) the
present one (sync.md 3.5).  The switch itself touches only rows with overlay entries.  Every
step is resumable: where the build stands is one record in META.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.engine import base, journal, stage
from satchel.engine.decided import retire
from satchel.engine.flip import Flip, Installed, check, own_outcomes
from satchel.engine.fold import Folder
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica, State, read_state
from satchel.engine.viewspace import Changes
from satchel.model import limits
from satchel.model.feed import Line
from satchel.model.row import VALUES
from satchel.schema.references import References
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn, prefix_end
from satchel.wire.codec import pack, unpack

_BUILD = b"build"
_OLD = b"old_generation"

_GENERATIONS = 255
"""Generation numbers are one byte; 0 means none yet."""

_COPIED = (layout.ROW, layout.LNK, layout.CNF, layout.REF)


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


def step(txn: Txn, replica: Replica, now_ms: int) -> Installed:
    """Do one bounded piece of the build; DONE when it has been switched in.

    Raises nothing of its own; IGNORED means that the build no longer fits where the device
    stands and was dropped.
    """
    if _clear_old(txn):
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
        _write(txn, _copy(txn, state, build))
        return Installed.TOO_LARGE
    following = _load(txn, replica, build, flip)
    if following is not None:
        _write(txn, following)
        return Installed.TOO_LARGE
    _switch(txn, replica, state, build, flip, now_ms)
    return Installed.DONE


def read_build(txn: ReadTxn) -> Build | None:
    """The build under way, or None."""
    raw = txn.get(layout.META, _BUILD)
    return Build(*unpack(raw)) if raw is not None else None


def _write(txn: Txn, build: Build) -> None:
    txn.put(layout.META, _BUILD, pack(list(build)))


def _copy(txn: Txn, state: State, build: Build) -> Build:
    """Copy a run of one database of the present generation into the new one."""
    db = _COPIED[build.part]
    prefix = layout.gen_prefix(state.generation)
    begin = build.position + b"\0" if build.position else prefix
    run: list[tuple[bytes, bytes]] = []
    for pair in txn.scan(db, begin, prefix_end(prefix)):
        if len(run) == limits.BUILD_ROWS_MAX:
            break
        run.append(pair)
    new = layout.gen_prefix(build.generation)
    for key, value in run:
        txn.put(db, new + key[1:], value)
    if len(run) < limits.BUILD_ROWS_MAX:
        return build._replace(part=build.part + 1, position=b"")
    return build._replace(position=run[-1][0])


def _load(txn: Txn, replica: Replica, build: Build, flip: Flip) -> Build | None:
    """Write a run of the stage into the new generation; None when there is no more."""
    begin = build.position + b"\0" if build.position else b""
    run = stage.staged_from(txn, begin, limits.BUILD_ROWS_MAX)
    if not run:
        return None
    _, references = replica.schema(txn, flip.schema)
    fresh = read_state(txn).generation == 0
    for key, item in run:
        kind = key[0]
        if kind == Line.ROW:
            if not fresh:
                _drop_references(txn, build.generation, references, item)
            base.put_row(txn, build.generation, item)
            base.put_references(txn, build.generation, references, item)
        elif kind == Line.LINK:
            base.put_link(txn, build.generation, item)
        elif kind == Line.CONFLICT:
            base.put_conflict(txn, build.generation, item)
        if kind in _LOADED:
            txn.delete(layout.STG, key)
    return build._replace(position=run[-1][0])


def _drop_references(txn: Txn, generation: int, references: References, item: list[Any]) -> None:
    """Remove the REF entries that the row had as it was copied."""
    raw = txn.get(layout.ROW, layout.row_key(generation, item[2], item[3]))
    if raw is not None:
        for relation, target in references.of(item[2], unpack(raw)[VALUES]):
            txn.delete(layout.REF, layout.ref_key(generation, target, relation.number, item[3]))


def _switch(
    txn: Txn, replica: Replica, state: State, build: Build, flip: Flip, now_ms: int
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
    gone = retire(txn, moment, outcomes, flip, now_ms)
    rows, links = _overlaid(txn)
    folder = Folder(moment)
    for key in dict.fromkeys((*rows, *gone.rows)):
        folder.refold_row(key)
    for link in dict.fromkeys((*links, *gone.links)):
        folder.refold_link(link)
    moment.space.settle()
    moment.space.flush(txn)
    for key in rows:
        moment.space.index(txn, key)
    journal.append(txn, Changes([], []), [[journal.RELOAD], *gone.events])
    if state.generation:
        txn.put(layout.META, _OLD, pack(state.generation))
    txn.delete(layout.META, _BUILD)
    stage.clear(txn)


def _overlaid(txn: Txn) -> tuple[list[tuple[int, bytes]], list[tuple[int, bytes, bytes]]]:
    """Every row and link that VIEW holds anything of."""
    rows: dict[tuple[int, bytes], None] = {}
    links: dict[tuple[int, bytes, bytes], None] = {}
    for raw, _ in txn.scan(layout.VIEW):
        key = layout.parse_view_key(raw)
        if key.link:
            links[key.number, key.a, key.b] = None
        else:
            rows[key.number, key.a] = None
    return list(rows), list(links)


def _clear_old(txn: Txn) -> bool:
    """Remove a run of a generation that was switched out; True while there was some left."""
    raw = txn.get(layout.META, _OLD)
    if raw is None:
        return False
    prefix = layout.gen_prefix(unpack(raw))
    for db in _COPIED:
        if txn.delete_prefix(db, prefix, limits.BUILD_ROWS_MAX):
            return True
    txn.delete(layout.META, _OLD)
    return False


def _abandon(txn: Txn, generation: int) -> None:
    """Let a half-built generation be cleared before anything is built again."""
    txn.put(layout.META, _OLD, pack(generation))
