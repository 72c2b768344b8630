"""The story behind the examples, played once."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.golden import document
from tests.golden.story import Story


@pytest.fixture(scope="session")
def story() -> Iterator[Story]:
    """Hub and device, after everything that PROTOCOL.md tells of them."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        played = Story(folder, json.loads(document.blocks("json")["schema"]))
        yield played
        played.close()
    finally:
        shutil.rmtree(folder)
