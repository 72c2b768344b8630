"""Importing rows that refer to each other, and to rows that were there before."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from satchel.model.ids import id_text
from tests.unit.hub.imports import SYSTEM_USER, Hub, open_hub


@pytest.fixture
def hub() -> Iterator[Hub]:
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    with open_hub(folder) as made:
        yield made
    shutil.rmtree(folder)


def lookup(table: str, row: dict[str, Any]) -> dict[str, str]:
    return {"table": table, "id": id_text(row["id"])}


PEOPLE = """
format = 1
[rows.people]
file = "people.csv"
table = "systemuser"
key = ["no"]
[rows.people.columns]
lastname = "name"
parentsystemuserid = { lookup = "people", by = ["boss"] }
"""

FIRMS = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
[rows.firms.columns]
name = "firm"
primarycontactid = { lookup = "contacts", by = ["code"] }

[rows.contacts]
file = "firms.csv"
table = "contact"
key = ["code"]
needs = ["person"]
[rows.contacts.columns]
lastname = "person"
parentcustomerid = { lookup = "firms", by = ["code"] }
"""


def test_a_row_may_refer_to_a_later_line_of_its_file(hub: Hub) -> None:
    """Employees name their manager whether the manager stands above or below them."""
    hub.put("people.csv", "no,name,boss\n1,Worker,2\n2,Boss,\n3,Other,1\n")
    report = hub.load(PEOPLE)
    assert (report["written"], report["bad"]) == (3, [])
    boss, worker = (hub.named("systemuser", lastname=name) for name in ("Boss", "Worker"))
    assert worker["parentsystemuserid"] == lookup("systemuser", boss)
    assert hub.named("systemuser", lastname="Other")["parentsystemuserid"] == lookup(
        "systemuser", worker
    )
    assert "parentsystemuserid" not in boss


def test_two_sections_may_refer_to_each_other(hub: Hub) -> None:
    """A firm names its contact and the contact its firm; imported again, nothing changes."""
    hub.put("firms.csv", "code,firm,person\nA,Alpine,Ann\nB,Blue,\n")
    report = hub.load(FIRMS)
    assert report["bad"] == [
        {
            "file": "firms.csv",
            "line": 3,
            "section": "firms",
            "reason": "primarycontactid refers to B of contacts, which is not there",
        }
    ]
    firm, person = hub.named("account", name="Alpine"), hub.named("contact", lastname="Ann")
    assert firm["primarycontactid"] == lookup("contact", person)
    assert person["parentcustomerid"] == lookup("account", firm)
    before = hub.everything()
    hub.load(FIRMS)
    assert hub.everything() == before


def test_a_line_is_counted_once(hub: Hub) -> None:
    """Whatever the passes do with a line, it is written, unchanged, skipped or bad: one of them."""
    hub.put("firms.csv", "code,firm,person\nA,Alpine,Ann\nB,Blue,\n,C,\nD,Dust,Dan\n")

    def tallies() -> list[tuple[int, int, int, int, int]]:
        return [
            tuple(one[name] for name in ("read", "written", "unchanged", "skipped", "bad"))
            for one in hub.load(FIRMS)["files"]
        ]

    assert tallies() == [(4, 2, 0, 0, 2), (4, 2, 0, 2, 0)]
    assert tallies() == [(4, 0, 2, 0, 2), (4, 0, 2, 2, 0)]
    hub.put("firms.csv", "code,firm,person\nA,Alpine,Ann\nB,Blue,Ben\n,C,\nD,Dust,Dan\n")
    assert tallies() == [(4, 1, 2, 0, 1), (4, 1, 2, 1, 0)]


