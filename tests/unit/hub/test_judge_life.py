"""Deletes and restores at the hub: one life is written, and everything else follows from it."""

from __future__ import annotations

from satchel.model.outcome import Code
from satchel.model.row import (
    GONE,
    LENGTH,
    LIFE,
    RESTORED,
    SEQ,
    STAMP_SEQ,
    STAMPS,
    UNDER,
    VALUES,
    visible_values,
)
from satchel.store import layout
from tests.unit.hub.court import (
    BARE,
    FIRM,
    IN_UNIT,
    KNOWS,
    MAIN,
    NAME,
    NOTE,
    PERSON,
    PHONE,
    SIZE,
    TWINS,
    UNIT,
    WORKS_AT,
    Author,
    Court,
    create,
    delete,
    link,
    put,
    restore,
    row_id,
    to,
)


def family(author: Author) -> None:
    """Firm 1 with persons 2 and 3, note 4 about person 2, note 5 about the firm."""
    author.do(
        create(FIRM, 1),
        create(PERSON, 2, works_at=to(FIRM, 1)),
        create(PERSON, 3, works_at=to(FIRM, 1)),
        create(NOTE, 4, about=to(PERSON, 2)),
        create(NOTE, 5, about=to(FIRM, 1)),
    )


FAMILY = ((FIRM, 1), (PERSON, 2), (PERSON, 3), (NOTE, 4), (NOTE, 5))


def alive(court: Court) -> list[tuple[int, int]]:
    """Who of the family is alive."""
    return [at for at in FAMILY if court.alive(*at)]


def test_a_delete_writes_one_life(court: Court) -> None:
    """What falls with a row is filed anew, marked, and keeps its own life and values."""
    author = court.author()
    family(author)
    seq = author.do(delete(FIRM, 1))
    assert alive(court) == []
    assert court.the_row(FIRM, 1)[LIFE][LENGTH] == 2
    for table, number in FAMILY[1:]:
        row = court.the_row(table, number)
        assert (row[LIFE][LENGTH], row[UNDER], row[SEQ]) == (1, 1, seq)
        assert row[VALUES][NAME] == f"row {number}"
        assert row[STAMPS] is None


def test_a_restore_brings_back_exactly_what_the_delete_took(court: Court) -> None:
    """What was deleted on its own before, and what falls with that, stays dead."""
    author = court.author()
    family(author)
    author.do(delete(PERSON, 2))
    author.do(delete(FIRM, 1))
    seq = author.do(restore(FIRM, 1))
    assert alive(court) == [(FIRM, 1), (PERSON, 3), (NOTE, 5)]
    for table, number in ((FIRM, 1), (PERSON, 3), (NOTE, 5)):
        assert court.the_row(table, number)[LIFE][RESTORED] == seq
    assert court.the_row(PERSON, 2)[UNDER] is None
    author.do(restore(PERSON, 2))
    assert alive(court) == list(FAMILY)


def test_a_delete_under_a_dead_row_counts(court: Court) -> None:
    """Bringing the parent back does not bring back what somebody deleted meanwhile."""
    one, two = court.author(), court.author()
    family(one)
    base = court.head
    one.do(delete(FIRM, 1))
    two.do(delete(PERSON, 2), base=base)
    one.do(restore(FIRM, 1))
    assert alive(court) == [(FIRM, 1), (PERSON, 3), (NOTE, 5)]


def test_a_restore_under_a_dead_row_waits_for_it(court: Court) -> None:
    """A row restored on its own stays hidden until what it is under is back."""
    author = court.author()
    family(author)
    author.do(delete(PERSON, 2))
    author.do(delete(FIRM, 1))
    author.do(restore(PERSON, 2))
    assert alive(court) == []
    seq = author.do(restore(FIRM, 1))
    assert alive(court) == list(FAMILY)
    assert court.the_row(PERSON, 2)[LIFE][RESTORED] == seq


