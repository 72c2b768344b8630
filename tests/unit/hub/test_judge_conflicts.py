"""Conflict records: nothing that lost unseen is lost unsaid, and nothing else is said."""

from __future__ import annotations

import pytest

from satchel.model.conflict import (
    AS_OF,
    KIND,
    LINK,
    LINK_REGISTER,
    LOSER,
    LOST,
    OPEN,
    WHOLE_ROW,
    WINNER,
    ConflictKind,
)
from satchel.model.outcome import Code
from satchel.model.row import CTR, ORIGIN, STAMP_SEQ, VALUES
from satchel.store import layout
from tests.unit.hub.court import (
    ADDRESS,
    CITY,
    FIRM,
    KNOWS,
    NAME,
    NOTE,
    NOTES,
    PERSON,
    PHONE,
    SIZE,
    STREET,
    WORKS_AT,
    Court,
    address,
    create,
    delete,
    link,
    put,
    restore,
    row_id,
    to,
)


def told(court: Court) -> list[tuple[int, int, dict[int, object], int]]:
    """Open records: (row, register, values, origin that lost), in key order."""
    return [
        (int.from_bytes(key.row, "big"), key.register, record[LOST], record[LOSER][ORIGIN])
        for key, record in court.open_records().items()
    ]


# -- LOST ------------------------------------------------------------------------------------------


def test_the_earlier_value_is_told_when_the_later_comes_second(court: Court) -> None:
    """The newcomer wins unseen: the present value is the loser, with both stamps and the seq."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    first = one.do(put(FIRM, 1, {SIZE: 2}), clock_ms=1)
    second = two.do(put(FIRM, 1, {SIZE: 3}), base=base, clock_ms=2)
    assert court.the_row(FIRM, 1)[VALUES][SIZE] == 3
    ((key, record),) = court.records().items()
    assert (key.table, key.row, key.register, key.seq, key.n) == (FIRM, row_id(1), SIZE, second, 0)
    assert record[KIND] == ConflictKind.LOST
    assert (record[AS_OF], record[LOST], record[OPEN], record[LINK]) == (second, {SIZE: 2}, 1, None)
    assert record[LOSER][ORIGIN:] == [1, 2, first]
    assert record[WINNER][ORIGIN:] == [2, 1, second]


def test_the_earlier_value_is_told_when_it_comes_second(court: Court) -> None:
    """The other order: the newcomer loses, its value is the record, and the row stays."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    first = one.do(put(FIRM, 1, {SIZE: 2}), clock_ms=2)
    second = two.do(put(FIRM, 1, {SIZE: 3}), base=base, clock_ms=1)
    assert court.the_row(FIRM, 1)[VALUES][SIZE] == 2
    (record,) = court.records().values()
    assert record[LOST] == {SIZE: 3}
    assert record[LOSER][ORIGIN:] == [2, 1, second]
    assert record[WINNER][ORIGIN:] == [1, 2, first]


def test_equal_values_leave_no_record(court: Court) -> None:
    """Both wrote the same: nothing was lost."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    one.do(put(FIRM, 1, {SIZE: 2}), address(1, "Oslo", None))
    two.do(put(FIRM, 1, {SIZE: 2}), address(1, "Oslo", None), base=base)
    assert court.records() == {}


def test_other_columns_do_not_conflict(court: Court) -> None:
    """Independent edits of one row merge."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    one.do(put(FIRM, 1, {SIZE: 2}))
    two.do(put(FIRM, 1, {NOTES: "n"}), address(1, "Oslo", None), base=base)
    assert court.records() == {}
    assert court.the_row(FIRM, 1)[VALUES] == {NAME: "row 1", CITY: "Oslo", NOTES: "n", SIZE: 2}


