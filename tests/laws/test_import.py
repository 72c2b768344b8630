"""The law of imports: what is in the file is in the rows, and a second time nothing happens."""

from __future__ import annotations

import csv
import io
import shutil
import tempfile
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from satchel.hub.map_binding import row_id
from tests.unit.hub.imports import ORG, Hub, open_hub

NOTES = """
format = 1
[rows.notes]
file = "notes.csv"
table = "account"
key = ["code"]
columns = { name = { value = "Fixed" }, description = "text", address1_line1 = "street" }
"""


@pytest.fixture
def hub() -> Iterator[Hub]:
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    with open_hub(folder) as made:
        yield made
    shutil.rmtree(folder)


texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
composed = texts.map(lambda text: unicodedata.normalize("NFC", text))


def test_every_text_arrives_and_arrives_once(hub: Hub) -> None:
    """Whatever the texts: each is in its row, in the composed form, and importing again writes
    nothing; also where the rows of an earlier file are overwritten or cleared."""

    @given(st.dictionaries(composed.filter(bool), st.tuples(texts, texts), max_size=5))
    @settings(max_examples=60)
    def check(lines: dict[str, tuple[str, str]]) -> None:
        file = io.StringIO()
        writer = csv.writer(file)
        writer.writerow(["code", "text", "street"])
        writer.writerows([code, *line] for code, line in lines.items())
        hub.put("notes.csv", file.getvalue())
        assert hub.load(NOTES)["bad"] == []
        rows = hub.rows("account")
        for code, line in lines.items():
            row = rows[row_id(ORG, "account", "notes", [code])]
            wanted = [unicodedata.normalize("NFC", text) or None for text in line]
            assert [row.get("description"), row.get("address1_line1")] == wanted
        before = hub.everything()
        assert hub.load(NOTES)["written"] == 0
        assert hub.everything() == before

    check()
