"""The journal: one line for each transaction that an app could notice (sync.md 4.3)."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import journal, reading
from satchel.engine.flip import Installed
from satchel.engine.viewspace import Changes
from satchel.model import limits
from satchel.model.errors import SatchelError
from satchel.model.ids import id_text
from satchel.store import layout
from tests.replicas import Device

LINK = "accountleads_association"


def changes(device: Device, since: int, limit: int | None = None) -> dict[str, Any]:
    """Journal lines in the words of the API."""
    return device.read(lambda txn: reading.changes(txn, device.replica, since, limit))


def position(device: Device) -> int:
    """The number of the last line."""
    return device.read(journal.position)


def rows_since(device: Device, since: int) -> list[list[dict[str, Any]]]:
    """What each line past a position says."""
    return [line["rows"] for line in changes(device, since)["changes"]]


def test_one_line_for_one_change(ada: Device) -> None:
    """A change of several ops, and all that follows from it, is one line."""
    account = ada.create("account", name="A")
    contact = ada.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    start = position(ada)
    lead = ada.do(
        {"do": "create", "table": "lead", "columns": {"lastname": "L", "subject": "s"}},
        {"do": "delete", "table": "account", "id": account},
    )["ids"][0]
    (line,) = rows_since(ada, start)
    assert line == [
        {"table": "lead", "id": lead, "kind": "put"},
        {"table": "account", "id": account, "kind": "gone"},
        {"table": "contact", "id": contact, "kind": "gone"},
    ]


def test_links(ada: Device) -> None:
    """A link that came and one that went are told; one that came and went is not."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    start = position(ada)
    ends = {"relationship": LINK, "left": account, "right": lead}
    ada.do({"do": "link", **ends})
    ada.do({"do": "unlink", **ends})
    ada.do({"do": "link", **ends}, {"do": "unlink", **ends})
    assert rows_since(ada, start) == [[{**ends, "kind": "link"}], [{**ends, "kind": "unlink"}]]


def test_a_denied_change_leaves_no_line(ada: Device) -> None:
    """Nothing happened, so there is nothing to tell."""
    start = position(ada)
    with pytest.raises(SatchelError):
        ada.create("account")
    assert position(ada) == start


def test_a_flip_is_one_line(ada: Device, ben: Device) -> None:
    """Others' rows, own outcomes and conflict records come together, in one line."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ada.update("account", rec, name="ada")
    ben.update("account", rec, name="ben")
    ben.create("contact", lastname="C")
    ben.push_all()
    ada.push_all()
    start = position(ada)
    ada.pull()
    (line,) = rows_since(ada, start)
    kinds = [event["kind"] for event in line]
    assert sorted(kinds) == ["conflict", "outcome", "put", "put"]
    assert {"kind": "outcome", "ctr": 2, "code": "OK"} in line
    assert {"kind": "conflict", "table": "account", "id": rec} in line


def test_a_flip_without_news_leaves_no_line(ada: Device) -> None:
    """Own accepted work looks the same but for its version number: that is told, once."""
    ada.create("account", name="A")
    ada.sync()
    start = position(ada)
    assert ada.pull() is Installed.DONE
    assert position(ada) == start


def test_pages(ada: Device) -> None:
    """Lines are paged by number; the position is where to go on."""
    start = position(ada)
    for number in range(5):
        ada.create("account", name=f"A{number}")
    first = changes(ada, start, 2)
    assert (len(first["changes"]), first["position"]) == (2, start + 2)
    rest = changes(ada, first["position"])
    assert [line["position"] for line in rest["changes"]] == [start + 3, start + 4, start + 5]
    assert changes(ada, start + 5) == {"changes": [], "position": start + 5, "reload": False}


def test_the_journal_is_cut(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only so many lines are kept; who is further behind, or ahead, is told to read afresh."""
    monkeypatch.setattr(limits, "JOURNAL_LINES_MAX", 3)
    start = position(ada)
    for number in range(6):
        ada.create("account", name=f"A{number}")
    lines = ada.dump(layout.JRN)[layout.JRN]
    assert [layout.parse_seq_key(key) for key in lines] == [start + 4, start + 5, start + 6]
    assert not changes(ada, start + 3)["reload"]
    for since in (start + 2, 0, start + 7):
        found = changes(ada, since)
        assert found == {"changes": [], "position": start + 6, "reload": True}


def test_a_bound_that_was_lowered(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many lines too many go a few with each line written, without a pause."""
    for number in range(30):
        ada.create("account", name=f"A{number}")
    monkeypatch.setattr(limits, "JOURNAL_LINES_MAX", 3)
    before = len(ada.dump(layout.JRN)[layout.JRN])
    ada.create("account", name="B")
    after = len(ada.dump(layout.JRN)[layout.JRN])
    assert 3 < after < before


def test_a_line_fits_an_answer(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """What touches more rows than a line may name says only: read afresh."""
    monkeypatch.setattr(limits, "JOURNAL_EVENTS_MAX", 3)
    account = ada.create("account", name="A")
    for number in range(3):
        ada.create("contact", lastname=f"C{number}", parentcustomerid=f"account:{account}")
    start = position(ada)
    ada.delete("account", account)
    assert rows_since(ada, start) == [[{"kind": "reload"}]]


def test_events_of_tables_that_are_gone(ada: Device) -> None:
    """An event about a table the catalogue does not know names its number."""
    rec = bytes(16)
    noticed = Changes([((999, rec), True)], [((998, rec, rec), False)])
    start = position(ada)
    ada.store.write(lambda txn: journal.append(txn, noticed, [[journal.CONFLICT, 999, rec]]))
    (line,) = rows_since(ada, start)
    assert line == [
        {"table": "999", "id": id_text(rec), "kind": "put"},
        {"relationship": "998", "left": id_text(rec), "right": id_text(rec), "kind": "unlink"},
        {"kind": "conflict", "table": "999", "id": id_text(rec)},
    ]