def test_equal_deletes_are_both_accepted(court: Court) -> None:
    """The second of two deletes of one row is OK and changes nothing, restores too."""
    one, two = court.author(), court.author()
    family(one)
    base = court.head
    one.do(delete(FIRM, 1))
    before = court.dump(layout.ROW)
    two.do(delete(FIRM, 1), base=base)
    assert court.dump(layout.ROW) == before
    dead = court.head
    one.do(restore(FIRM, 1))
    before = court.dump(layout.ROW)
    two.do(restore(FIRM, 1), base=dead)
    assert court.dump(layout.ROW) == before


def test_a_delete_that_meets_a_restored_row_is_refused(court: Court) -> None:
    """CONFLICT: the life it would end is not the one its author saw."""
    one, two = court.author(), court.author()
    family(one)
    base = court.head
    one.do(delete(FIRM, 1))
    one.do(restore(FIRM, 1))
    assert two.say(delete(FIRM, 1), base=base).code is Code.CONFLICT
    assert two.say(restore(FIRM, 1, 5), base=base).code is Code.CONFLICT
    assert alive(court) == list(FAMILY)
    two.do(delete(FIRM, 1, 4))


def test_a_restore_of_a_row_that_is_only_under_is_refused(court: Court) -> None:
    """CONFLICT: its own life never ended; the row above is the one to restore."""
    author = court.author()
    family(author)
    author.do(delete(FIRM, 1))
    assert author.say(restore(PERSON, 2)).code is Code.CONFLICT


def test_a_deep_tree_dies_and_comes_back(court: Court) -> None:
    """Each level follows from the one above, in the delete's own transaction."""
    author = court.author()
    family(author)
    author.do(delete(FIRM, 1))
    assert court.the_row(NOTE, 4)[SEQ] == court.head
    author.do(restore(FIRM, 1))
    assert alive(court) == list(FAMILY)


def test_ops_of_one_changeset_see_each_other(court: Court) -> None:
    """A restore lets the same changeset edit what came back with it; a delete forbids it."""
    author = court.author()
    family(author)
    author.do(delete(FIRM, 1))
    author.do(restore(FIRM, 1), put(PERSON, 2, {PHONE: "1"}), create(NOTE, 9, about=to(PERSON, 2)))
    assert court.the_row(PERSON, 2)[VALUES][PHONE] == "1"
    assert author.say(delete(FIRM, 1, 4), put(PERSON, 2, {PHONE: "2"})).code is Code.GONE
    assert author.say(delete(FIRM, 1, 4), link(KNOWS, 1, 2)).code is Code.TARGET_GONE
    assert alive(court) == list(FAMILY)


def test_a_row_moved_away_first_is_not_taken(court: Court) -> None:
    """What left the parent in the same changeset, or before it, lives on."""
    author = court.author()
    family(author)
    author.do(create(FIRM, 6))
    author.do(put(PERSON, 2, {WORKS_AT: to(FIRM, 6)}), delete(FIRM, 1))
    assert alive(court) == [(PERSON, 2), (NOTE, 4)]
    author.do(delete(FIRM, 6))
    assert alive(court) == []


def test_a_row_that_moved_is_found_under_its_new_parent(court: Court) -> None:
    """The index of references follows a move: the old parent's life no longer matters."""
    author = court.author()
    family(author)
    author.do(create(FIRM, 6))
    author.do(put(PERSON, 2, {WORKS_AT: to(FIRM, 6)}))
    author.do(put(PERSON, 3, {WORKS_AT: None}))
    author.do(delete(FIRM, 1))
    assert alive(court) == [(PERSON, 2), (PERSON, 3), (NOTE, 4)]