def test_a_group_is_told_whole(court: Court) -> None:
    """Two addresses never mix: all columns of the loser stand in the record, empty ones too."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(address(1, "Oslo", None), clock_ms=1)
    two.do(address(1, "Oslo", "Via"), base=base, clock_ms=2)
    assert told(court) == [(1, ADDRESS, {CITY: "Oslo", STREET: None}, 1)]


def test_a_surfaced_column_is_kept_as_a_record(court: Court) -> None:
    """Until siblings exist a memo merges as last writer wins, and the loser is kept."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, notes="a"))
    one.do(put(FIRM, 1, {NOTES: "b"}), clock_ms=1)
    two.do(put(FIRM, 1, {NOTES: "c"}), base=base, clock_ms=2)
    assert told(court) == [(1, NOTES, {NOTES: "b"}, 1)]


def test_one_changeset_may_lose_twice_in_a_register(court: Court) -> None:
    """Records of one register and seq are numbered."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    one.do(put(FIRM, 1, {SIZE: 2}), clock_ms=10)
    two.do(put(FIRM, 1, {SIZE: 3}), put(FIRM, 1, {SIZE: 4}), base=base, clock_ms=1)
    assert [(key.n, record[LOST]) for key, record in court.records().items()] == [
        (0, {SIZE: 3}),
        (1, {SIZE: 4}),
    ]


# -- closing ---------------------------------------------------------------------------------------


def dispute(court: Court) -> int:
    """Firm 1 with one open record about its size; the seq of the record."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    one.do(put(FIRM, 1, {SIZE: 2}), clock_ms=1)
    return two.do(put(FIRM, 1, {SIZE: 3}), base=base, clock_ms=2)


def test_a_write_by_someone_who_knew_closes_it(court: Court) -> None:
    """The record is filed anew at the seq of the write, closed, otherwise as it was."""
    seq = dispute(court)
    (before,) = court.records().values()
    closed = court.author().do(put(FIRM, 1, {SIZE: 4}))
    ((key, record),) = court.records().items()
    assert (key.seq, record[AS_OF], record[OPEN]) == (seq, closed, 0)
    assert record[KIND:OPEN] == before[KIND:OPEN]
    lines = [key for key in court.dump(layout.FEED)[layout.FEED] if key[8] == 2]
    assert [layout.parse_feed_key(line)[0] for line in lines] == [closed]


def test_a_write_by_someone_who_did_not_know_leaves_it_open(court: Court) -> None:
    """A cursor below the record's seq closes nothing, even where the write wins."""
    seq = dispute(court)
    court.author().do(put(FIRM, 1, {SIZE: 4}), base=seq - 1, clock_ms=100)
    assert len(court.open_records()) == 2


def test_a_write_of_another_column_leaves_it_open(court: Court) -> None:
    """Only the register it is about decides it."""
    dispute(court)
    court.author().do(put(FIRM, 1, {NOTES: "x"}), address(1, "a", "b"))
    assert len(court.open_records()) == 1


def test_a_closed_record_stays_closed(court: Court) -> None:
    """A second write does not file it again."""
    dispute(court)
    author = court.author()
    closed = author.do(put(FIRM, 1, {SIZE: 4}))
    author.do(put(FIRM, 1, {SIZE: 5}))
    (record,) = court.records().values()
    assert (record[AS_OF], record[OPEN]) == (closed, 0)


# -- BURIED ----------------------------------------------------------------------------------------


def test_an_unseen_edit_is_told_when_the_row_is_deleted(court: Court) -> None:
    """The edit was accepted, the delete wins: its author learns of it, value included."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    edit = one.do(put(FIRM, 1, {SIZE: 2}), address(1, "Oslo", None))
    seq = two.do(delete(FIRM, 1), base=base)
    assert told(court) == [
        (1, SIZE, {SIZE: 2}, 1),
        (1, ADDRESS, {CITY: "Oslo", STREET: None}, 1),
    ]
    for record in court.records().values():
        assert record[KIND] == ConflictKind.BURIED
        assert (record[LOSER][CTR], record[LOSER][STAMP_SEQ]) == (2, edit)
        assert record[WINNER][ORIGIN:] == [2, 1, seq]


def test_a_seen_edit_is_not_told(court: Court) -> None:
    """Who knew what was there has decided."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 2}))
    two.do(delete(FIRM, 1))
    assert court.records() == {}


