"""Histories: who wrote what on top of what, as concurrent as chance makes them.

An event's past is closed, as gossip in causal order keeps it: whoever has seen an event has
seen what that one had seen.  Clocks obey :func:`satchel.model.hlc.tick`.
"""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from satchel.crdt.fold import Source
from satchel.crdt.seen import Author
from satchel.model import hlc
from satchel.model.row import make_stamp

ORIGINS = (1, 2, 3)
CREATE_CLOCK = 10
"""Everything below is written on a row that origin 9 made, and that all have seen."""


def replica_of(origin: int) -> bytes:
    """Replica ids that fall as numbers grow: a tie broken by the number would show."""
    return (255 - origin).to_bytes(8, "big")


class Event(NamedTuple):
    """A changeset of a history; ``past``: the places of the events it had seen."""

    place: int
    origin: int
    ctr: int
    clock: int
    past: frozenset[int]

    @property
    def rank(self) -> tuple[int, bytes]:
        """By what it wins or loses against what it has not seen."""
        return self.clock, replica_of(self.origin)

    def source(self, history: list[Event]) -> Source:
        """The event as the merge laws see it: nothing is decided but the create, at seq 1."""
        foreign = {
            origin: max(
                (history[at].ctr for at in self.past if history[at].origin == origin), default=0
            )
            for origin in ORIGINS
            if origin != self.origin
        }
        stamp = make_stamp(self.clock, self.origin, self.ctr, None)
        return Source(stamp, Author(self.origin, self.ctr, 1, foreign), replica_of)


@st.composite
def histories(draw: st.DrawFn, max_size: int = 7) -> list[Event]:
    """A list of events in which each comes after its past."""
    events: list[Event] = []
    for index in range(draw(st.integers(1, max_size))):
        origin = draw(st.sampled_from(ORIGINS))
        own = [event for event in events if event.origin == origin]
        seen = set(draw(st.sets(st.sampled_from(range(index)), max_size=3)) if index else ())
        seen.update(event.place for event in own)
        for at in list(seen):
            seen |= events[at].past
            mate = events[at]
            seen.update(e.place for e in events if e.origin == mate.origin and e.ctr <= mate.ctr)
        past = frozenset(seen)
        floor = max((events[at].clock for at in past), default=CREATE_CLOCK)
        now_ms = draw(st.integers(0, 2))
        events.append(Event(index, origin, len(own) + 1, hlc.tick(now_ms, floor), past))
    return events


@st.composite
def deliveries(draw: st.DrawFn, history: list[Event]) -> list[Event]:
    """The events in an order that causal delivery allows."""
    waiting, order = list(history), []
    done: set[int] = set()
    while waiting:
        ready = [event for event in waiting if event.past <= done]
        event = draw(st.sampled_from(ready))
        waiting.remove(event)
        done.add(event.place)
        order.append(event)
    return order


def canonical(history: list[Event]) -> list[Event]:
    """The order in which a device folds its overlay (sync.md 1.1)."""
    return sorted(history, key=lambda event: (event.clock, replica_of(event.origin), event.ctr))
