"""A folder with a short path and a store in it, both gone after the test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from satchel.store.env import Store


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder with a short path."""
    path = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    yield path
    shutil.rmtree(path)


@pytest.fixture
def store(folder: Path) -> Iterator[Store]:
    """Databases "one" and "two" in a map of 64 KiB, durable as the daemon's."""
    made = Store.open(folder / "store", ("one", "two"), map_bytes=1 << 16)
    yield made
    made.close()