def test_ones_own_edit_is_not_told(court: Court) -> None:
    """A device that edits and deletes offline has seen its own edit, whatever its cursor."""
    one = court.author()
    base = one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 2}), base=base)
    one.do(delete(FIRM, 1), base=base)
    assert court.records() == {}


def test_an_unseen_create_is_told_whole(court: Court) -> None:
    """What a create wrote is one record of the whole row, save what was written since."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(create(PERSON, 2, works_at=to(FIRM, 1), phone="1"))
    one.do(put(PERSON, 2, {PHONE: "2"}))
    two.do(delete(FIRM, 1), base=base)
    assert told(court) == [
        (2, WHOLE_ROW, {NAME: "row 2", WORKS_AT: to(FIRM, 1)}, 1),
        (2, PHONE, {PHONE: "2"}, 1),
    ]


def test_a_cleared_value_is_told_as_null(court: Court) -> None:
    """Clearing a column is work too."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1, size=1))
    one.do(put(FIRM, 1, {SIZE: None}))
    two.do(delete(FIRM, 1), base=base)
    assert told(court) == [(1, SIZE, {SIZE: None}, 1)]


def test_rows_that_fall_with_it_are_told(court: Court) -> None:
    """Every level below: the deleter could see none of them change."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    base = one.do(create(NOTE, 3, about=to(PERSON, 2)))
    one.do(put(NOTE, 3, {NAME: "read me"}))
    two.do(delete(FIRM, 1), base=base)
    assert told(court) == [(3, NAME, {NAME: "read me"}, 1)]


def test_a_delete_as_of_an_older_read_is_judged_by_it(court: Court) -> None:
    """The context of a delete is what the person looked at, so its base may lie below others'."""
    one, two = court.author(), court.author()
    looked = one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 2}))
    two.do(create(FIRM, 2))
    two.do(delete(FIRM, 1), base=looked)
    assert told(court) == [(1, SIZE, {SIZE: 2}, 1)]


def test_what_a_restore_brought_back_counts_as_unseen(court: Court) -> None:
    """Who got only the tombstone, restored and deleted again has not seen what is in the row."""
    one, two, three = court.author(), court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 2}))
    dead = two.do(delete(FIRM, 1))
    three.do(restore(FIRM, 1), base=dead)
    three.do(delete(FIRM, 1, 4), base=dead)
    assert told(court) == [(1, WHOLE_ROW, {NAME: "row 1"}, 1), (1, SIZE, {SIZE: 2}, 1)]
    assert base < dead


