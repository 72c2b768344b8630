"""Lookups at the hub: the target is there and alive, and no row becomes its own ancestor."""

from __future__ import annotations

import pytest

from satchel.model import limits
from satchel.model.outcome import Code
from satchel.model.row import VALUES
from satchel.store import layout
from tests.unit.hub.court import (
    ABOUT,
    BARREL,
    BOSS,
    CRATE,
    FIRM,
    IN,
    KNOWS,
    MAIN,
    NOTE,
    PARENT,
    PERSON,
    UNIT,
    WORKS_AT,
    Court,
    create,
    delete,
    link,
    put,
    row_id,
    to,
)


@pytest.mark.parametrize(
    ("column", "behaviour"), [("unit", "restrict"), ("main", "remove_link"), ("boss", "none")]
)
@pytest.mark.parametrize("state", ["unknown", "dead", "dying"])
def test_a_target_that_is_not_alive(court: Court, column: str, behaviour: str, state: str) -> None:
    """TARGET_GONE for a create, whatever the relationship would do later."""
    author = court.author()
    target = UNIT if behaviour == "restrict" else PERSON
    if state != "unknown":
        author.do(create(target, 5))
    if state == "dead":
        author.do(delete(target, 5))
    dying = [delete(target, 5)] if state == "dying" else []
    outcome = author.say(*dying, create(FIRM, 1, **{column: to(target, 5)}), base=0)
    assert outcome.code is (
        Code.RESTRICT if (behaviour, state) == ("restrict", "dying") else Code.TARGET_GONE
    )
    assert court.row(FIRM, 1) is None


def test_a_create_under_a_dead_parent_goes_to_its_author(court: Court) -> None:
    """TARGET_GONE, never silently dead with the parent: nobody has seen that work."""
    one, two = court.author(), court.author()
    base = one.do(create(FIRM, 1))
    one.do(delete(FIRM, 1))
    assert two.say(create(PERSON, 2, works_at=to(FIRM, 1)), base=base).code is Code.TARGET_GONE
    assert court.row(PERSON, 2) is None


def test_a_set_to_a_dead_target_is_refused(court: Court) -> None:
    """TARGET_GONE for a set too; the lookup stays where it was."""
    author = court.author()
    author.do(create(PERSON, 2), create(PERSON, 3), create(FIRM, 1, boss=to(PERSON, 2)))
    author.do(delete(PERSON, 3))
    assert author.say(put(FIRM, 1, {BOSS: to(PERSON, 3)})).code is Code.TARGET_GONE
    assert court.the_row(FIRM, 1)[VALUES][BOSS] == to(PERSON, 2)


def test_a_lookup_may_be_cleared_after_its_target_died(court: Court) -> None:
    """Null needs no target, and takes the mark and the reference with it."""
    author = court.author()
    author.do(create(PERSON, 2), create(FIRM, 1, main=to(PERSON, 2)))
    author.do(delete(PERSON, 2))
    author.do(put(FIRM, 1, {MAIN: None}))
    row = court.the_row(FIRM, 1)
    assert (MAIN in row[VALUES], row[9]) == (False, None)
    assert court.dump(layout.REF)[layout.REF] == {}


def test_rows_of_one_changeset_may_name_each_other(court: Court) -> None:
    """Targets are looked for last, so the order of creates does not matter."""
    author = court.author()
    author.do(create(NOTE, 3, about=to(PERSON, 2)), create(PERSON, 2))
    assert court.alive(NOTE, 3)


def test_the_index_follows_what_is_written(court: Court) -> None:
    """REF holds exactly the lookups of the rows, save those that no delete follows."""
    author = court.author()
    author.do(create(UNIT, 9), create(PERSON, 2), create(PERSON, 3))
    author.do(create(FIRM, 1, unit=to(UNIT, 9), main=to(PERSON, 2), boss=to(PERSON, 3)))
    author.do(put(FIRM, 1, {MAIN: to(PERSON, 3)}))
    author.do(create(NOTE, 4, about=to(PERSON, 3)), create(NOTE, 5, about=to(FIRM, 1)))
    author.do(put(NOTE, 4, {ABOUT: to(FIRM, 1)}))
    keys = [layout.parse_hub_ref_key(key) for key in court.dump(layout.REF)[layout.REF]]
    assert keys == [
        (row_id(1), 25, row_id(4)),
        (row_id(1), 25, row_id(5)),
        (row_id(3), 21, row_id(1)),
        (row_id(9), 22, row_id(1)),
    ]


