"""The pull lane: brings BASE from where the store stands to the hub's head, and waits there.

Owns the circle PULL, stage, (SCHEMA), FLIP, and the hub's latest news of the schema.  Must
not know what pages, cursors, documents and flips say: the store decides whether a FLIP
fits, and BASE changes only there (sync.md 3.5).
"""

from __future__ import annotations

from satchel.model.limits import BACKOFF_MS_MIN, PULL_WAIT_MS_MAX
from satchel.sync.allowance import Allowance
from satchel.sync.answers import Flip, More, Page, Pulled, SchemaOk
from satchel.sync.effects import (
    BuildStep,
    Effect,
    InstallFlip,
    Problem,
    ReadStanding,
    SaveSchema,
    Send,
    StagePage,
)
from satchel.sync.events import (
    Answered,
    Due,
    Event,
    Failed,
    Flipped,
    Staged,
    Standing,
    StandingRead,
)
from satchel.sync.lane import ANSWER_MS, Lane
from satchel.sync.states import PULL, PullState, Signal
from satchel.wire.frame import FrameType

NEEDS_SCHEMA = "needs_schema:"


class Puller:
    """One turn: READY, then the one thing that is due (``states.PULL``).

    What is due follows from three facts, in ``_evaluate``: a schema is named that the store
    has not; a FLIP is in hand; otherwise the next PULL.  The first one after a HELLO, a
    failure or a full response is answered at once; a PULL from the hub's head waits there
    for news.

    Pages go to the store one by one.  If they were all given at once, one that fails would
    be followed by others, and by a cursor that claims it.
    """

    __slots__ = (
        "_allowance",
        "_at_head",
        "_cursor",
        "_entries",
        "_epoch",
        "_flip",
        "_link",
        "_schema",
        "_schema_wanted",
        "_sent_ms",
        "_standing",
        "_state",
        "_unstaged",
        "lane",
    )

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self._state = PullState.OFF
        self._link = b""
        self._epoch = 0
        self._standing: Standing | None = None
        self._schema = 0  # the version the store has
        self._schema_wanted = 0  # the highest version the hub has named
        self._cursor: bytes | None = None
        self._flip: Flip | None = None
        self._allowance = Allowance()
        self._at_head = False  # nothing was left to pull when we last knew
        self._sent_ms = 0
        self._entries = 0  # that the present response has brought
        self._unstaged: list[Page] = []  # the first of them is with the store

    @property
    def loading(self) -> bool:
        """Whether the store has no BASE yet."""
        return self._standing is not None and self._standing.epoch is None

    def up(
        self, event: Event, link: bytes, standing: Standing, epoch: int, schema: int
    ) -> list[Effect]:
        """There is a link to a hub of ``epoch`` whose schema is version ``schema``."""
        self._go(Signal.UP)
        self._link, self._epoch, self._schema_wanted = link, epoch, schema
        self._flip, self._at_head, self._allowance = None, False, Allowance()
        self._take(standing)
        self.lane.succeed()
        return self._evaluate(event)

    def down(self) -> list[Effect]:
        """The link is gone."""
        self._go(Signal.DOWN)
        self.lane.problem = None
        return self.lane.clear()

    def standing_read(self, event: StandingRead) -> list[Effect]:
        """Go on from where the store really stands."""
        self.lane.drop()
        self._take(event.standing)
        self._go(Signal.STANDING)
        return self._evaluate(event)

    def schema_ok(self, event: Answered, answer: SchemaOk) -> list[Effect]:
        """Store the schema before anything that needs it."""
        save = SaveSchema(answer.version, answer.document)
        self._schema = answer.version
        self.lane.drop()
        if answer.version < self._schema_wanted:
            stale = Problem("RETRY_LATER", "The hub has not the schema yet that it names.")
            return [save, *self._back_off(event, stale)]
        self._go(Signal.ANSWER)
        return [save, *self._evaluate(event)]

    def pulled(self, event: Answered, answer: Pulled) -> list[Effect]:
        """Stage what came; at the end of the response, see to it that all of it is staged."""
        self.lane.problem = None
        end = answer.end
        pages = list(answer.pages)
        brought = sum(len(page.entries) for page in pages)
        self._entries += brought
        self._allowance.took(brought)
        if isinstance(end, More):
            if self._entries == 0 and end.cursor == self._cursor:
                self.lane.drop()
                return self._back_off(event, Problem("BAD_FRAME", "The hub sends us in a circle."))
            # The last page brings the cursor along, so that both are staged as one.
            last = pages.pop() if pages else Page([], None)
            pages.append(Page(last.entries, end.cursor))
            self._cursor = end.cursor
            self._allowance.more(end.head)
            self._at_head = False
            self.lane.succeed()
        effects = self._stage([page for page in pages if page.entries or page.cursor is not None])
        if end is None:
            return effects
        self._go(Signal.ANSWER)
        self.lane.awaits = Staged
        if isinstance(end, Flip):
            return [*effects, *self._flip_came(event, end)]
        return [*effects, *self._all_staged(event)]

    def staged(self, event: Staged) -> list[Effect]:
        """One page more is safe."""
        if not self.lane.waits_for(event.request) or not self._unstaged:
            return []
        _, *left = self._unstaged
        self._unstaged = []
        effects = self._stage(left)
        return [*effects, *self._all_staged(event)]

    def flipped(self, event: Flipped) -> list[Effect]:
        """What the store made of the FLIP in hand; "fork" is the session's business."""
        flip = self._flip
        assert flip is not None
        assert self._standing is not None
        if event.result == "building":
            self._go(Signal.BUILD)
            return [BuildStep(self.lane.begin(Flipped), flip)]
        self.lane.drop()
        if event.result == "installed":
            self._standing = self._standing._replace(epoch=flip.epoch, s=flip.s, cursor=flip.cursor)
            return self._reached_head(event, flip)
        if event.result.startswith(NEEDS_SCHEMA):
            version = int(event.result.removeprefix(NEEDS_SCHEMA))
            if version > self._schema:
                self._schema_wanted = max(self._schema_wanted, version)
                self._go(Signal.FETCH)
                return self._evaluate(event)
        # It does not start where the store stands, or the schema we saved is not there.
        return self._back_off(event, Problem("REREAD", "The store has moved on; pulling anew."))

    def failed(self, event: Failed) -> list[Effect]:
        """Back off; then ask the store where it stands."""
        problem = Problem(event.code, event.message)
        return self._back_off(event, problem, event.retry_after_ms)

    def due(self, _event: Due) -> list[Effect]:
        """The wait is over."""
        self.lane.rang()
        return self._resume()

    def hurry(self, event: Event) -> list[Effect]:
        """A person does not want to wait; nor for a poll that may hang on a dead connection."""
        self.lane.backoff.reset()
        if self._state is PullState.PULLING and self._at_head and not self._entries:
            self._at_head = False
            self._go(Signal.DUE)
            return [*self.lane.clear(), *self._evaluate(event)]
        return self._resume()

    def poke(self) -> list[Effect]:
        """The network works for someone else: if it was our trouble, try again."""
        if not self.lane.unreachable:
            return []
        self.lane.problem = None
        return self._resume()

    def _resume(self) -> list[Effect]:
        if self._state is not PullState.WAITING:
            return []
        self._go(Signal.DUE)
        return [*self.lane.clear(), ReadStanding("pull", self.lane.begin(StandingRead))]

    def _evaluate(self, event: Event) -> list[Effect]:
        """Do what is due: the lane is READY and waits for nothing."""
        if self._schema < self._schema_wanted:
            self._go(Signal.FETCH)
            payload = {"version": self._schema_wanted}
            request = self.lane.begin(SchemaOk)
            return [Send("pull", request, FrameType.SCHEMA, payload, ANSWER_MS, self._link)]
        if self._flip is not None:
            self._go(Signal.INSTALL)
            return [InstallFlip(self.lane.begin(Flipped), self._flip)]
        return self._pull(event)

    def _pull(self, event: Event) -> list[Effect]:
        self._go(Signal.PULL)
        self._sent_ms, self._entries, self._unstaged = event.now_ms, 0, []
        wait_ms = PULL_WAIT_MS_MAX if self._at_head else 0
        payload = {"cursor": self._cursor, "max": self._allowance.bytes_max, "wait": wait_ms}
        timeout_ms = wait_ms + ANSWER_MS
        request = self.lane.begin(Pulled)
        return [Send("pull", request, FrameType.PULL, payload, timeout_ms, self._link)]

    def _stage(self, pages: list[Page]) -> list[Effect]:
        """Add to what is to be staged; the effect for the first of it, if the store is idle."""
        assert self._standing is not None
        idle = not self._unstaged
        self._unstaged += pages
        if not idle or not self._unstaged:
            return []
        page, from_s = self._unstaged[0], self._standing.s
        return [StagePage(self.lane.request, self._epoch, from_s, page.entries, page.cursor)]

    def _flip_came(self, event: Event, flip: Flip) -> list[Effect]:
        assert self._standing is not None
        news = (
            self._standing.epoch is None
            or self._entries > 0
            or flip.s != self._standing.s
            or flip.from_s != self._standing.s
            or flip.safe_seq is not None
        )
        if news:
            self._schema_wanted = max(self._schema_wanted, flip.schema)
            self._flip = flip
            return self._all_staged(event)
        self.lane.drop()
        if self._at_head and event.now_ms - self._sent_ms < BACKOFF_MS_MIN:
            # A poll that ends at once with nothing, at a hub that is going down perhaps:
            # asking again at once would be a busy loop across the network.
            self._go(Signal.FAIL)
            return self.lane.fail(None, event.jitter)
        return self._reached_head(event, flip)

    def _reached_head(self, event: Event, flip: Flip) -> list[Effect]:
        """Nothing is left to pull: wait at the hub for news."""
        self._flip, self._cursor = None, flip.cursor
        self._at_head, self._allowance = True, Allowance()
        self.lane.succeed()
        self._go(Signal.DONE)
        return self._evaluate(event)

    def _all_staged(self, event: Event) -> list[Effect]:
        if self._unstaged or self._state is not PullState.STAGING:
            return []
        self.lane.drop()
        self._go(Signal.STAGED)
        return self._evaluate(event)

    def _back_off(
        self, event: Event, problem: Problem, at_least_ms: int | None = None
    ) -> list[Effect]:
        self._go(Signal.FAIL)
        self._flip, self._at_head = None, False
        return self.lane.fail(problem, event.jitter, at_least_ms)

    def _take(self, standing: Standing) -> None:
        self._standing = standing
        self._schema, self._cursor = standing.schema, standing.cursor

    def _go(self, signal: Signal) -> None:
        self._state = PULL[self._state][signal]
