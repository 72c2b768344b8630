"""Waiting after failures, and what a failure means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import CODES, Denied
from satchel.model.limits import BACKOFF_MS_MAX, BACKOFF_MS_MIN
from satchel.sync.backoff import REFUSED_MS, Backoff, Verdict, judge


@given(st.lists(st.floats(0, 1, exclude_max=True), max_size=40))
def test_delays_stay_under_a_ceiling_that_doubles(chances: list[float]) -> None:
    """The nth failure in a row waits between nothing and ``MIN * 2^n``, never above ``MAX``."""
    backoff = Backoff()
    for failures, chance in enumerate(chances):
        ceiling_ms = min(BACKOFF_MS_MIN * 2**failures, BACKOFF_MS_MAX)
        assert 0 <= backoff.next_ms(chance) <= ceiling_ms


def test_success_starts_over() -> None:
    """After a reset the first delay is the shortest again, and the backoff fresh."""
    backoff = Backoff()
    freshness = [backoff.fresh]
    delays = [backoff.next_ms(0.5) for _ in range(3)]
    assert delays == [250, 500, 1_000]
    freshness.append(backoff.fresh)
    backoff.reset()
    freshness.append(backoff.fresh)
    assert freshness == [True, False, True]
    assert backoff.next_ms(0.5) == 250


def test_the_hubs_delay_is_a_floor_with_jitter_on_top() -> None:
    """Devices sent away together come back at different times, none too early."""
    delays = [Backoff().next_ms(chance, 4_000) for chance in (0.0, 0.5, 0.99)]
    assert delays == [4_000, 4_250, 4_495]
    assert Backoff().next_ms(0.0, 10 * REFUSED_MS) == REFUSED_MS


@pytest.mark.parametrize("code", sorted(CODES))
def test_every_code_has_its_verdict(code: str) -> None:
    """Denials stop the device rarely asking, forks and epochs stop it, all else is transient."""
    special = {
        "UNKNOWN_LINK": Verdict.GREET,
        "REPLAYED": Verdict.GREET,
        "FORK": Verdict.FORK,
        "EPOCH": Verdict.EPOCH,
    }
    otherwise = Verdict.REFUSED if CODES[code] is Denied else Verdict.WAIT
    assert judge(code) is special.get(code, otherwise)


def test_a_code_of_a_later_version_is_transient() -> None:
    """Nothing unknown makes a device give up."""
    assert judge("SOMETHING_NEW") is Verdict.WAIT
