"""The Northwind files, imported into a hub and compared value by value."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from pathlib import Path

from satchel.hub.importing import Outside, run_import
from satchel.model.ids import id_text
from satchel.shell.import_files import CsvFolder, read_map
from tests.e2e.northwind import MAP, Columns, Key, Northwind, differences
from tests.unit.hub.imports import NOW_MS, ORG, UNIT, Hub, open_hub

TABLES = (
    "territory", "systemuser", "account", "contact", "product", "opportunity", "opportunityproduct",
)  # fmt: skip


def load(hub: Hub, data: Path) -> dict[str, int]:
    outside = Outside(lambda: NOW_MS, bytes)
    *_, last = run_import(hub.desk, read_map(MAP), CsvFolder(data), outside)
    report = last.to_wire()
    return {name: report[name] for name in ("written", "unchanged", "bad_total")}


def read(hub: Hub) -> dict[Key, Columns]:
    return {
        (table, id_text(rec)): columns
        for table in TABLES
        for rec, columns in hub.rows(table).items()
    }


def test_every_mapped_value_is_in_its_row(shared: Path) -> None:
    """All rows of all files are there with every mapped value, once, however often imported."""
    data = shared / "data" / "northwind"
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    try:
        with open_hub(folder) as hub:
            before = len(read(hub))
            expected = Northwind(data, ORG, id_text(UNIT)).expected()
            assert Counter(table for table, _ in expected) == {
                "territory": 53, "systemuser": 9, "account": 91 + 29 + 6, "contact": 91 + 29,
                "product": 77 + 8, "opportunity": 830, "opportunityproduct": 2155,
            }  # fmt: skip
            count = len(expected)
            assert load(hub, data) == {"written": count, "unchanged": 0, "bad_total": 0}
            found = read(hub)
            assert differences(expected, found) == []
            assert len(found) == before + count
            stored = hub.everything()
            assert load(hub, data) == {"written": 0, "unchanged": count, "bad_total": 0}
            assert hub.everything() == stored
    finally:
        shutil.rmtree(folder)
