"""Importing: what is loaded, what is refused, and what a second import leaves alone."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel.hub.office import State
from satchel.model.errors import Mistake
from satchel.model.ids import id_text
from satchel.model.limits import HUB_BATCH_MAX, IMPORT_BAD_LISTED_MAX
from satchel.model.row import STAMPS
from tests.unit.hub.imports import SYSTEM_USER, UNIT, Hub, open_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    with open_hub(folder) as made:
        yield made
    shutil.rmtree(folder)


ACCOUNTS = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
[rows.firms.columns]
name = "firm"
accountnumber = "code"
telephone1 = "phone"
address1_city = "city"
"""
FIRMS = "code,firm,phone,city\nA,Alpine,1,Bern\nB,Blue Yonder,2,Basel\nC,Coho,,Chur\n"


def reasons(report: dict[str, Any]) -> dict[int, str]:
    return {bad["line"]: bad["reason"] for bad in report["bad"]}


def counts(report: dict[str, Any], section: str) -> dict[str, int]:
    (tally,) = [one for one in report["files"] if one["section"] == section]
    return {name: tally[name] for name in ("read", "written", "unchanged", "skipped", "bad")}


# -- another folder, written by other people ------------------------------------------------------

GERMAN = """
format = 1
zone = "+01:00"
[csv]
encoding = "cp1252"
delimiter = ";"
decimal = ","
grouping = "."
null = ["", "k. A."]
trim = true

[files."artikel.txt"]
quote = "'"
header = ["Nr.", "Bezeichnung", "Preis"]

[rows.vertreter]
file = "vertreter.csv"
table = "systemuser"
key = ["Kürzel"]
[rows.vertreter.columns]
firstname = { from = "Name", match = '.*, (.*)' }
lastname = { from = "Name", match = '(.*), .*' }
businessunitid = { table = "businessunit", where = { name = { value = "Contoso" } } }

[rows.kunden]
file = "partner.csv"
table = "account"
key = ["Kunden-Nr."]
when = { Art = ["K", "B"] }
[rows.kunden.columns]
name = "Firma"
description = { template = "{Straße}, {PLZ} {Ort}" }
revenue = { from = "Umsatz", round = 1 }
creditonhold = { from = "Sperre", values = { "ja" = true, "nein" = false }, default = false }
numberofemployees = "Mitarbeiter"
ownerid = { lookup = "vertreter", by = ["Vertreter"] }
overriddencreatedon = { from = "Kunde seit", date = "%d.%m.%Y" }

[rows.artikel]
file = "artikel.txt"
table = "product"
key = ["Nr."]
[rows.artikel.columns]
name = "Bezeichnung"
productnumber = { template = "DE-{Nr.}" }
price = "Preis"
"""
PARTNER = (
    "Kunden-Nr.;Firma;Art;Straße;PLZ;Ort;Umsatz;Sperre;Mitarbeiter;Vertreter;Kunde seit\n"
    '100; Müller & Söhne ;K;Hauptstr. 1;01067;Dresden;1.234,55;ja;1.200;MS;31.03.1999\n'
    '101;"Größe; GmbH";B;k. A.;;Köln;0,25;;;;k. A.\n'
    "102;Nur Lieferant;L;x;y;z;1;nein;1;MS;01.01.2000\n"
)  # fmt: skip


def test_another_folder(hub: Hub) -> None:
    """Other headers, delimiter, quotes, encoding, number and date forms need another map only."""
    hub.put("vertreter.csv", "Kürzel;Name\nMS;Schäfer, Märta\n", "cp1252")
    hub.put("partner.csv", PARTNER, "cp1252")
    hub.put("artikel.txt", "7;'Käse; jung';12,50\n", "cp1252")
    report = hub.load(GERMAN)
    assert report["bad"] == []
    assert counts(report, "kunden") == {
        "read": 3, "written": 2, "unchanged": 0, "skipped": 1, "bad": 0,
    }  # fmt: skip
    seller = hub.named("systemuser", lastname="Schäfer")
    assert seller["firstname"] == "Märta"
    assert seller["businessunitid"] == {"table": "businessunit", "id": id_text(UNIT)}
    first = hub.named("account", name="Müller & Söhne")
    assert first["description"] == "Hauptstr. 1, 01067 Dresden"
    assert first["revenue"] == "1234.6"
    assert first["creditonhold"] is True
    assert first["numberofemployees"] == 1200
    assert first["ownerid"] == {"table": "systemuser", "id": id_text(seller["id"])}
    assert first["overriddencreatedon"] == "1999-03-30T23:00:00Z"
    second = hub.named("account", name="Größe; GmbH")
    assert second["description"] == ",  Köln"
    assert second["revenue"] == "0.3"
    assert second["creditonhold"] is False
    assert "overriddencreatedon" not in second
    assert "numberofemployees" not in second
    assert second["ownerid"] == {"table": "systemuser", "id": id_text(SYSTEM_USER)}
    assert hub.named("product", productnumber="DE-7")["name"] == "Käse; jung"
    assert hub.named("product", productnumber="DE-7")["price"] == "12.5"