def test_a_lookup_to_a_row_that_was_not_loaded_is_bad(hub: Hub) -> None:
    """A line whose parent was a bad line is bad too, and says which row it misses."""
    hub.put("orders.csv", "no,title\n1,One\n2," + "x" * 301 + "\n")
    hub.put("lines.csv", "order,pos,amount\n1,1,5\n2,1,6\n3,1,7\n,,8\n1,2,\n")
    report = hub.load("""
        format = 1
        [rows.orders]
        file = "orders.csv"
        table = "opportunity"
        key = ["no"]
        columns = { name = "title" }
        [rows.lines]
        file = "lines.csv"
        table = "opportunityproduct"
        key = ["order", "pos"]
        [rows.lines.columns]
        opportunityid = { lookup = "orders", by = ["order"] }
        quantity = "amount"
        isproductoverridden = { value = true }
        productdescription = "pos"
    """)
    told = {(bad["section"], bad["line"]): bad["reason"] for bad in report["bad"]}
    assert told["lines", 3] == "opportunityid refers to 2 of orders, which is not there"
    assert told["lines", 4] == "opportunityid refers to 3 of orders, which is not there"
    assert "not complete: nothing, nothing" in told["lines", 5]
    assert "opportunityproduct.quantity is required" in told["lines", 6]
    assert len(told) == 5
    assert [row["quantity"] for row in hub.rows("opportunityproduct").values()] == ["5"]


def test_what_the_judge_refuses_is_listed_with_its_reason(hub: Hub) -> None:
    """Two managers of each other: the second is refused by the hub's own rule."""
    hub.put("people.csv", "no,name,boss\n1,One,2\n2,Two,1\n")
    report = hub.load(PEOPLE)
    assert [(bad["line"], bad["reason"]) for bad in report["bad"]] == [
        (3, "This parent would make the row its own ancestor.")
    ]
    assert report["written"] == 1
    assert "parentsystemuserid" not in hub.named("systemuser", lastname="Two")


def test_a_lookup_to_a_row_that_somebody_deleted(hub: Hub) -> None:
    """A new line that refers to a deleted row is bad; one that did so before is left alone."""
    hub.put("firms.csv", "code,firm,person\nA,Alpine,Ann\n")
    hub.load(FIRMS)
    hub.delete("contact", hub.named("contact", lastname="Ann")["id"])
    report = hub.load(FIRMS)
    assert (report["bad"], report["written"], report["kept"]) == ([], 0, 1)
    hub.put("firms.csv", "code,firm,person,main\nA,Alpine,Ann,A\nB,Blue,Ben,A\n")
    report = hub.load(FIRMS.replace('"contacts", by = ["code"]', '"contacts", by = ["main"]'))
    assert [(bad["line"], bad["reason"]) for bad in report["bad"]] == [
        (3, "primarycontactid refers to A of contacts, which was deleted")
    ]


def test_a_reference_that_cannot_be_spoils_its_line(hub: Hub) -> None:
    """Half a key refers to nothing: the line is bad at once, even if the lookup would wait."""
    hub.put("parts.csv", "a,b,up_a,up_b\n1,1,,\n1,2,1,1\n1,3,1,\n")
    report = hub.load("""
        format = 1
        [rows.parts]
        file = "parts.csv"
        table = "account"
        key = ["a", "b"]
        [rows.parts.columns]
        name = "b"
        parentaccountid = { lookup = "parts", by = ["up_a", "up_b"] }
    """)
    assert [(bad["line"], bad["reason"]) for bad in report["bad"]] == [
        (4, "its key in parts is not complete: 1, nothing")
    ]
    assert {row["name"] for row in hub.rows("account").values()} == {"1", "2"}
    parent = lookup("account", hub.named("account", name="1"))
    assert hub.named("account", name="2")["parentaccountid"] == parent


def test_a_deletion_is_kept_once(hub: Hub) -> None:
    """A deleted row counts as one difference, whatever the number of passes over its line."""
    hub.put("firms.csv", "code,firm,person\nA,Alpine,Ann\n")
    hub.load(FIRMS)
    hub.delete("account", hub.named("account", name="Alpine")["id"])
    kept = {one["section"]: one["kept"] for one in hub.load(FIRMS)["files"]}
    assert kept == {"firms": 1, "contacts": 1}, "the contact went with its account"


# -- rows that were there before --------------------------------------------------------------------

