"""Rounds, medians, ratios and verdicts."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from benchmarks.harness import Bar, Result, Rounds, take_turns

MOST = Bar("cost", "us", "nothing", most=True, bar=3.0, stretch=2.0)
LEAST = Bar("rate", "1/s", "one", most=False, bar=0.5, stretch=0.8)
NONE = Bar("figure", "s", None, most=True, bar=None, stretch=None)


def test_the_ratio_is_the_median_of_the_pairs() -> None:
    """A neighbour's burst that hits both sides of a round leaves the ratio alone."""
    rounds = Rounds({"ours": [2.0, 20.0, 2.0], "floor": [1.0, 10.0, 1.0]})
    assert rounds.ratio("ours", "floor") == 2.0
    assert rounds.ratio("floor", "ours") == 0.5
    assert rounds.median("ours") == 2.0


def test_the_ratio_is_not_that_of_the_medians() -> None:
    """Pair by pair: medians of two sides may come from different minutes."""
    rounds = Rounds({"ours": [1.0, 4.0, 9.0], "floor": [1.0, 1.0, 9.0]})
    assert rounds.median("ours") / rounds.median("floor") == 4.0
    assert rounds.ratio("ours", "floor") == 1.0


def test_sides_take_turns_at_being_first() -> None:
    """Each round runs every side once and begins with another one; warm-up is not counted."""
    order: list[str] = []

    def side(name: str) -> Iterator[float]:
        for figure in (100.0, 1.0, 2.0, 3.0):
            order.append(name)
            yield figure

    one, other = side("a").__next__, side("b").__next__
    rounds = take_turns({"a": one, "b": other}, 3, warm_up=1)
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a"]
    assert rounds.median("a") == rounds.median("b") == 2.0


def test_sides_of_different_length_are_refused() -> None:
    """Nothing is compared with a round that was not run."""
    with pytest.raises(AssertionError, match="each round"):
        Rounds({"a": [1.0], "b": []})
    with pytest.raises(AssertionError, match="at least one"):
        Rounds({"a": []})


@pytest.mark.parametrize(
    ("bar", "ratio", "holds", "stretches"),
    [
        (MOST, 2.0, True, True),
        (MOST, 3.0, True, False),
        (MOST, 3.01, False, False),
        (LEAST, 0.8, True, True),
        (LEAST, 0.5, True, False),
        (LEAST, 0.49, False, False),
        (NONE, 1.0, None, None),
    ],
)
def test_a_bar_is_held_in_its_direction(
    bar: Bar, ratio: float, holds: bool | None, stretches: bool | None
) -> None:
    """At most where less is better, at least where more is; the bar itself is enough."""
    result = Result(bar, 7.0, 7.0, ratio, void=None)
    assert (result.holds, result.stretches) == (holds, stretches)


def test_without_a_comparison_the_value_is_judged() -> None:
    """A bar on a figure is a bar on the figure."""
    assert Result(MOST, 3.5, None, None, void=None).holds is False


def test_void_work_proves_nothing() -> None:
    """A smaller size, or a slow disk, has no verdict, good or bad."""
    for ratio in (1.0, 9.0):
        result = Result(MOST, 7.0, 7.0, ratio, void="smaller")
        assert result.holds is None
        assert result.stretches is None