def test_made_and_unmade_in_one_changeset(court: Court) -> None:
    """A row may be created and deleted at once, with what was made under it."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2), link(KNOWS, 1, 2), delete(FIRM, 1))
    assert not court.alive(FIRM, 1)
    assert not court.linked(KNOWS, 1, 2)


# -- remove_link ------------------------------------------------------------------------------------


def test_a_lookup_reads_as_null_while_its_target_is_dead(court: Court) -> None:
    """The row is filed anew with the mark; value and stamp stay, and are back with the target."""
    author = court.author()
    author.do(create(PERSON, 2), create(FIRM, 1, main=to(PERSON, 2)))
    seq = author.do(delete(PERSON, 2))
    row = court.the_row(FIRM, 1)
    assert (row[GONE], row[SEQ], visible_values(row)) == ([MAIN], seq, {NAME: "row 1"})
    assert (row[VALUES][MAIN], row[STAMPS]) == (to(PERSON, 2), None)
    author.do(restore(PERSON, 2))
    row = court.the_row(FIRM, 1)
    assert (row[GONE], row[LIFE][RESTORED]) == (None, None)
    assert visible_values(row)[MAIN] == to(PERSON, 2)


def test_a_move_made_meanwhile_is_not_lost_to_the_null(court: Court) -> None:
    """A lookup moved by somebody who did not know of the death stays where it was moved to."""
    one, two = court.author(), court.author()
    one.do(create(PERSON, 2), create(PERSON, 3), create(FIRM, 1, main=to(PERSON, 2)))
    base = court.head
    one.do(delete(PERSON, 2))
    two.do(put(FIRM, 1, {MAIN: to(PERSON, 3)}), base=base)
    row = court.the_row(FIRM, 1)
    assert (row[GONE], row[VALUES][MAIN]) == (None, to(PERSON, 3))
    one.do(restore(PERSON, 2))
    assert court.the_row(FIRM, 1)[VALUES][MAIN] == to(PERSON, 3)


def test_a_move_that_came_first_is_not_taken_either(court: Court) -> None:
    """The other order: the delete finds nobody who refers to its row."""
    one, two = court.author(), court.author()
    one.do(create(PERSON, 2), create(PERSON, 3), create(FIRM, 1, main=to(PERSON, 2)))
    base = court.head
    two.do(put(FIRM, 1, {MAIN: to(PERSON, 3)}), base=base)
    one.do(delete(PERSON, 2), base=base)
    assert court.the_row(FIRM, 1)[GONE] is None


def test_marks_are_kept_on_dead_rows_too(court: Court) -> None:
    """A row that died before its target shows the right marks when it is back."""
    author = court.author()
    author.do(create(PERSON, 2), create(FIRM, 1, main=to(PERSON, 2)))
    author.do(delete(FIRM, 1))
    author.do(delete(PERSON, 2))
    author.do(restore(FIRM, 1))
    assert court.the_row(FIRM, 1)[GONE] == [MAIN]


# -- restrict ---------------------------------------------------------------------------------------


def test_a_row_in_use_is_not_deleted(court: Court) -> None:
    """RESTRICT says how many living rows refer to it, and names three."""
    author = court.author()
    author.do(create(UNIT, 1), *[create(FIRM, number, unit=to(UNIT, 1)) for number in range(2, 7)])
    outcome = author.say(delete(UNIT, 1))
    assert outcome.code is Code.RESTRICT
    assert outcome.detail is not None
    assert outcome.detail["count"] == 5
    assert len(outcome.detail["rows"]) == 3
    assert court.alive(UNIT, 1)


def test_dead_and_moved_rows_hold_nothing(court: Court) -> None:
    """Only a living row that refers to it now holds a row; the same changeset may free it."""
    author = court.author()
    author.do(create(UNIT, 1), *[create(FIRM, number, unit=to(UNIT, 1)) for number in (2, 3, 4)])
    author.do(delete(FIRM, 2))
    author.do(put(FIRM, 3, {IN_UNIT: None}))
    assert author.say(delete(UNIT, 1)).code is Code.RESTRICT
    author.do(delete(UNIT, 1), delete(FIRM, 4))
    assert not court.alive(UNIT, 1)


def test_a_reference_just_made_holds(court: Court) -> None:
    """A lookup set in the same changeset counts: the delete would orphan it."""
    author = court.author()
    author.do(create(UNIT, 1), create(FIRM, 2))
    assert author.say(put(FIRM, 2, {IN_UNIT: to(UNIT, 1)}), delete(UNIT, 1)).code is Code.RESTRICT


def test_what_holds_is_counted_only_so_far(court: Court) -> None:
    """A row that everything refers to is RESTRICT like any other, without counting it all."""
    author = court.author()
    author.do(create(UNIT, 1))
    for group in range(11):
        author.do(*[create(FIRM, 10 + 1_000 * group + n, unit=to(UNIT, 1)) for n in range(1_000)])
    outcome = author.say(delete(UNIT, 1))
    assert outcome.code is Code.RESTRICT
    assert outcome.detail is not None
    assert outcome.detail["count"] == 1_000
    assert outcome.detail["message"].startswith("1000 or more")


# -- bounds ------------------------------------------------------------------------------------------


def crowd(author: Author, count: int) -> None:
    """Firm 1 with so many persons, each linked to the next."""
    author.do(create(FIRM, 1))
    for start in range(0, count, 500):
        numbers = range(10 + start, 10 + min(start + 500, count))
        author.do(
            *[create(PERSON, number, works_at=to(FIRM, 1)) for number in numbers],
            *[link(TWINS, number, number + 1) for number in numbers[:-1]],
        )


def test_a_delete_may_reach_ten_thousand_rows(court: Court) -> None:
    """Itself and 9,999 below it: accepted, and so is the way back."""
    author = court.author()
    crowd(author, 9_999)
    author.do(delete(FIRM, 1))
    assert court.the_row(PERSON, 10 + 9_998)[UNDER] == 1
    author.do(restore(FIRM, 1))
    assert court.alive(PERSON, 10 + 9_998)


def test_a_delete_that_reaches_further_is_refused(court: Court) -> None:
    """TOO_BIG, and every row is as it was."""
    author = court.author()
    crowd(author, 10_000)
    before = court.dump(layout.ROW)
    outcome = author.say(delete(FIRM, 1))
    assert outcome.code is Code.TOO_BIG
    assert court.dump(layout.ROW) == before


def test_rows_that_only_lose_a_lookup_are_reached_too(court: Court) -> None:
    """Ten thousand rows filed anew are ten thousand, dead or not."""
    author = court.author()
    author.do(create(PERSON, 1))
    for group in range(10):
        numbers = range(10 + group * 1_000, 10 + (group + 1) * 1_000)
        author.do(*[create(FIRM, number, main=to(PERSON, 1)) for number in numbers])
    assert author.say(delete(PERSON, 1)).code is Code.TOO_BIG


def test_lives_carry_their_stamp(court: Court) -> None:
    """The stamp of a life is the changeset's that last changed it."""
    author = court.author()
    author.do(create(BARE, 1))
    seq = author.do(delete(BARE, 1))
    stamp = court.the_row(BARE, 1)[LIFE][1]
    assert stamp[STAMP_SEQ] == seq
    assert court.the_row(BARE, 1)[VALUES] == {NAME: "row 1"}
    assert row_id(1) in [layout.parse_hub_row_key(key)[1] for key in court.dump(layout.ROW)["row"]]


def test_an_edit_and_a_delete_in_both_orders(court: Court) -> None:
    """The delete wins either way: the edit is refused, or buried, never merged into a husk."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(FIRM, 2))
    base = court.head
    one.do(put(FIRM, 1, {SIZE: 1}), base=base)
    two.do(delete(FIRM, 1), delete(FIRM, 2), base=base)
    assert one.say(put(FIRM, 2, {SIZE: 1}), base=base).code is Code.GONE
    assert not court.alive(FIRM, 1)
    assert not court.alive(FIRM, 2)
    assert [key.row for key in court.open_records()] == [row_id(1)]
