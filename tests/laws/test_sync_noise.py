"""The law of late events: no event, however wrong its moment or number, breaks a session."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.model.errors import CODES
from satchel.sync.answers import Flip, HelloOk, More, Page, Pulled, Pushed, SchemaOk
from satchel.sync.effects import Cancel, Report, Send
from satchel.sync.events import (
    Answered,
    Asked,
    ChainChecked,
    Due,
    Event,
    Failed,
    Flipped,
    OutboxRead,
    Staged,
    Standing,
    StandingRead,
    Started,
    Stopped,
    Woke,
)
from satchel.sync.session import Session

NOW = st.integers(0, 10**6)
JITTER = st.floats(0, 1, exclude_max=True)
LANE = st.sampled_from(["hello", "push", "pull"])
REQUEST = st.integers(0, 9)  # so few that many are the one that is waited for
SMALL = st.integers(0, 3)
CURSOR = st.sampled_from([None, b"a", b"b"])
PAGES = st.lists(st.builds(Page, st.lists(SMALL, max_size=2), CURSOR), max_size=3).map(tuple)
FLIPS = st.builds(
    Flip, SMALL, SMALL, st.just(b"c"), SMALL, st.just([]), SMALL,
    st.none(), st.none(), NOW, st.none(),
)  # fmt: skip
ANSWERS = (
    st.builds(
        HelloOk, st.integers(1, 2), SMALL, SMALL, SMALL, st.just(b"c" * 32),
        st.just(b"l" * 16), NOW, SMALL,
    )
    | st.builds(SchemaOk, SMALL, st.just(b""))
    | st.builds(Pushed, SMALL, st.just(()), st.sampled_from([(), ((b"q", 1, 1),)]), SMALL, NOW)
    | st.builds(Pulled, PAGES, st.none() | FLIPS | st.builds(More, st.just(b"m"), SMALL))
)  # fmt: skip
STANDINGS = st.builds(
    Standing, st.just(b""), st.just(b""), st.just(b""), SMALL, st.none() | SMALL, SMALL,
    CURSOR, SMALL,
)  # fmt: skip
RESULTS = st.sampled_from(["installed", "ignored", "needs_schema:2", "building", "fork"])
EVENTS: st.SearchStrategy[Event] = st.one_of(
    st.builds(Started, NOW, JITTER),
    st.builds(Stopped, NOW, JITTER),
    st.builds(Woke, NOW, JITTER, SMALL),
    st.builds(Asked, NOW, JITTER, st.sampled_from(["now", "pause", "resume"])),
    st.builds(Answered, NOW, JITTER, LANE, REQUEST, ANSWERS),
    st.builds(Failed, NOW, JITTER, LANE, REQUEST, st.sampled_from(sorted(CODES)), st.just("")),
    st.builds(StandingRead, NOW, JITTER, REQUEST, STANDINGS),
    st.builds(
        OutboxRead, NOW, JITTER, REQUEST, SMALL, st.just(b"c" * 32),
        st.sampled_from([(), (b"e",)]), SMALL,
    ),
    st.builds(ChainChecked, NOW, JITTER, REQUEST, st.booleans()),
    st.builds(Staged, NOW, JITTER, REQUEST),
    st.builds(Flipped, NOW, JITTER, REQUEST, RESULTS),
    st.builds(Due, NOW, JITTER, LANE),
)  # fmt: skip


@settings(max_examples=400)
@given(st.lists(EVENTS, max_size=60))
def test_no_event_breaks_a_session(events: list[Event]) -> None:
    """Whatever is said, in any order and under any number, is taken without an error; a lane
    has one request on the network, and a request ends before the next begins."""
    session = Session(b"seed")
    running: dict[str, int] = {}
    for event in [Started(0, 0.5), *events]:
        effects = session.handle(event)
        match event:
            case Failed() | Answered() if running.get(event.lane) == event.request:
                # A piece of a pull leaves the request running; the session then cancels it.
                if not (isinstance(event, Answered) and is_piece(event)):
                    del running[event.lane]
        for effect in effects:
            if isinstance(effect, Cancel):
                running.pop(effect.lane, None)
            if isinstance(effect, Send):
                assert effect.lane not in running
                running[effect.lane] = effect.request
        reports = [effect for effect in effects if isinstance(effect, Report)]
        assert [report.status for report in reports] == [session.status] * len(reports)


def is_piece(event: Answered) -> bool:
    """Whether more of this answer would follow."""
    return isinstance(event.answer, Pulled) and event.answer.end is None