def test_negative_halves_are_rounded_away_from_zero(hub: Hub) -> None:
    """-0.25 with one place is -0.3, as 0.25 is 0.3."""
    hub.put("lines.csv", "n,amount\n1,-0.25\n2,0.25\n3,0.2499\n")
    hub.load("""
        format = 1
        [rows.deals]
        file = "lines.csv"
        table = "opportunity"
        key = ["n"]
        [rows.deals.columns]
        name = "n"
        actualvalue = { from = "amount", round = 1 }
    """)
    values = {row["name"]: row["actualvalue"] for row in hub.rows("opportunity").values()}
    assert values == {"1": "-0.3", "2": "0.3", "3": "0.2"}


def test_escapes_are_read_from_left_to_right(hub: Hub) -> None:
    """An escaped escape is not read a second time, and null is looked for before escapes."""
    hub.put("lines.csv", "n,text\n1,a\\nb\n2,a\\\\nb\n3,\\N\n")
    hub.load("""
        format = 1
        [csv]
        escapes = { '\\' = "|", '\\n' = "\\n", '\\\\' = '\\' }
        null = ['\\N']
        [rows.deals]
        file = "lines.csv"
        table = "opportunity"
        key = ["n"]
        columns = { name = "n", description = "text" }
    """)
    found = {row["name"]: row.get("description") for row in hub.rows("opportunity").values()}
    assert found == {"1": "a\nb", "2": "a\\nb", "3": None}


# -- twice ----------------------------------------------------------------------------------------


def test_importing_again_changes_nothing(hub: Hub) -> None:
    """The same files imported twice leave every byte of the store as it was."""
    hub.put("firms.csv", FIRMS)
    first = hub.load(ACCOUNTS)
    assert (first["written"], first["unchanged"]) == (3, 0)
    before = hub.everything()
    again = hub.load(ACCOUNTS)
    assert (again["written"], again["unchanged"]) == (0, 3)
    assert hub.everything() == before


def test_only_what_differs_is_written(hub: Hub) -> None:
    """A corrected file sets the corrected columns and no other, and clears what is gone."""
    hub.put("firms.csv", FIRMS)
    hub.load(ACCOUNTS)
    hub.put("firms.csv", FIRMS.replace("A,Alpine,1,Bern", "A,Alpine,,Brig"))
    report = hub.load(ACCOUNTS)
    assert (report["written"], report["unchanged"]) == (1, 2)
    row = hub.named("account", accountnumber="A")
    assert (row["name"], row["address1_city"]) == ("Alpine", "Brig")
    assert "telephone1" not in row
    table = hub.catalog.table("account")
    written = {table.columns[name].register for name in ("telephone1", "address1_city")}
    assert set(hub.stored("account")[row["id"]][STAMPS]) == written


def test_an_edit_is_kept(hub: Hub) -> None:
    """A value that somebody changed since the import stays; other columns follow the file."""
    hub.put("firms.csv", FIRMS)
    hub.load(ACCOUNTS)
    row = hub.named("account", accountnumber="A")
    hub.edit("account", row["id"], telephone1="edited")
    hub.put("firms.csv", FIRMS.replace("Alpine,1", "Alpine Ski,9"))
    report = hub.load(ACCOUNTS)
    assert (report["written"], report["kept"]) == (1, 1)
    row = hub.named("account", accountnumber="A")
    assert (row["name"], row["telephone1"]) == ("Alpine Ski", "edited")
    before = hub.everything()
    assert hub.load(ACCOUNTS)["kept"] == 1
    assert hub.everything() == before


def test_an_edit_is_overwritten_on_demand(hub: Hub) -> None:
    """``edited = "overwrite"`` brings every mapped value back to the file."""
    hub.put("firms.csv", FIRMS)
    hub.load(ACCOUNTS)
    row = hub.named("account", accountnumber="A")
    hub.edit("account", row["id"], telephone1="edited", address1_line1="Edited Street")
    report = hub.load('edited = "overwrite"\n' + ACCOUNTS)
    assert (report["written"], report["kept"]) == (1, 0)
    row = hub.named("account", accountnumber="A")
    assert row["telephone1"] == "1"
    assert row["address1_line1"] == "Edited Street", "what is not mapped is not touched"


def test_a_deleted_row_stays_deleted(hub: Hub) -> None:
    """What somebody deleted is not brought back by the next import."""
    hub.put("firms.csv", FIRMS)
    hub.load(ACCOUNTS)
    hub.delete("account", hub.named("account", accountnumber="B")["id"])
    before = hub.everything()
    report = hub.load(ACCOUNTS)
    assert (report["written"], report["unchanged"], report["kept"]) == (0, 3, 1)
    assert hub.everything() == before