def test_the_same_holds_for_what_was_under_it(court: Court) -> None:
    """A row that came back because its parent did shows nothing to who had its tombstone."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    one.do(put(PERSON, 2, {PHONE: "1"}))
    dead = one.do(delete(FIRM, 1))
    one.do(restore(FIRM, 1))
    two.do(delete(PERSON, 2), base=dead)
    assert (2, PHONE, {PHONE: "1"}, 1) in told(court)


def test_a_delete_over_another_death_is_told_too(court: Court) -> None:
    """Parent deleted by someone who had seen the edit, child by someone who had not: when the
    parent comes back, it is the second who holds the edit down."""
    one, two, three = court.author(), court.author(), court.author()
    one.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    base = one.do(create(NOTE, 3, about=to(PERSON, 2)))
    one.do(put(PERSON, 2, {PHONE: "1"}), put(NOTE, 3, {NAME: "n"}))
    two.do(delete(FIRM, 1))
    assert told(court) == []
    three.do(delete(PERSON, 2), base=base)
    two.do(restore(FIRM, 1))
    assert not court.alive(NOTE, 3)
    assert told(court) == [(2, PHONE, {PHONE: "1"}, 1), (3, NAME, {NAME: "n"}, 1)]


def test_one_loss_is_told_once(court: Court) -> None:
    """Two who had not seen the edit delete the row and its parent: the author hears of it once."""
    one, two, three = court.author(), court.author(), court.author()
    base = one.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    one.do(put(PERSON, 2, {PHONE: "1"}))
    two.do(delete(PERSON, 2), base=base)
    three.do(delete(FIRM, 1), base=base)
    assert told(court) == [(2, PHONE, {PHONE: "1"}, 1)]


def test_a_write_after_the_restore_closes_it(court: Court) -> None:
    """Restored, and written by someone who knows of the record: decided."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(put(FIRM, 1, {SIZE: 2}))
    two.do(delete(FIRM, 1), base=base)
    one.do(restore(FIRM, 1))
    assert len(told(court)) == 1
    one.do(put(FIRM, 1, {SIZE: 2}))
    assert told(court) == []


def test_a_refused_edit_leaves_no_record(court: Court) -> None:
    """The edit that comes after the delete is refused: its author keeps it in quarantine."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    two.do(delete(FIRM, 1))
    assert one.say(put(FIRM, 1, {SIZE: 2}), base=base).code is Code.GONE
    assert court.records() == {}


# -- BURIED links -------------------------------------------------------------------------------------


@pytest.mark.parametrize("end", [(FIRM, 1), (PERSON, 2)])
def test_an_unseen_link_is_told_when_an_end_is_deleted(court: Court, end: tuple[int, int]) -> None:
    """The record lies with the end that died, names the link, and is for who made it."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1), create(PERSON, 2))
    one.do(link(KNOWS, 1, 2))
    two.do(delete(*end), base=base)
    ((key, record),) = court.records().items()
    assert (key.table, key.row, key.register) == (end[0], row_id(end[1]), LINK_REGISTER | KNOWS)
    assert record[KIND] == ConflictKind.BURIED_LINK
    assert (record[LINK], record[LOST]) == ([KNOWS, row_id(1), row_id(2)], {})
    assert record[LOSER][ORIGIN : CTR + 1] == [1, 2]


def test_a_seen_link_is_not_told(court: Court) -> None:
    """Who knew of the link has decided."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(PERSON, 2), link(KNOWS, 1, 2))
    two.do(delete(PERSON, 2))
    assert court.records() == {}


def test_a_link_of_a_row_that_falls_is_told(court: Court) -> None:
    """Links of the rows below count as the deleted row's own; a link between two is told once."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1), create(PERSON, 2, works_at=to(FIRM, 1)))
    one.do(link(KNOWS, 1, 2))
    two.do(delete(FIRM, 1), base=base)
    assert len(told(court)) == 1


def test_a_link_that_a_restore_brought_back_counts_as_unseen(court: Court) -> None:
    """Who stood where the end was dead never saw the link, whatever its add's seq."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(PERSON, 2))
    one.do(link(KNOWS, 1, 2))
    dead = one.do(delete(PERSON, 2))
    two.do(restore(PERSON, 2), base=dead)
    two.do(delete(PERSON, 2, 4), base=dead)
    assert (2, LINK_REGISTER | KNOWS, {}, 1) in told(court)


def test_a_link_made_again_by_someone_who_knew_closes_it(court: Court) -> None:
    """As with a column: whoever knew of the loss and links the two again has decided it."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1), create(PERSON, 2))
    one.do(link(KNOWS, 1, 2))
    two.do(delete(PERSON, 2), base=base)
    one.do(restore(PERSON, 2), base=base + 1)
    one.do(link(KNOWS, 1, 2), base=base + 1)
    assert len(told(court)) == 1
    one.do(link(KNOWS, 1, 2))
    assert told(court) == []
