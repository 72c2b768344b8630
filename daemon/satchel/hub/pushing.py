"""A PUSH as the hub carries it out: slice after slice, each a transaction of its own.

Owns the order of slices and what a fault of the judge means to the rest (sync.md 3.3).
Between two slices others get their turn, so that a thousand changesets of one device do
not hold them up.
"""

from __future__ import annotations

import logging
from typing import Final

from satchel.hub import answers
from satchel.hub.admission import authorise
from satchel.hub.answers import Answer
from satchel.hub.desk import Desk
from satchel.hub.outcomes import Outcome
from satchel.hub.push import Bundle, JudgeFault, Need, Pushed, push
from satchel.model import limits
from satchel.model.errors import Denied, Unavailable
from satchel.model.ids import dot_text
from satchel.store.txn import Txn
from satchel.wire import chain as chains
from satchel.wire.envelope import Certificate

log = logging.getLogger(__name__)


class PushJob:
    """One bundle on its way."""

    def __init__(self, req: int, desk: Desk, certificate: Certificate, bundle: Bundle) -> None:
        """Raises Denied NOT_ALLOWED for a bundle that is not the device's own."""
        if bundle.replica != certificate.replica:
            raise Denied("NOT_ALLOWED", "A device pushes its own work only.")
        self.desk: Final = desk
        self._req: Final = req
        self._certificate: Final = certificate
        self._rest = bundle
        self._outcomes: list[Outcome] = []
        self._need: list[Need] = []
        self._processed = 0
        self._head = 0

    def step(self, now_ms: int) -> Answer | None:
        """Decide the next slice, in one transaction.  None: there is more, call again.

        Raises Denied, Trouble FORK or EPOCH, or Unavailable RETRY_LATER if the judge
        failed; what was decided before stays decided, and the device pushes again.
        """
        slice_ = self._rest._replace(entries=self._rest.entries[: limits.HUB_BATCH_MAX])
        try:
            self._note(self._push(slice_, now_ms))
        except JudgeFault as fault:
            raise self._excuse(slice_, fault, now_ms) from fault
        self.desk.faults.pop(slice_.replica, None)
        self._rest = _after(self._rest, len(slice_.entries))
        if self._rest.entries and not self._need:
            return None
        return answers.pushed(
            self._req, self._processed, self._outcomes, self._need, self._head, now_ms
        )

    def _push(self, slice_: Bundle, now_ms: int) -> Pushed:
        def work(txn: Txn) -> Pushed:
            authorise(txn, self._certificate, now_ms)
            return push(txn, self.desk.office, slice_, now_ms)

        return self.desk.write(work)

    def _note(self, pushed: Pushed) -> None:
        self._outcomes += pushed.outcomes
        self._need = pushed.need
        self._processed, self._head = pushed.processed, pushed.head

    def _excuse(self, slice_: Bundle, fault: JudgeFault, now_ms: int) -> Unavailable:
        """Decide what came before the changeset on which the judge failed, and say later.

        A bug is no verdict: only a person may make a refusal of it.
        """
        before = slice_.entries[: fault.dot.ctr - slice_.first]
        if before:
            self._note(self._push(slice_._replace(entries=before), now_ms))
        name = dot_text(fault.dot)
        log.error("judging %s failed", name, exc_info=fault.__cause__)
        self.desk.faults[slice_.replica] = f"judging {name} failed: {fault.__cause__!r}"[:300]
        return Unavailable(
            "RETRY_LATER",
            f"The hub failed on change {name}; its administrator has been told.",
            details={"replica": fault.dot.replica.hex(), "ctr": fault.dot.ctr},
        )


def _after(bundle: Bundle, count: int) -> Bundle:
    """What is left of a bundle behind its first ``count`` entries."""
    chain = bundle.prev_chain
    for ctr, body in enumerate(bundle.entries[:count], bundle.first):
        chain = chains.extend(chain, bundle.replica, ctr, chains.body_hash(body))
    return bundle._replace(
        first=bundle.first + count, prev_chain=chain, entries=bundle.entries[count:]
    )
