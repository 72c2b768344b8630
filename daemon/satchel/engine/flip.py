"""T3, the FLIP: BASE moves from S to S' in one transaction, and decided work leaves.

New rows in, decided changesets out of log and overlay (refused ones into quarantine,
accepted ones into the archive), VIEW refolded where either changed, S advanced, one journal
line.  BASE is never a mixture of S and S', and own work neither vanishes nor counts twice.
"""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from satchel.crdt.liveness import RowKey
from satchel.engine import base, journal, log, stage
from satchel.engine.decided import Confirmed, Decided, nothing_confirmed, retire
from satchel.engine.fold import Folder
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica, State, decided, read_state
from satchel.engine.viewspace import LinkKey
from satchel.model import limits
from satchel.model.feed import Line
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn


class Flip(NamedTuple):
    """The end of a pull (PROTOCOL.md, "FLIP"): from (epoch, base) to seq."""

    epoch: int
    base: int
    cursor: bytes
    seq: int
    schema: int
    hub_now: int

    @classmethod
    def read(cls, wire: list[Any]) -> Flip:
        epoch, start, cursor, seq, _, schema, _, _, hub_now, _ = wire
        return cls(epoch, start, cursor, seq, schema, hub_now)


class Installed(Enum):
    """What became of a FLIP."""

    DONE = "installed"
    IGNORED = "ignored"
    NEEDS_SCHEMA = "needs_schema"
    FORK = "fork"
    TOO_LARGE = "building"


def install(
    txn: Txn,
    replica: Replica,
    flip: Flip,
    now_ms: int,
    confirmed: Confirmed = nothing_confirmed,
) -> Installed:
    """Install a FLIP whose stage fits one transaction.

    ``confirmed``: which receipts need not outlive their log records (sync.md 5.4).

    IGNORED: the device stands elsewhere.  NEEDS_SCHEMA: fetch ``flip.schema`` first.  FORK:
    the hub's history of this replica is not this store's; nothing is dropped.  TOO_LARGE:
    build it aside (:mod:`satchel.engine.build`).
    """
    state = read_state(txn)
    obstacle = check(txn, replica, state, flip)
    if obstacle is not None:
        return obstacle
    if state.generation == 0 or stage.exceeds(txn, limits.FLIP_ROWS_MAX, limits.FLIP_BYTES_MAX):
        return Installed.TOO_LARGE
    if state.schema != flip.schema:
        state._replace(schema=flip.schema).write(txn)
    moment = Moment(txn, replica)
    rows, links, events = _install_base(txn, moment)
    gone = retire(txn, moment, own_outcomes(txn), flip, now_ms, confirmed)
    folder = Folder(moment)
    overlaid = txn.count(layout.VIEW) > 0
    for key in dict.fromkeys((*rows, *gone.rows)):
        if overlaid:
            folder.refold_row(key)
        else:
            moment.space.set_row(key, moment.space.base(key))
    for link in dict.fromkeys((*links, *gone.links)):
        folder.refold_link(link)
    moment.space.settle()
    journal.append(txn, moment.space.flush(txn), [*events, *gone.events])
    stage.clear(txn)
    _advance(state, flip).write(txn)
    return Installed.DONE


def check(txn: ReadTxn, replica: Replica, state: State, flip: Flip) -> Installed | None:
    """Why a FLIP cannot be installed here and now, or None.

    That it ends the very response whose pages are staged is the session's to know: it hears
    the answer to its latest request only.
    """
    if (state.epoch, state.seq) != (flip.epoch, flip.base):
        return Installed.IGNORED
    if flip.seq == flip.base and txn.count(layout.STG):
        return Installed.IGNORED  # an old "nothing new", and a pass is under way
    if txn.get(layout.SCH, layout.seq_key(flip.schema)) is None:
        return Installed.NEEDS_SCHEMA
    processed, chain = staged_decided(txn, replica.identity.replica)
    if not log.chain_matches(txn, replica.identity.replica, processed, chain):
        return Installed.FORK
    return None


def staged_decided(txn: ReadTxn, own: bytes) -> tuple[int, bytes]:
    """(processed, chain) of this replica as of the staged S'."""
    for item in stage.staged(txn, Line.ORIGIN):
        if item[3] == own:
            return item[4], item[5]
    return decided(txn, own)


def own_outcomes(txn: ReadTxn) -> dict[int, Decided]:
    """Counter to outcome of the own changesets that the staged pass reports."""
    return {
        item[2]: Decided(item[3], item[1], item[4]) for item in stage.staged(txn, stage.OUTCOMES)
    }


def _install_base(txn: Txn, moment: Moment) -> tuple[list[RowKey], list[LinkKey], list[list[Any]]]:
    """Write the stage into the present generation; what it touched, and events to tell."""
    generation, space = moment.state.generation, moment.space
    rows, links, events = [], [], []
    for item in list(stage.staged(txn, Line.ROW)):
        key = (item[2], item[3])
        space.base(key), space.row(key)
        _, row = base.put_row(txn, generation, item)
        space.set_base(key, row)
        rows.append(key)
    for item in list(stage.staged(txn, Line.LINK)):
        space.link((item[2], item[3], item[4]))
        links.append(base.put_link(txn, generation, item))
    for item in list(stage.staged(txn, Line.CONFLICT)):
        base.put_conflict(txn, generation, item)
        events.append([journal.CONFLICT, item[2], item[3]])
    for item in list(stage.staged(txn, Line.ORIGIN)):
        base.put_origin(txn, item)
    return rows, links, events


def _advance(state: State, flip: Flip) -> State:
    return state._replace(
        epoch=flip.epoch, seq=flip.seq, cursor=flip.cursor, schema=flip.schema, pass_cursor=None
    )
