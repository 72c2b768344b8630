"""What is remembered of a refused changeset: that it was, whatever became of it since.

While it waits in quarantine its entry there says so; when a person has discarded it or tried
it anew, a record without a body in the archive does.  Work that stands on it asks here.
"""

from __future__ import annotations

from satchel.model.ids import Dot
from satchel.model.outcome import ACCEPTED
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack


def was_refused(txn: ReadTxn, dot: Dot) -> bool:
    """Whether an own changeset was refused."""
    key = layout.log_key(*dot)
    if txn.get(layout.QTN, key) is not None:
        return True
    raw = txn.get(layout.ARC, key)
    return raw is not None and unpack(raw)[2] not in ACCEPTED


def remember(txn: Txn, dot: Dot, seq: int, code: int, when_ms: int) -> None:
    """Note that a changeset leaving quarantine had been refused."""
    txn.put(layout.ARC, layout.log_key(*dot), pack([b"", seq, code, when_ms]))
