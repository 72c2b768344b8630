"""VIEW, indexes and references are what follows from BASE and log (sync.md I11)."""

from __future__ import annotations

from tests.recompute import assert_derived
from tests.sim.checkers.checker import Checker, Flipped


class Derived(Checker):
    """Computes them from nothing, at times and in the end."""

    def flipped(self, flip: Flipped) -> None:
        if flip.whole:
            assert_derived(flip.device)

    def rested(self) -> None:
        for device in self.scene.devices:
            assert_derived(device)
