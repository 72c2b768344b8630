"""Merge laws: whatever order causal delivery allows, the same row, and every loss is told.

Each law takes a history and two orders in which its events may arrive.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from satchel.crdt import life, orset
from satchel.crdt.fold import Source, apply_link_op, apply_row_op, fold_row
from satchel.crdt.register import Loss
from satchel.crdt.seen import Author
from satchel.model import changeset as cs
from satchel.model import hlc
from satchel.model.row import (
    CTR,
    HLC,
    LENGTH,
    LIFE,
    ORIGIN,
    VALUES,
    Row,
    Stamp,
    copy_row,
    make_stamp,
    new_row,
    stamp_of,
)
from tests.laws.histories import CREATE_CLOCK, Event, canonical, deliveries, histories, replica_of

ID = bytes(16)
NAME, A, B, GROUP = 1, 2, 3, 20


def made() -> Row:
    """The row that all have seen."""
    return new_row(make_stamp(CREATE_CLOCK, 9, 1, 1), {NAME: "row", A: -1})


def apply(
    order: list[Event], history: list[Event], ops: dict[int, cs.Op]
) -> tuple[Row, list[Loss]]:
    """The row after the events in this order, and what was lost on the way."""
    row = made()
    losses: list[Loss] = []
    for event in order:
        after = apply_row_op(row, ops[event.place], event.source(history), losses)
        assert after is not None
        row = after
    return row, losses


def dot(stamp: Stamp) -> tuple[int, int]:
    """Which changeset a stamp is of."""
    return stamp[ORIGIN], stamp[CTR]


@st.composite
def two_orders(draw: st.DrawFn) -> tuple[list[Event], list[Event], list[Event]]:
    """A history and two of its deliveries."""
    history = draw(histories())
    return history, draw(deliveries(history)), draw(deliveries(history))


Orders = tuple[list[Event], list[Event], list[Event]]


@given(two_orders())
def test_a_register_is_the_same_in_every_order(orders: Orders) -> None:
    """And it is the value of the highest (clock, replica): a write always beats what it has seen."""
    history, one, two = orders
    ops = {event.place: [cs.SET, 1, ID, {A: event.place}] for event in history}
    rows = [apply(order, history, ops)[0] for order in (one, two)]
    assert rows[0] == rows[1]
    assert rows[0][VALUES][A] == max(history, key=lambda event: event.rank).place


@given(two_orders())
def test_a_group_never_mixes(orders: Orders) -> None:
    """All its columns are of one write, the same in every order."""
    history, one, two = orders
    writes: dict[int, dict[int, Any]] = {
        event.place: {A: event.place, B: event.place if event.place % 2 else None}
        for event in history
    }
    ops = {event.place: [cs.GROUP, 1, ID, GROUP, writes[event.place]] for event in history}
    rows = [apply(order, history, ops)[0] for order in (one, two)]
    assert rows[0] == rows[1]
    shown = {A: rows[0][VALUES].get(A), B: rows[0][VALUES].get(B)}
    assert shown == writes[max(history, key=lambda event: event.rank).place]


@given(two_orders(), st.data())
def test_columns_do_not_touch_each_other(orders: Orders, data: st.DataObject) -> None:
    """Ops on several columns and groups commute as each of them does, and folding in canonical
    order gives that same row."""
    history, one, two = orders
    kinds: dict[int, cs.Op] = {}
    for event in history:
        columns = data.draw(st.sets(st.sampled_from([5, 6, 7]), min_size=1))
        kinds[event.place] = data.draw(
            st.sampled_from(
                [
                    [cs.SET, 1, ID, dict.fromkeys(sorted(columns), event.place)],
                    [cs.GROUP, 1, ID, GROUP, {A: event.place, B: None}],
                ]
            )
        )
    row, _ = apply(one, history, kinds)
    assert apply(two, history, kinds)[0] == row
    work = [(event.source(history), [kinds[event.place]]) for event in canonical(history)]
    assert fold_row(made(), work) == row


@given(two_orders())
def test_nothing_is_lost_unsaid(orders: Orders) -> None:
    """A write is in the row, or someone who had seen it wrote after it, or it is a reported loss;
    what was overwritten knowingly is not reported for that."""
    history, order, _ = orders
    ops = {event.place: [cs.SET, 1, ID, {A: event.place}] for event in history}
    row, losses = apply(order, history, ops)
    told = {loss.values[A] for loss in losses}
    known = {at for event in history for at in event.past}
    for event in history:
        assert event.place == row[VALUES][A] or event.place in known or event.place in told
    assert row[VALUES][A] not in told - known
    for loss in losses:
        assert dot(loss.stamp) != dot(loss.winner)
        assert (loss.stamp[HLC], replica_of(loss.stamp[ORIGIN])) < (
            loss.winner[HLC],
            replica_of(loss.winner[ORIGIN]),
        )


@given(two_orders(), st.data())
def test_links_are_the_same_in_every_order(orders: Orders, data: st.DataObject) -> None:
    """Live are the adds that no later add has seen and no remove has named."""
    history, one, two = orders
    ops: dict[int, cs.Op] = {}
    taken: set[tuple[int, int]] = set()
    for event in history:
        seen = [history[at] for at in sorted(event.past)]
        live = [e for e in seen if ops[e.place][0] == cs.LINK]
        removes: bool = data.draw(st.booleans())
        if live and removes:
            named = [[replica_of(e.origin), e.ctr] for e in live]
            ops[event.place] = [cs.UNLINK, 40, ID, ID, named]
        else:
            ops[event.place] = [cs.LINK, 40, ID, ID]
        taken.update((e.origin, e.ctr) for e in live)
    ends = []
    for order in (one, two):
        stamps: list[Stamp] = []
        for event in order:
            stamps = apply_link_op(stamps, ops[event.place], event.source(history))
        ends.append(stamps)
    assert ends[0] == ends[1]
    adds = {(e.origin, e.ctr) for e in history if ops[e.place][0] == cs.LINK}
    assert {dot(stamp) for stamp in ends[0]} == adds - taken


@given(two_orders())
def test_lives_are_the_same_in_every_order(orders: Orders) -> None:
    """Each counts one up from what its author saw: the longest wins, and none is skipped."""
    history, one, two = orders
    leads: dict[int, int] = {}
    for event in history:
        leads[event.place] = 1 + max((leads[at] for at in event.past), default=1)
    for order in (one, two):
        row = made()
        for event in order:
            life.change(row, leads[event.place], event.source(history).stamp)
        assert row[LIFE][LENGTH] == max(leads.values())


@given(two_orders())
def test_delete_wins_over_concurrent_edits(orders: Orders) -> None:
    """Whatever the clocks say, and whichever comes first, the row is dead."""
    history, one, two = orders
    ops: dict[int, cs.Op] = {e.place: [cs.SET, 1, ID, {A: e.place}] for e in history}
    ops[history[-1].place] = [cs.DELETE, 1, ID, 2]
    for order in (one, two):
        row, _ = apply(order, history, ops)
        assert row[LIFE][LENGTH] == 2


@given(histories())
def test_the_order_of_clocks_extends_causal_order(history: list[Event]) -> None:
    """The canonical order of a fold never puts a changeset before one that it has seen."""
    done: set[int] = set()
    for event in canonical(history):
        assert event.past <= done
        done.add(event.place)


@given(st.integers(0, 1 << 47), st.integers(0, 1 << 63))
def test_a_clock_is_now_but_above_what_it_stands_on(now_ms: int, floor: int) -> None:
    """Never at or below its floor, never below the wall clock, and no higher than one of them asks."""
    clock = hlc.tick(now_ms, floor)
    assert clock > floor
    assert hlc.to_ms(clock) >= now_ms
    assert clock in (hlc.from_ms(now_ms), floor + 1)


@given(st.integers(0, 1 << 64), st.integers(0, 1 << 46), st.integers(0, 1 << 20))
def test_a_clamp_only_lowers(clock: int, now_ms: int, ahead_ms: int) -> None:
    """What is not ahead is left alone; what is ahead is exactly at the bound."""
    clamped = hlc.clamp(clock, now_ms, ahead_ms)
    bound = hlc.from_ms(now_ms + ahead_ms)
    assert clamped == (clock if clock <= bound else bound)


@given(
    st.lists(
        st.tuples(st.sampled_from((1, 2, 3)), st.integers(0, 8), st.integers(0, 9)), max_size=12
    )
)
def test_a_stamp_never_falls(writes: list[tuple[int, int, int]]) -> None:
    """With any clocks, clamped or set back, the (clock, replica) of a register only rises, and
    who has seen the present value always replaces it."""
    row = made()
    ctrs = dict.fromkeys((1, 2, 3), 0)
    for seq, (origin, clock, back) in enumerate(writes, 2):
        ctrs[origin] += 1
        stamp = make_stamp(clock, origin, ctrs[origin], seq)
        author = Author(origin, ctrs[origin], max(1, seq - 1 - back), {})
        present = stamp_of(row, A)
        seen = author.seen(present)
        before = copy_row(row)
        losses: list[Loss] = []
        apply_row_op(row, [cs.SET, 1, ID, {A: seq}], Source(stamp, author, replica_of), losses)
        after = stamp_of(row, A)
        assert (after[HLC], replica_of(after[ORIGIN])) >= (
            present[HLC],
            replica_of(present[ORIGIN]),
        )
        if seen:
            assert (row[VALUES][A], losses) == (seq, [])
        elif row != before:
            assert [loss.values for loss in losses] == [{A: before[VALUES][A]}]


@given(st.lists(st.tuples(st.sampled_from((1, 2, 3)), st.booleans()), max_size=10), st.data())
def test_a_remove_never_takes_what_it_does_not_name(
    steps: list[tuple[int, bool]], data: st.DataObject
) -> None:
    """However wild the dots, exactly the named adds go and the others stay in their order."""
    stamps = [make_stamp(clock, origin, clock, None) for clock, (origin, _) in enumerate(steps, 1)]
    named = data.draw(st.lists(st.sampled_from(stamps))) if stamps else []
    dots = [[replica_of(stamp[ORIGIN]), stamp[CTR]] for stamp in named]
    kept = orset.remove(stamps, [*dots, [bytes(8), 99]], replica_of)
    assert kept == [stamp for stamp in stamps if stamp not in named]
