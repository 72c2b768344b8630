"""Request ids: a repeated command takes effect once (sync.md 5.4, I22).

The receipt of a command lies in its log record; when a FLIP takes the record, the receipt
moves to REQ.  This window is the index over both, rebuilt at start.  What a transaction
adds is staged and counts only once the transaction has returned, so an abort leaves the
window true to the disk.
"""

from __future__ import annotations

from typing import Any

from satchel.engine import log
from satchel.engine.commit import Request
from satchel.model import limits
from satchel.model.errors import Clash
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack

Receipt = dict[str, Any]


class _Session:
    """One client session: the receipts it may still ask for, and the highest it may not."""

    __slots__ = ("confirmed", "highest", "last_ms", "receipts")

    def __init__(self) -> None:
        self.receipts: dict[int, Receipt] = {}
        self.confirmed = 0
        self.highest = 0
        self.last_ms = 0

    def keep(self, number: int, confirmed: int, receipt: Receipt, time_ms: int) -> None:
        self.receipts[number] = receipt
        self.highest = max(self.highest, number)
        self.last_ms = max(self.last_ms, time_ms)
        self.confirm(confirmed)
        while len(self.receipts) > limits.SESSION_RECEIPTS_MAX:
            self.confirm(min(self.receipts))

    def confirm(self, confirmed: int) -> None:
        if confirmed > self.confirmed:
            self.confirmed = confirmed
            for number in [n for n in self.receipts if n <= confirmed]:
                del self.receipts[number]


class RequestWindow:
    """The receipts of all client sessions of one store."""

    def __init__(self, txn: ReadTxn, replica: bytes) -> None:
        self._sessions: dict[bytes, _Session] = {}
        self._staged: dict[bytes, dict[int, tuple[int, Receipt, int]]] = {}
        for key, raw in txn.prefix(layout.REQ, b""):
            session, number = layout.parse_req_key(key)
            receipt, confirmed, time_ms = unpack(raw)
            self._keep(session, number, confirmed, receipt, time_ms)
        for _, record in log.records(txn, replica):
            if record.session is not None:
                self._keep(
                    record.session, record.number, record.confirmed, record.receipt, record.time_ms
                )

    def knows(self, session: bytes) -> bool:
        """Whether this store holds a receipt of the session."""
        return session in self._sessions

    def answered(self, session: bytes, number: int) -> Receipt | None:
        """The receipt of a repeated command, or None if it is new and may run.

        Raises Clash SESSION_EXPIRED for a number whose receipt is no longer kept, and Clash
        DENIED_EARLIER for one that was denied before a later command took effect: running
        it now would change the order.
        """
        known = self._sessions.get(session)
        staged = self._staged.get(session)
        if staged is not None:
            if number in staged:
                return staged[number][1]
            if number < max(staged) and (known is None or number > known.highest):
                raise _denied_earlier(number)
        if known is None or number > known.highest:
            return None
        if number in known.receipts:
            return known.receipts[number]
        if number <= known.confirmed:
            raise Clash(
                "SESSION_EXPIRED",
                f"The answer to request {number} is no longer kept; it was not run again.",
                "Read the row, decide, and send a new request.",
            )
        raise _denied_earlier(number)

    def stage(
        self, session: bytes, number: int, confirmed: int, receipt: Receipt, now_ms: int
    ) -> None:
        """Remember a receipt that the running transaction has written."""
        self._staged.setdefault(session, {})[number] = (confirmed, receipt, now_ms)

    def settle(self, committed: bool) -> None:
        """The transaction has returned (``committed``) or was aborted."""
        if committed:
            for session, receipts in self._staged.items():
                for number, (confirmed, receipt, now_ms) in receipts.items():
                    self._keep(session, number, confirmed, receipt, now_ms)
        self._staged.clear()

    def confirm(self, session: bytes, confirmed: int) -> None:
        """The app has its answers up to ``confirmed``."""
        known = self._sessions.get(session)
        if known is not None:
            known.confirm(confirmed)

    def confirmed(self, session: bytes) -> int:
        """Up to which number the app of a session has its answers, as far as known."""
        known = self._sessions.get(session)
        return known.confirmed if known is not None else 0

    def expire(self, now_ms: int) -> int:
        """Forget sessions a week past their last command: none is let in again by then (the
        server knows a session for a week from its issue).  Returns how many."""
        old = [
            session
            for session, known in self._sessions.items()
            if known.last_ms < now_ms - limits.SESSION_MS
        ]
        for session in old:
            del self._sessions[session]
        return len(old)

    def _keep(
        self, session: bytes, number: int, confirmed: int, receipt: Receipt, time_ms: int
    ) -> None:
        self._sessions.setdefault(session, _Session()).keep(number, confirmed, receipt, time_ms)


def _denied_earlier(number: int) -> Clash:
    return Clash(
        "DENIED_EARLIER",
        f"Request {number} was denied before, and later ones have taken effect since.",
        "Send it as a new request if it is still wanted.",
    )


def keep(txn: Txn, name: Request, receipt: Receipt, now_ms: int) -> None:
    """Write the receipt of a command that has no log record of its own."""
    if name.session is not None:
        kept = [receipt, name.confirmed, now_ms]
        txn.put(layout.REQ, layout.req_key(name.session, name.number), pack(kept))


def trim(txn: Txn, now_ms: int, limit: int = 64) -> int:
    """Drop receipts a week past their command: nobody repeats those.  Returns how many.

    Session ids begin with the time of their issue, so the oldest come first.
    """
    old: list[bytes] = []
    for key, raw in txn.prefix(layout.REQ, b""):
        if len(old) == limit or unpack(raw)[2] > now_ms - limits.SESSION_MS:
            break
        old.append(key)
    for key in old:
        txn.delete(layout.REQ, key)
    return len(old)