def test_many_lines_go_in_batches(hub: Hub) -> None:
    """More lines than one transaction takes are all loaded, each a changeset of its own."""
    count = 2 * HUB_BATCH_MAX + 3
    lines = "".join(f"{n},Firm {n},,\n" for n in range(count))
    hub.put("firms.csv", "code,firm,phone,city\n" + lines)
    head = hub.store.read(State.read).head
    report = hub.load(ACCOUNTS)
    assert (report["written"], report["done"], report["total"]) == (count, count + 1, count + 1)
    assert hub.desk.head == hub.store.read(State.read).head == head + count


# -- bad lines ------------------------------------------------------------------------------------


def test_bad_lines_are_listed_and_good_ones_load(hub: Hub) -> None:
    """Each bad line is told with file, line and reason; the lines around it are loaded."""
    hub.put(
        "firms.csv",
        "code,firm,phone,city\n"
        f"A,{'x' * 161},1,Bern\n"  # 2: too long
        "B,Blue Yonder,2\n"  # 3: a field is missing
        'C,"Coho\nVineyard",3,Chur\n'  # 4 and 5
        ",Nobody,4,Zug\n"  # 6: no key
        "D,,5,Zug\n"  # 7: a required column
        "C,Coho again,6,Chur\n"  # 8: the key of line 4
        "\n"  # an empty line is none
        "E,Contoso,7,Thun\n",
    )
    report = hub.load(ACCOUNTS)
    assert report["bad_total"] == 5
    told = reasons(report)
    assert list(told) == [2, 3, 6, 7, 8]
    assert "account.name takes at most 160 characters" in told[2]
    assert "3 fields" in told[3]
    assert "key in firms is not complete" in told[6]
    assert "account.name is required" in told[7]
    assert "the same key, C of firms" in told[8]
    assert {bad["file"] for bad in report["bad"]} == {"firms.csv"}
    assert counts(report, "firms") == {
        "read": 7, "written": 2, "unchanged": 0, "skipped": 0, "bad": 5,
    }  # fmt: skip
    assert {row["name"] for row in hub.rows("account").values()} == {"Coho\nVineyard", "Contoso"}


def test_bad_lines_import_again_as_bad(hub: Hub) -> None:
    """A bad line is told each time, and changes nothing either time."""
    hub.put("firms.csv", FIRMS + f"D,{'x' * 161},1,Bern\n")
    first = hub.load(ACCOUNTS)
    before = hub.everything()
    again = hub.load(ACCOUNTS)
    assert reasons(again) == reasons(first)
    assert hub.everything() == before


def test_the_list_of_bad_lines_is_bounded(hub: Hub) -> None:
    """A file of nothing but bad lines is counted to its end and listed up to a bound."""
    count = IMPORT_BAD_LISTED_MAX + 5
    hub.put("firms.csv", "code,firm,phone,city\n" + ",,,\n" * count)
    report = hub.load(ACCOUNTS)
    assert (report["bad_total"], len(report["bad"])) == (count, IMPORT_BAD_LISTED_MAX)


def test_a_line_larger_than_a_changeset_is_bad(hub: Hub) -> None:
    """A line of more than a changeset takes is bad; the rest of its batch loads."""
    hub.put("firms.csv", "code,a,b\nA," + "x" * 990_000 + "," + "y" * 90_000 + "\nB,1,2\n")
    report = hub.load("""
        format = 1
        [rows.notes]
        file = "firms.csv"
        table = "annotation"
        key = ["code"]
        columns = { subject = "code", notetext = "b", documentbody = "a" }
    """)
    assert list(reasons(report)) == [2]
    assert [row["subject"] for row in hub.rows("annotation").values()] == ["B"]


def test_nothing_is_written_for_a_map_that_does_not_fit_the_files(hub: Hub) -> None:
    """A column that a file lacks, or a file that is not there, ends the import before it begins."""
    hub.put("firms.csv", FIRMS)
    before = hub.everything()
    later = (
        '[rows.more]\nfile = "{}"\ntable = "account"\nkey = ["code"]\ncolumns = {{ name = "{}" }}'
    )
    for text, said in (
        (later.format("firms.csv", "nom"), "rows.more uses 'nom', which is no column of firms.csv"),
        (later.format("none.csv", "firm"), "none.csv cannot be read"),
    ):
        with pytest.raises(Mistake) as caught:
            hub.load(ACCOUNTS + text)
        assert caught.value.code == "BAD_MAP"
        assert said in caught.value.message
    hub.put("firms.csv", "code,firm,phone,phone,city\n")
    with pytest.raises(Mistake, match=r"two columns of firms\.csv"):
        hub.load(ACCOUNTS)
    assert hub.everything() == before
