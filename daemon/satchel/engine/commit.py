"""T1, the local commit: a user's work becomes a changeset of this replica.

Log, overlay, VIEW, REF, journal line, counter, clock and request id are written in the one
transaction that the caller runs this in (sync.md 5.2); the app is answered only after it
has returned.  Everything that can be refused is refused before the first put, so a denied
command leaves nothing behind and others of its batch go on (5.4).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from satchel.crdt.fold import Source
from satchel.crdt.seen import Author
from satchel.engine import journal, log
from satchel.engine.log import LogRecord
from satchel.engine.moment import Moment
from satchel.engine.plan import Planner
from satchel.engine.replica import Replica
from satchel.engine.stance import Stance
from satchel.engine.version import Version
from satchel.model import hlc, limits
from satchel.model.changeset import Context, Entry
from satchel.model.errors import Invalid, Mistake
from satchel.model.ids import id_text
from satchel.model.row import HLC, VALUES, make_stamp
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack
from satchel.wire.entry import SALT_BYTES, encode_entry

_UNDECIDED_CLOCK = (1 << 64) - 1
"""Stands for the clock while a change is planned: above everything it can meet."""


class Request(NamedTuple):
    """An app's command, by the name that makes it repeatable (sync.md 5.4)."""

    session: bytes | None
    number: int
    confirmed: int


class Randomness(NamedTuple):
    """What a commit takes from the world: the time, and a source of fresh random bytes.

    ``now_ms``: this machine's clock; ``ahead_ms``: how far the hub's was ahead of it at the
    last contact, by which stamps are put right (sync.md 2.5).
    """

    now_ms: int
    random: Callable[[int], bytes]
    make_id: Callable[[], bytes]
    ahead_ms: int = 0


def commit(
    txn: Txn,
    replica: Replica,
    wishes: Sequence[Mapping[str, Any]],
    request: Request,
    world: Randomness,
) -> dict[str, Any]:
    """Write one change and return its receipt (api/messages: "receipt").

    ``wishes``: the operations as the local API words them.  Raises model errors, and has
    then written nothing.
    """
    if not wishes:
        raise Mistake("BAD_REQUEST", "A change holds at least one operation.")
    moment = Moment(txn, replica)
    own = replica.identity
    head = log.read_head(txn, own.replica)
    ctr = head.ctr + 1
    stamp = make_stamp(_UNDECIDED_CLOCK, own.number, ctr, None)
    stance = Stance(moment.state.seq, head.hlc, moment.replica_of)
    author = Author(own.number, ctr, moment.state.seq, {})
    source = Source(stamp, author, moment.replica_of)
    planner = Planner(moment, stance, source, world.make_id)
    for wish in wishes:
        planner.add(wish)
    stamp[HLC] = hlc.tick(max(world.now_ms + world.ahead_ms, 0), stance.floor)
    _refuse_large(moment, planner)
    entry = _entry(moment, stance, planner, stamp[HLC], world.random(SALT_BYTES))
    receipt = {
        "replica": own.replica.hex(),
        "ctr": ctr,
        "ids": planner.ids,
        "version": Version(moment.state.epoch, moment.state.seq, ctr).to_text(),
    }
    body = encode_entry(entry)
    chain = log.next_chain(head, own.replica, body)
    record = LogRecord(body, chain, entry.hlc, *request, receipt, world.now_ms)
    _write(txn, moment, planner, ctr, record)
    return receipt


def _entry(moment: Moment, stance: Stance, planner: Planner, clock: int, salt: bytes) -> Entry:
    ctx = Context(moment.state.epoch, stance.base_seq, stance.rows_seq, {}, None)
    return Entry(moment.state.schema, clock, ctx, sorted(stance.hard), planner.ops, None, salt)


def _refuse_large(moment: Moment, planner: Planner) -> None:
    """No row's values may outgrow a frame, by however many changes they have grown (sync.md
    1.1); the hub measures the same."""
    space = moment.space
    for key in planner.rows:
        if space.size(key) <= limits.ROW_BYTES_MAX:
            continue
        row, table = space.row(key), moment.catalog.table_number(key[0])
        assert row is not None
        assert table is not None
        size = len(pack(row[VALUES]))
        if size > limits.ROW_BYTES_MAX:
            raise Invalid(
                "TOO_BIG",
                f"The {table.name} {id_text(key[1])} would have {size} bytes; "
                f"a row has at most {limits.ROW_BYTES_MAX}.",
                "Shorten its texts.",
                {"table": table.name, "id": id_text(key[1]), "rule": "row size", "value": size},
            )


def _write(txn: Txn, moment: Moment, planner: Planner, ctr: int, record: LogRecord) -> None:
    replica = moment.replica.identity.replica
    log.append(txn, replica, ctr, record)
    for key in planner.rows:
        txn.put(layout.VIEW, layout.view_overlay_key(*key, replica, ctr), b"")
    for link in planner.links:
        txn.put(layout.VIEW, layout.view_link_overlay_key(*link, replica, ctr), b"")
    journal.append(txn, moment.space.flush(txn))
