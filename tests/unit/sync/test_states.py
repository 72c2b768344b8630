"""The tables of transitions are complete and say nothing in vain."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import pytest

from satchel.sync.states import (
    PULL,
    PUSH,
    SESSION,
    STATUS_WORDS,
    PullState,
    PushState,
    SessionState,
    Signal,
)

Table = Mapping[Any, Mapping[Signal, Enum]]
TABLES = [
    (SESSION, SessionState, SessionState.STOPPED),
    (PUSH, PushState, PushState.OFF),
    (PULL, PullState, PullState.OFF),
]


@pytest.mark.parametrize(("table", "states", "start"), TABLES)
def test_every_state_is_reachable_and_can_be_left(
    table: Table, states: type[Enum], start: Enum
) -> None:
    """From the first state every other can be reached, and the first from every other."""
    assert set(table) == set(states)
    assert reachable(table, start) == set(states)
    for state in states:
        assert start in reachable(table, state)


def reachable(table: Table, start: Enum) -> set[Enum]:
    """The states to which some signals lead from ``start``."""
    found, todo = {start}, [start]
    while todo:
        for state in table[todo.pop()].values():
            if state not in found:
                found.add(state)
                todo.append(state)
    return found


def test_every_signal_is_known_to_some_state() -> None:
    """No signal is named that no table knows."""
    known = {signal for table in (SESSION, PUSH, PULL) for row in table.values() for signal in row}
    assert known == set(Signal)


def test_only_a_link_lets_go_of_the_other_machines() -> None:
    """LINKED is entered from CHECKING alone: by no way around the comparison of chains."""
    before = {
        (state, signal)
        for state, row in SESSION.items()
        for signal, after in row.items()
        if after is SessionState.LINKED
    }
    assert before == {(SessionState.CHECKING, Signal.TRUST)}


def test_every_state_has_a_word_for_people() -> None:
    """The status can name every state."""
    assert set(STATUS_WORDS) == set(SessionState)
