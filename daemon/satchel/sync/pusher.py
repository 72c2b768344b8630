"""The push lane: brings the outbox to the hub, in counter order, until nothing is left.

Owns two counters: how far the outbox reaches, and how far the hub is known to have
decided.  Both are hints in memory; the log in the store is the truth, a changeset leaves
it only at a FLIP, and a lost answer is answered by sending the same bytes again
(sync.md 3.3).  Must not know what a changeset says.

One bundle is in flight at a time and the next is read when its answer is here: with
bundles of up to 1,000 changesets or 1 MiB that costs one round trip per megabyte, and
spares a window whose parts arrive out of order.
"""

from __future__ import annotations

from satchel.model.limits import BUNDLE_BYTES_MAX, BUNDLE_ENTRIES_MAX
from satchel.sync.answers import Pushed
from satchel.sync.effects import Effect, Problem, ReadOutbox, Send
from satchel.sync.events import Answered, Due, Failed, OutboxRead
from satchel.sync.lane import ANSWER_MS, Lane
from satchel.sync.states import PUSH, PushState, Signal
from satchel.wire.frame import FrameType

BUNDLE_FORMAT = 1


class Pusher:
    """One turn: IDLE, read the outbox, send a bundle, IDLE (``states.PUSH``).

    Work is a level: the outbox reaches further (``_head``) than what needs no push any more
    (``_done``).  Every change of either is followed by ``_evaluate``, so a wake that arrives
    in mid-flight is found when the flight is over.
    """

    __slots__ = ("_asked", "_done", "_head", "_link", "_replica", "_sent", "_state", "lane")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._state = PushState.OFF
        self._link = b""
        self._replica = b""
        self._head = 0  # the outbox reaches this far
        self._done = 0  # decided by the hub, or no longer in the outbox
        self._sent = 0  # the highest counter that may have reached the hub
        self._asked = 0  # what _head was when the outbox was read

    def up(self, link: bytes, replica: bytes, processed: int) -> list[Effect]:
        """There is a link, and the hub's chain at ``processed`` is ours."""
        self._go(Signal.UP)
        self._link, self._replica = link, replica
        self._done = processed
        self._sent = max(self._sent, processed)
        self.lane.succeed()
        return self._evaluate()

    def down(self) -> list[Effect]:
        """The link is gone."""
        self._go(Signal.DOWN)
        self.lane.problem = None
        return self.lane.clear()

    def wake(self, head_ctr: int) -> list[Effect]:
        """The outbox reaches up to ``head_ctr``."""
        self._head = max(self._head, head_ctr)
        return self._evaluate()

    def outbox_read(self, event: OutboxRead) -> list[Effect]:
        """Send what the outbox gave, or rest if it had nothing."""
        self.lane.drop()
        if not event.entries:
            # Up to _asked all was written before the outbox was read: it has left since,
            # decided and flipped.  What was written later shows in _head.
            self._done = max(self._done, self._asked)
            self.lane.succeed()
            self._go(Signal.EMPTY)
            return self._evaluate()
        self._head = max(self._head, event.last_ctr)
        self._sent = max(self._sent, event.last_ctr)
        self._go(Signal.READ)
        bundle = [
            BUNDLE_FORMAT,
            self._replica,
            event.first_ctr,
            event.prev_chain,
            list(event.entries),
            event.last_ctr,
            None,  # signatures of bundles: the link is authenticated, and nobody relays yet
        ]
        request = self.lane.begin(Pushed)
        payload = {"bundle": bundle}
        return [Send("push", request, FrameType.PUSH, payload, ANSWER_MS, self._link)]

    def contradicts(self, answer: Pushed) -> bool:
        """Whether the hub has decided more than this store ever sent, or less than before.

        A twin is at work, or the hub was set back: HELLO will tell, chains in hand.
        """
        return not self._done <= answer.processed <= self._sent

    def pushed(self, event: Answered, answer: Pushed) -> list[Effect]:
        """The hub decided up to ``processed``; what it still needs is waited for, not skipped."""
        progress = answer.processed > self._done
        self._done = max(self._done, answer.processed)
        if progress:
            self.lane.succeed()
        if progress and not answer.need:
            self.lane.drop()
            self._go(Signal.ANSWER)
            return self._evaluate()
        self.lane.drop()
        self._go(Signal.FAIL)
        waits = Problem("RETRY_LATER", "The hub cannot judge the next change yet; it is kept.")
        return self.lane.fail(waits, event.jitter)

    def failed(self, event: Failed) -> list[Effect]:
        """Back off.  Nothing is known about what was sent, so the outbox is read again."""
        self._go(Signal.FAIL)
        problem = Problem(event.code, event.message)
        return self.lane.fail(problem, event.jitter, event.retry_after_ms)

    def due(self, _event: Due) -> list[Effect]:
        """The wait is over."""
        self.lane.rang()
        return self._resume()

    def hurry(self) -> list[Effect]:
        """A person does not want to wait."""
        self.lane.backoff.reset()
        return self._resume()

    def poke(self) -> list[Effect]:
        """The network works for someone else: if it was our trouble, try again."""
        if not self.lane.unreachable:
            return []
        self.lane.problem = None
        return self._resume()

    def _resume(self) -> list[Effect]:
        if self._state is not PushState.WAITING:
            return []
        self._go(Signal.DUE)
        return [*self.lane.clear(), *self._evaluate()]

    def _evaluate(self) -> list[Effect]:
        if self._state is not PushState.IDLE or self._head <= self._done:
            return []
        self._go(Signal.WORK)
        self._asked = self._head
        request = self.lane.begin(OutboxRead)
        return [ReadOutbox(request, self._done, BUNDLE_ENTRIES_MAX, BUNDLE_BYTES_MAX)]

    def _go(self, signal: Signal) -> None:
        self._state = PUSH[self._state][signal]
