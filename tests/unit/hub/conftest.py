"""Organisations in temporary stores, gone after the test."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.unit.hub.counter import Counter, open_org
from tests.unit.hub.court import Court, new_court


@pytest.fixture
def counter() -> Iterator[Counter]:
    """A reception with one organisation, "Contoso", at a time that stands still."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
        stack.callback(shutil.rmtree, folder)
        yield Counter([stack.enter_context(open_org(folder / "contoso", "Contoso", 1))])


@pytest.fixture
def two_orgs() -> Iterator[Counter]:
    """A reception with two organisations, "Contoso" and "Fabrikam"."""
    with ExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
        stack.callback(shutil.rmtree, folder)
        yield Counter(
            [
                stack.enter_context(open_org(folder / "contoso", "Contoso", 1)),
                stack.enter_context(open_org(folder / "fabrikam", "Fabrikam", 2)),
            ]
        )


@pytest.fixture
def court() -> Iterator[Court]:
    """A hub with a small schema, where a test words every changeset."""
    with new_court() as made:
        yield made
