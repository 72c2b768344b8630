"""Causal length: odd is alive, even is dead, each change counts one up."""

from __future__ import annotations

import pytest

from satchel.crdt import life
from satchel.crdt.life import Step
from satchel.model.row import LENGTH, LIFE, LIFE_STAMP, RESTORED, is_dead
from tests.unit.crdt.stamps import row, stamp


def test_a_delete_and_a_restore_count_up() -> None:
    """A row dies, comes back and dies again, each time by the next length."""
    target = row({1: "a"})
    for length, dead in ((2, True), (3, False), (4, True)):
        assert life.change(target, length, stamp(20, 1, length)) is Step.DONE
        assert (target[LIFE][LENGTH], is_dead(target)) == (length, dead)
        assert target[LIFE][LIFE_STAMP] == stamp(20, 1, length)


def test_an_equal_wish_has_been_met() -> None:
    """The second of two equal deletes changes nothing, not even the stamp."""
    target = row({1: "a"})
    life.change(target, 2, stamp(20, 1))
    assert life.change(target, 2, stamp(30, 2)) is Step.ALREADY
    assert target[LIFE][LIFE_STAMP] == stamp(20, 1)


@pytest.mark.parametrize("length", [2, 5, 7])
def test_a_wish_for_another_life_is_overtaken(length: int) -> None:
    """Neither a life that has passed nor one that has not come yet can be changed."""
    target = row({1: "a"})
    for step in (2, 3):
        life.change(target, step, stamp(20, 1, step))
    before = list(target[LIFE])
    assert life.change(target, length, stamp(30, 2)) is Step.OVERTAKEN
    assert target[LIFE] == before


def test_a_restore_is_remembered() -> None:
    """The seq of the last restore stands in the life."""
    target = row({1: "a"})
    life.mark_restored(target, 12)
    assert target[LIFE][RESTORED] == 12
