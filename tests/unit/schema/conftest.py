"""The standard catalogue, built once: it never changes."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document


@pytest.fixture(scope="session")
def document() -> dict[str, Any]:
    """The document of a new organisation.  Not to be changed by a test."""
    return standard_document()


@pytest.fixture(scope="session")
def catalog(document: dict[str, Any]) -> Catalog:
    """The catalogue of a new organisation."""
    return Catalog(document)
