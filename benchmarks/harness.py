"""Rounds, medians and verdicts: what every benchmark does with the seconds it has taken.

Machines differ and neighbours interfere, so a figure means something only beside another
one taken in the same minute: the sides of a comparison run in turns, round by round, and
the ratio is the median of the rounds' own ratios.  Pure but for the order in which it calls.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

Side = Callable[[], float]
"""Does one round's work of one side; returns its figure (seconds, mostly)."""


class Rounds:
    """The figures of several sides, round by round."""

    def __init__(self, figures: Mapping[str, Sequence[float]]) -> None:
        lengths = {len(rounds) for rounds in figures.values()}
        assert len(lengths) == 1, "each side has a figure for each round"
        assert lengths != {0}, "at least one round"
        self._figures = {name: list(rounds) for name, rounds in figures.items()}

    def median(self, side: str) -> float:
        """The median of one side's figures."""
        return median(self._figures[side])

    def ratio(self, side: str, against: str) -> float:
        """The median over the rounds of one side's figure by another's."""
        pairs = zip(self._figures[side], self._figures[against], strict=True)
        return median(one / other for one, other in pairs)


def take_turns(sides: Mapping[str, Side], rounds: int, warm_up: int = 1) -> Rounds:
    """Run all sides ``rounds`` times, each round beginning with another side.

    The first ``warm_up`` rounds are run and not counted.
    """
    names = list(sides)
    figures: dict[str, list[float]] = {name: [] for name in names}
    for turn in range(warm_up + rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            figure = sides[name]()
            if turn >= warm_up:
                figures[name].append(figure)
    return Rounds(figures)


class Bar(NamedTuple):
    """What a row of the table is held to.

    ``unit``: of value and against.  ``against``: what it is compared with, in words (None:
    the value itself is held to the bar).  ``most``: whether ``bar`` and ``stretch`` are the
    most allowed (else the least); None for both where nothing is promised.
    """

    name: str
    unit: str
    against: str | None
    most: bool
    bar: float | None
    stretch: float | None


class Result(NamedTuple):
    """One row of the table, measured.

    ``void``: why nothing follows from it (less work than the bar speaks of, a slow disk), or
    None.
    """

    bar: Bar
    value: float
    against: float | None
    ratio: float | None
    void: str | None

    @property
    def judged(self) -> float:
        """The figure that is held to the bar."""
        return self.value if self.ratio is None else self.ratio

    @property
    def holds(self) -> bool | None:
        """Whether the bar is reached; None where there is none, or it is void."""
        return None if self.void else _reaches(self.bar, self.judged, self.bar.bar)

    @property
    def stretches(self) -> bool | None:
        """Whether the stretch is reached too."""
        return None if self.void else _reaches(self.bar, self.judged, self.bar.stretch)


def _reaches(bar: Bar, figure: float, aim: float | None) -> bool | None:
    if aim is None:
        return None
    return figure <= aim if bar.most else figure >= aim
