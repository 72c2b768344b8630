"""Three devices and a hub, whatever they do and however the network repeats it.

A seeded workload over the production transactions: writes of every kind, pushes cut short,
repeated and answered twice, pulls in tiny responses, FLIPs that come late and again, builds
aside that a crash interrupts.  At every settle all replicas are equal, the overlay is empty,
and every acknowledged change is where a person finds it.
"""

from __future__ import annotations

import pytest

from satchel.engine import build
from satchel.model import limits
from tests.laws.workload import Workload
from tests.replicas import new_world

ROUNDS = 6


@pytest.mark.parametrize("seed", range(1, 9))
def test_everything_converges(seed: int) -> None:
    """After any history, once all have pushed and pulled, all hold the same and nothing is lost."""
    with new_world(seed) as world:
        work = Workload(world, devices=3)
        for _ in range(ROUNDS):
            work.live(world.chance.randint(10, 60))
            work.settle()
        assert work.ledger


@pytest.mark.parametrize("seed", range(11, 15))
def test_it_converges_when_every_flip_is_large(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, where each FLIP of more than a few entries is built aside in small steps."""
    monkeypatch.setattr(limits, "FLIP_ROWS_MAX", 5)
    monkeypatch.setattr(limits, "BUILD_ROWS_MAX", 20)
    with new_world(seed) as world:
        work = Workload(world, devices=3)
        for _ in range(ROUNDS):
            work.live(world.chance.randint(10, 40))
            work.settle()
        assert all(device.state.generation > 2 for device in work.devices)
        assert not any(device.read(build.read_build) for device in work.devices)