OWNED = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
[rows.firms.columns]
name = "firm"
ownerid = { table = "systemuser", where = { domainname = "agent" } }
"""


def test_an_owner_is_found_by_his_natural_key(hub: Hub) -> None:
    """A lookup can name a row that no section of the map has made."""
    hub.create("systemuser", b"a" * 16, lastname="Ann", domainname="ann@contoso")
    hub.put("firms.csv", "code,firm,agent\nA,Alpine,ann@contoso\nB,Blue,\nC,Coho,ben@contoso\n")
    report = hub.load(OWNED)
    ann = lookup("systemuser", {"id": b"a" * 16})
    assert hub.named("account", name="Alpine")["ownerid"] == ann
    nobody = lookup("systemuser", {"id": SYSTEM_USER})
    assert hub.named("account", name="Blue")["ownerid"] == nobody
    assert [(bad["line"], bad["reason"]) for bad in report["bad"]] == [
        (4, "there is no systemuser with domainname 'ben@contoso'")
    ]


def test_a_natural_key_must_name_one_row(hub: Hub) -> None:
    """Of two rows with the same key the import takes neither."""
    for number in (1, 2):
        hub.create("systemuser", bytes([number]) * 16, lastname="Ann", domainname="ann")
    hub.put("firms.csv", "code,firm,agent\nA,Alpine,ann\n")
    report = hub.load(OWNED)
    assert [bad["reason"] for bad in report["bad"]] == [
        "there is more than one systemuser with domainname 'ann'"
    ]


def test_a_new_owner_is_set_and_a_missing_one_changes_nothing(hub: Hub) -> None:
    """An owner goes with the file; where the file has none, the row keeps the one it has."""
    for name in ("ann", "ben"):
        hub.create("systemuser", name.encode().rjust(16), lastname=name, domainname=name)
    owners = []
    for agent in ("ann", "ben", ""):
        hub.put("firms.csv", f"code,firm,agent\nA,Alpine,{agent}\n")
        assert hub.load(OWNED)["bad"] == []
        owners.append(hub.named("account", name="Alpine")["ownerid"])
    ann, ben = (lookup("systemuser", {"id": name.rjust(16)}) for name in (b"ann", b"ben"))
    assert owners == [ann, ben, ben]


# -- links --------------------------------------------------------------------------------------------

LINKED = """
format = 1
[rows.firms]
file = "firms.csv"
table = "account"
key = ["code"]
columns = { name = "code" }
[rows.leads]
file = "firms.csv"
table = "lead"
key = ["code"]
columns = { subject = "code", lastname = "code", companyname = "code" }
[links.sources]
file = "links.csv"
relationship = "accountleads_association"
left = { lookup = "firms", by = ["firm"] }
right = { lookup = "leads", by = ["lead"] }
"""


def test_links(hub: Hub) -> None:
    """Links are made once, come after all rows, and stay away once somebody took them away."""
    hub.put("firms.csv", "code\nA\nB\n")
    hub.put("links.csv", "firm,lead\nA,A\nA,B\nA,C\nB,\nA,A\n")
    report = hub.load(LINKED)
    assert [(bad["line"], bad["reason"]) for bad in report["bad"]] == [
        (4, "right refers to C of leads, which is not there"),
        (5, "the right end of the link is not named"),
        (6, "an earlier line has the same key, A of firms with A of leads"),
    ]
    firm, lead = hub.named("account", name="A")["id"], hub.named("lead", subject="A")["id"]
    other = hub.named("lead", subject="B")["id"]
    there = {(firm, lead): True, (firm, other): True}
    assert hub.links("accountleads_association") == there
    before = hub.everything()
    hub.load(LINKED)
    assert hub.everything() == before
    hub.unlink("accountleads_association", firm, lead)
    report = hub.load(LINKED)
    assert (report["written"], report["kept"]) == (0, 1)
    assert hub.links("accountleads_association") == there | {(firm, lead): False}
    hub.load('edited = "overwrite"\n' + LINKED)
    assert hub.links("accountleads_association") == there
