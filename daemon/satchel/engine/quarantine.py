"""QTN: refused changesets and exactly those that depended on them: kept, explained, fixable.

Nothing leaves by itself (sync.md 3.4).  A person tries again, edits and tries again,
discards or exports.  A second try is a new changeset with a new counter and a fresh
context; its dependants are offered in the same order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, Protocol

from satchel.engine import journal, refused
from satchel.engine.commit import Randomness, Request, commit
from satchel.engine.log import LogRecord
from satchel.engine.moment import Moment
from satchel.engine.replica import Replica
from satchel.engine.viewspace import Changes
from satchel.engine.wishes import wishes_of
from satchel.model.changeset import LINK_OPS, Entry
from satchel.model.errors import Missing, Mistake
from satchel.model.ids import Dot
from satchel.model.outcome import Code
from satchel.model.row import is_dead
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry


class Verdict(Protocol):
    """The outcome that sent a changeset here."""

    @property
    def code(self) -> int: ...

    @property
    def seq(self) -> int: ...

    @property
    def detail(self) -> dict[str, Any] | None: ...


class Parked(NamedTuple):
    """A quarantined changeset: its bytes, why it is here, and how its rows looked in BASE.

    ``before`` holds [table, id, row blob or None] for each row it was on.
    """

    body: bytes
    code: int
    seq: int
    detail: dict[str, Any] | None
    written_ms: int
    parked_ms: int
    before: list[list[Any]]

    @property
    def cause(self) -> Dot | None:
        """The refused changeset it stood on, if that is why it is here."""
        named = (self.detail or {}).get("cause")
        return Dot(*named) if self.code == Code.DEP and named else None


def admit(
    txn: Txn,
    moment: Moment,
    ctr: int,
    record: LogRecord,
    entry: Entry,
    verdict: Verdict,
    now_ms: int,
) -> None:
    """Take in a refused changeset, in the transaction that takes it out of the log."""
    keys = dict.fromkeys((op[1], op[2]) for op in entry.ops if op[0] not in LINK_OPS)
    before = []
    for key in keys:
        raw = txn.get(layout.ROW, layout.row_key(moment.state.generation, *key))
        before.append([*key, raw])
    parked = Parked(
        record.body, verdict.code, verdict.seq, verdict.detail, record.time_ms, now_ms, before
    )
    own = moment.replica.identity.replica
    txn.put(layout.QTN, layout.log_key(own, ctr), pack(list(parked)))


def read(txn: ReadTxn, dot: Dot) -> Parked:
    """Raises Missing NO_SUCH_ENTRY."""
    raw = txn.get(layout.QTN, layout.log_key(*dot))
    if raw is None:
        raise Missing(
            "NO_SUCH_ENTRY",
            f"Change {dot.ctr} is not in quarantine.",
            "List what is there with: satchel quarantine",
        )
    return Parked(*unpack(raw))


def entries(txn: ReadTxn, after: Dot | None = None) -> Iterator[tuple[Dot, Parked]]:
    """The quarantined changesets past ``after``, in order."""
    start = layout.log_key(*after) + b"\0" if after is not None else b""
    for key, raw in txn.scan(layout.QTN, start):
        yield Dot(*layout.parse_log_key(key)), Parked(*unpack(raw))


Dependants = dict[Dot, list[Dot]]
"""From a refused changeset to those in quarantine that are here only because of it."""


def read_dependants(txn: ReadTxn) -> Dependants:
    """What stands on what in quarantine: one pass over it."""
    found: Dependants = {}
    for at, parked in entries(txn):
        if parked.cause is not None:
            found.setdefault(parked.cause, []).append(at)
    return found


def dependants(known: Dependants, dot: Dot) -> list[Dot]:
    """The quarantined changesets that are here because of ``dot``, transitively, in order."""
    found: list[Dot] = []
    waiting = [dot]
    while waiting:
        direct = known.get(waiting.pop(), [])
        found += direct
        waiting += direct
    return sorted(found)


def retry(
    txn: Txn,
    replica: Replica,
    dot: Dot,
    world: Randomness,
    *,
    with_dependants: bool = True,
    restore: bool = False,
    edits: Mapping[int, Mapping[str, Any]] | None = None,
) -> list[dict[str, Any]]:
    """Write the changeset anew, edited at the op positions that ``edits`` names.

    ``restore``: bring back deleted rows it is on first ("restore and re-apply").  Returns
    the receipts, the changeset's own first.  Raises model errors; the transaction must then
    be aborted, for an earlier part may have been written.
    """
    receipts = []
    for at in [dot, *(dependants(read_dependants(txn), dot) if with_dependants else [])]:
        parked = read(txn, at)
        moment = Moment(txn, replica)
        wishes = wishes_of(moment.catalog, decode_entry(parked.body))
        if at == dot:
            _edit(wishes, edits or {})
        if restore:
            wishes = _restores(moment, wishes) + wishes
        receipts.append(commit(txn, replica, wishes, Request(None, 0, 0), world))
        _leave(txn, at, parked)
    return receipts


def discard(txn: Txn, dot: Dot) -> None:
    """Drop one changeset for good, on a person's word.  Raises Missing NO_SUCH_ENTRY."""
    _leave(txn, dot, read(txn, dot))
    journal.append(txn, Changes([], []), [[journal.DISCARD, dot.ctr]])


def _leave(txn: Txn, dot: Dot, parked: Parked) -> None:
    """Take a changeset out; that it was refused stays known to whatever stands on it."""
    txn.delete(layout.QTN, layout.log_key(*dot))
    refused.remember(txn, dot, parked.seq, parked.code, parked.parked_ms)


def _edit(wishes: list[dict[str, Any]], edits: Mapping[int, Mapping[str, Any]]) -> None:
    for position, columns in edits.items():
        if not 0 <= position < len(wishes) or "columns" not in wishes[position]:
            raise Mistake(
                "BAD_REQUEST",
                f"Operation {position} of this change has no columns to edit.",
                "See its operations with: satchel quarantine show",
            )
        wishes[position]["columns"].update(columns)


def _restores(moment: Moment, wishes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    restores = []
    named = dict.fromkeys((w["table"], w["id"]) for w in wishes if w["do"] in ("update", "upsert"))
    for table_name, rec in named:
        _, key = moment.place(table_name, rec)
        row = moment.space.row(key)
        if row is not None and is_dead(row):
            restores.append({"do": "restore", "table": table_name, "id": rec})
    return restores
