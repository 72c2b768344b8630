"""What waits for the hub: bundles for the pusher, pages for people."""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.engine import log, quarantine
from satchel.engine.fold import Folder
from satchel.engine.log import LogRecord
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica, decided
from satchel.engine.wishes import wishes_of
from satchel.model import limits
from satchel.model.errors import Missing
from satchel.model.ids import Dot
from satchel.model.outcome import code_name, plain_detail
from satchel.store import layout
from satchel.store.txn import ReadTxn
from satchel.wire.codec import pack, unpack


class Bundle(NamedTuple):
    """A run of own changesets, ready for PUSH: the i-th entry has counter ``first + i``."""

    first: int
    prev_chain: bytes
    entries: list[bytes]

    @property
    def last(self) -> int:
        """The highest counter in it; ``first - 1`` if it is empty."""
        return self.first + len(self.entries) - 1


def read_bundle(txn: ReadTxn, own: bytes, after: int, entries_max: int, bytes_max: int) -> Bundle:
    """The own changesets past ``after``, at most so many and so large, at least one."""
    processed, chain = decided(txn, own)
    after = max(after, processed)
    if after > processed:
        before = log.read_record(txn, own, after)
        if before is None:
            after = processed
        else:
            chain = before.chain
    bodies: list[bytes] = []
    size = 0
    for _, record in log.records(txn, own, after=after):
        size += len(record.body)
        if bodies and (len(bodies) == entries_max or size > bytes_max):
            break
        bodies.append(record.body)
    return Bundle(after + 1, chain, bodies)


def waiting(txn: ReadTxn, own: bytes) -> int:
    """How many own changesets are undecided as of S."""
    return log.read_head(txn, own).ctr - decided(txn, own)[0]


def oldest_ms(txn: ReadTxn, own: bytes) -> int | None:
    """When the oldest waiting changeset was written, or None."""
    for _, record in log.records(txn, own):
        return record.time_ms
    return None


def page(txn: ReadTxn, replica: Replica, after: int, limit: int | None) -> dict[str, Any]:
    """A page of the outbox for people."""
    moment = Moment(txn, replica)
    own = replica.identity.replica
    count = min(limit or limits.LIST_ROWS_DEFAULT, limits.LIST_ROWS_MAX)
    shown: list[dict[str, Any]] = []
    following = None
    size = 0
    for ctr, record in log.records(txn, own, after=after):
        one = _shown(moment, ctr, record)
        size += len(pack(one))
        if shown and (len(shown) == count or size > limits.REPLY_BYTES_TARGET):
            following = shown[-1]["ctr"]
            break
        shown.append(one)
    return {"entries": shown, "next": following, "total": waiting(txn, own)}


def show(txn: ReadTxn, replica: Replica, ctr: int) -> dict[str, Any]:
    """One waiting changeset, what it stands on, and whether it is hidden: in no view, since
    that was refused, until the hub says so of it too (sync.md 2.4).

    Raises Missing NO_SUCH_ENTRY.
    """
    record = log.read_record(txn, replica.identity.replica, ctr)
    if record is None:
        raise Missing(
            "NO_SUCH_ENTRY",
            f"Change {ctr} is not in the outbox.",
            "List what is there with: satchel outbox",
        )
    moment = Moment(txn, replica)
    shown = _shown(moment, ctr, record)
    entry = record.entry()
    shown["depends_on"] = [dot.ctr for dot in entry.hard]
    shown["hidden"] = Folder(moment).is_orphan(Dot(replica.identity.replica, ctr))
    shown["context"] = {"base_seq": entry.ctx.base_seq, "rows_seq": entry.ctx.rows_seq}
    return shown


def state_of(txn: ReadTxn, own: bytes, ctr: int) -> dict[str, Any] | None:
    """How far an own changeset is, as the store knows: None if it never was written here.

    ``durable`` while it waits in the log, ``visible`` once a FLIP holds its outcome.
    """
    if log.read_record(txn, own, ctr) is not None:
        return {"state": "durable", "code": None, "seq": None, "detail": None}
    if ctr < 1 or ctr > decided(txn, own)[0]:
        return None
    return {"state": "visible", **_verdict(txn, own, ctr)}


def _verdict(txn: ReadTxn, own: bytes, ctr: int) -> dict[str, Any]:
    """What archive or quarantine remember; nothing of a change older than both."""
    archived = txn.get(layout.ARC, layout.log_key(own, ctr))
    if archived is not None:
        _, seq, code, _ = unpack(archived)
        return {"code": code_name(code), "seq": seq, "detail": None}
    if txn.get(layout.QTN, layout.log_key(own, ctr)) is not None:
        parked = quarantine.read(txn, Dot(own, ctr))
        return {
            "code": code_name(parked.code),
            "seq": parked.seq,
            "detail": plain_detail(parked.detail),
        }
    return {"code": None, "seq": None, "detail": None}


def _shown(moment: Moment, ctr: int, record: LogRecord) -> dict[str, Any]:
    return {
        "ctr": ctr,
        "time": record.time_ms,
        "bytes": len(record.body),
        "ops": wishes_of(moment.catalog, record.entry()),
    }
