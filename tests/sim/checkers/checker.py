"""When a checker is asked, and what it may look at.

Owns the moments.  A checker reads stores, ledger and history; it never writes, and has no
influence on chance or time.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from tests.sim.device import SimDevice
from tests.sim.hub import SimHub
from tests.sim.ledger import Decision, Ledger, Written


class Scene(Protocol):
    """The world, as far as a checker sees it."""

    devices: list[SimDevice]
    hub: SimHub
    ledger: Ledger


class Flipped(NamedTuple):
    """A FLIP was installed: BASE moved from seq ``before`` to ``after``.

    ``retired``: own changesets that it decided.  ``whole``: this is one of those after which
    the whole store is looked at.
    """

    device: SimDevice
    before: int
    after: int
    retired: Sequence[Decision]
    whole: bool


class Checker:
    """Every moment at which something may be found out; each does nothing here.

    A finding is an AssertionError that says what, where and which changeset.
    """

    def __init__(self, scene: Scene) -> None:
        self.scene = scene

    def committed(self, device: SimDevice, written: Sequence[Written]) -> None:
        """A transaction of a device has been committed, no FLIP; ``written``: new changesets."""

    def decided(self, decisions: Sequence[Decision]) -> None:
        """A transaction of the hub has been committed; what it decided, in order."""

    def flipped(self, flip: Flipped) -> None:
        """A FLIP has been committed."""

    def rested(self) -> None:
        """Everything has healed, and nothing is left to say."""
