"""One register of one row: who wins, with which stamp, and what is told of the loser."""

from __future__ import annotations

from satchel.crdt import register
from satchel.crdt.register import Loss, Written
from satchel.model.row import RESTORED, STAMPS, VALUES, Row, Stamp, stamp_of
from tests.unit.crdt.stamps import author, replica_of, row, stamp

CITY, STREET, ADDRESS = 2, 3, 20


def write(
    target: Row, values: dict[int, object], at: Stamp, base: int = 0, key: int | None = None
) -> Written:
    """Write one register as the changeset behind ``at``."""
    column = key if key is not None else next(iter(values))
    writer = author(at[1], at[2], base)
    return register.write(target, column, dict(values), at, writer, replica_of)


def test_a_write_that_has_seen_the_value_wins_whatever_its_clock() -> None:
    """A seen value always yields, and leaves no loss."""
    target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
    assert write(target, {CITY: "Rome"}, stamp(3, 1), base=5) == Written(True, None)
    assert target[VALUES] == {CITY: "Rome"}


def test_a_seen_higher_stamp_raises_the_writer() -> None:
    """The stamp of a register never falls: it becomes one above what was seen, equal included."""
    for clock in (3, 1000):
        target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
        write(target, {CITY: "Rome"}, stamp(clock, 1), base=5)
        assert stamp_of(target, CITY) == stamp(1001, 1)


def test_a_lower_seen_stamp_raises_nothing() -> None:
    """A clock already above what was seen is kept."""
    target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
    write(target, {CITY: "Rome"}, stamp(1001, 1), base=5)
    assert stamp_of(target, CITY) == stamp(1001, 1)


def test_an_unseen_lower_value_is_overwritten_and_reported() -> None:
    """The later of two that had not seen each other wins; the earlier is the loss."""
    target = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
    written = write(target, {CITY: "Rome"}, stamp(11, 1))
    assert written == Written(True, Loss(CITY, {CITY: "Oslo"}, stamp(10, 2, 1, 5), stamp(11, 1)))
    assert target[VALUES] == {CITY: "Rome"}


def test_an_unseen_higher_value_stays_and_the_newcomer_is_reported() -> None:
    """The earlier of two that had not seen each other loses, also when it comes last."""
    target = row({CITY: "Oslo"}, stamp(12, 2, 1, 5))
    written = write(target, {CITY: "Rome"}, stamp(11, 1))
    assert written == Written(False, Loss(CITY, {CITY: "Rome"}, stamp(11, 1), stamp(12, 2, 1, 5)))
    assert target == row({CITY: "Oslo"}, stamp(12, 2, 1, 5))


def test_ties_are_broken_by_the_replica_not_by_its_number() -> None:
    """At equal clocks the higher replica id wins, whatever number the hub gave it."""
    assert replica_of(1) > replica_of(2)
    low_first = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
    assert write(low_first, {CITY: "Rome"}, stamp(10, 1)).won
    high_first = row({CITY: "Oslo"}, stamp(10, 1, 1, 5))
    assert not write(high_first, {CITY: "Rome"}, stamp(10, 2)).won


def test_an_equal_value_is_no_loss() -> None:
    """Where both wrote the same nothing is lost, whichever stamp stays."""
    for clock in (9, 11):
        target = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
        assert write(target, {CITY: "Oslo"}, stamp(clock, 1)).loss is None


def test_a_group_wins_or_loses_whole() -> None:
    """Columns of a group never mix: the loss names all of them, empty ones as None."""
    target = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
    written = write(target, {CITY: "Oslo", STREET: "Main"}, stamp(11, 1), key=ADDRESS)
    before = {CITY: "Oslo", STREET: None}
    assert written.loss == Loss(ADDRESS, before, stamp(10, 2, 1, 5), stamp(11, 1))
    assert target[VALUES] == {CITY: "Oslo", STREET: "Main"}
    write(target, {CITY: None, STREET: "Side"}, stamp(12, 1, 2), key=ADDRESS)
    assert target[VALUES] == {STREET: "Side"}
    assert target[STAMPS] == {ADDRESS: stamp(12, 1, 2)}


def test_a_cleared_column_has_been_written() -> None:
    """Clearing is a write like any other: it stands against an unseen earlier value."""
    target = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
    write(target, {CITY: None}, stamp(20, 2, 2, 6))
    assert CITY not in target[VALUES]
    written = write(target, {CITY: "Rome"}, stamp(15, 1))
    assert written == Written(False, Loss(CITY, {CITY: "Rome"}, stamp(15, 1), stamp(20, 2, 2, 6)))


def test_what_nobody_wrote_gives_way_to_anybody() -> None:
    """A column that the create left out has no value to defend, however late the create was."""
    target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
    assert write(target, {STREET: "Main"}, stamp(3, 1)) == Written(True, None)
    assert stamp_of(target, STREET) == stamp(3, 1)


def test_a_group_with_one_value_has_been_written() -> None:
    """A create that gave one column of a group has written the group."""
    target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
    assert not register.never_written(target, ADDRESS, (CITY, STREET))
    assert not write(target, {CITY: None, STREET: "Main"}, stamp(3, 1), key=ADDRESS).won


def test_one_changeset_may_write_a_register_twice() -> None:
    """The second write of a changeset wins over its first under the same, raised stamp."""
    target = row({CITY: "Oslo"}, stamp(1000, 2, 1, 5))
    write(target, {CITY: "Rome"}, stamp(3, 1, 4), base=5)
    assert write(target, {CITY: "Bonn"}, stamp(3, 1, 4), base=5) == Written(True, None)
    assert (target[VALUES], stamp_of(target, CITY)) == ({CITY: "Bonn"}, stamp(1001, 1, 4))


def test_what_a_restore_brought_back_counts_as_unseen() -> None:
    """Who knew only the tombstone has not seen the values that a restore brought back."""
    target = row({CITY: "Oslo"}, stamp(10, 2, 1, 5))
    target[2][RESTORED] = 8
    assert write(target, {CITY: "Rome"}, stamp(20, 1), base=7).loss is not None


def test_maps_stay_in_ascending_order() -> None:
    """Values and stamps are canonical after any write: equal rows are equal bytes."""
    target = row({5: "e", 7: "g"})
    for column in (6, 1, 9, 3):
        write(target, {column: column}, stamp(20, 1))
    assert list(target[VALUES]) == [1, 3, 5, 6, 7, 9]
    assert list(target[STAMPS]) == [1, 3, 6, 9]