# -- cycles -----------------------------------------------------------------------------------------


def test_a_parent_that_closes_a_cycle_is_refused(court: Court) -> None:
    """CONFLICT for whoever comes second: neither saw the other's half of the ring."""
    one, two = court.author(), court.author()
    base = one.do(*[create(FIRM, number) for number in (1, 2, 3)])
    one.do(put(FIRM, 1, {PARENT: to(FIRM, 2)}), put(FIRM, 2, {PARENT: to(FIRM, 3)}), base=base)
    outcome = two.say(put(FIRM, 3, {PARENT: to(FIRM, 1)}), base=base)
    assert outcome.code is Code.CONFLICT
    assert PARENT not in court.the_row(FIRM, 3)[VALUES]


def test_a_row_is_not_its_own_parent(court: Court) -> None:
    """The shortest ring, also in the create itself."""
    author = court.author()
    author.do(create(FIRM, 1))
    assert author.say(put(FIRM, 1, {PARENT: to(FIRM, 1)})).code is Code.CONFLICT
    assert author.say(create(FIRM, 2, parent=to(FIRM, 2))).code is Code.CONFLICT


def test_a_ring_through_two_tables_is_refused(court: Court) -> None:
    """Rows that fall with each other could, once dead, never be brought back."""
    author = court.author()
    author.do(create(CRATE, 1), create(BARREL, 2, inside=to(CRATE, 1)))
    assert author.say(put(CRATE, 1, {IN: to(BARREL, 2)})).code is Code.CONFLICT
    author.do(create(BARREL, 3))
    author.do(put(CRATE, 1, {IN: to(BARREL, 3)}))


def test_a_cycle_that_a_dead_row_hides_is_still_one(court: Court) -> None:
    """A restore would close it, and a restore is never refused for that."""
    author = court.author()
    author.do(create(FIRM, 1), create(FIRM, 2, parent=to(FIRM, 1)), create(FIRM, 3))
    author.do(put(FIRM, 3, {PARENT: to(FIRM, 2)}))
    author.do(delete(FIRM, 2))
    assert author.say(put(FIRM, 1, {PARENT: to(FIRM, 3)})).code is Code.CONFLICT


def test_a_cycle_that_lost_is_none(court: Court) -> None:
    """A parent that loses to a later one never was the parent: only what stands is walked."""
    one, two = court.author(), court.author()
    one.do(create(FIRM, 1), create(FIRM, 2), create(FIRM, 3))
    base = one.do(put(FIRM, 2, {PARENT: to(FIRM, 1)}))
    one.do(put(FIRM, 1, {PARENT: to(FIRM, 3)}), clock_ms=100)
    two.do(put(FIRM, 1, {PARENT: to(FIRM, 2)}), base=base, clock_ms=50)
    assert court.the_row(FIRM, 1)[VALUES][PARENT] == to(FIRM, 3)


def test_a_chain_of_parents_is_bounded(court: Court) -> None:
    """A chain deeper than any office's is refused instead of walked for ever."""
    author = court.author()
    depth = limits.HIERARCHY_DEPTH_MAX
    author.do(create(FIRM, 1))
    for start in range(2, depth + 1, 500):
        author.do(
            *[
                create(FIRM, number, parent=to(FIRM, number - 1))
                for number in range(start, min(start + 500, depth + 1))
            ]
        )
    assert author.say(create(FIRM, depth + 1, parent=to(FIRM, depth))).code is Code.CONFLICT
    author.do(create(FIRM, depth + 2, parent=to(FIRM, depth - 1)))


def test_links_need_both_ends_alive(court: Court) -> None:
    """TARGET_GONE for a link to a row that is unknown or dead, on either side."""
    author = court.author()
    author.do(create(FIRM, 1), create(PERSON, 2), create(PERSON, 3, works_at=to(FIRM, 1)))
    assert author.say(link(KNOWS, 1, 9)).code is Code.TARGET_GONE
    assert author.say(link(KNOWS, 9, 2)).code is Code.TARGET_GONE
    author.do(delete(PERSON, 2))
    assert author.say(link(KNOWS, 1, 2)).code is Code.TARGET_GONE
    author.do(put(PERSON, 3, {WORKS_AT: None}))
    author.do(link(KNOWS, 1, 3))
