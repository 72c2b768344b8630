"""A hub with devices for the transactions of the engine; see :mod:`tests.replicas`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.replicas import Device, World, new_world


@pytest.fixture
def world() -> Iterator[World]:
    """A hub that nobody has joined yet."""
    with new_world() as made:
        yield made


@pytest.fixture
def ada(world: World) -> Device:
    """A device that has downloaded what there is."""
    return world.join()


@pytest.fixture
def ben(world: World, ada: Device) -> Device:
    """A second device, of another user."""
    return world.join()
