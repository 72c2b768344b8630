"""A value that lost unseen reaches its author's device and is shown there (sync.md 1.2)."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import conflicts
from satchel.model import limits
from satchel.model.errors import Missing
from satchel.model.ids import id_text
from satchel.wire.codec import pack
from tests.replicas import Device

LINK = "accountleads_association"


def page(device: Device, everyone: bool = False, **how: Any) -> dict[str, Any]:
    """A page of conflict records."""
    after, limit = how.get("after"), how.get("limit")
    return device.read(lambda txn: conflicts.page(txn, device.replica, after, limit, everyone))


def clash(ada: Device, ben: Device) -> str:
    """An account of which both set the telephone; Ben pushes first and writes later."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    ada.update("account", rec, telephone1="ada")
    ben.update("account", rec, telephone1="ben")
    ben.push_all()
    ada.push_all()
    for device in (ada, ben):
        device.pull()
    return rec


def test_the_loser_is_told(ada: Device, ben: Device) -> None:
    """Whose value lost sees it with the one that won; nobody else is bothered."""
    rec = clash(ada, ben)
    assert ada.columns("account", rec)["telephone1"] == "ben"
    (one,) = page(ada)["conflicts"]
    assert (one["table"], one["row"], one["column"], one["open"]) == (
        "account",
        rec,
        "telephone1",
        True,
    )
    assert one["lost"]["value"] == {"telephone1": "ada"}
    assert one["won"]["value"] == {"telephone1": "ben"}
    assert one["lost"]["by"] == id_text(ada.user)
    assert one["won"]["by"] == id_text(ben.user)
    assert page(ben)["conflicts"] == []
    assert [other["id"] for other in page(ben, everyone=True)["conflicts"]] == [one["id"]]
    assert ada.read(lambda txn: conflicts.open_count(txn, ada.replica)) == 1
    assert ben.read(lambda txn: conflicts.open_count(txn, ben.replica)) == 0
    assert ada.read(lambda txn: conflicts.show(txn, ada.replica, one["id"])) == one


def test_it_closes_with_a_later_write(ada: Device, ben: Device) -> None:
    """A write of that column by somebody who knows of it closes the record, everywhere."""
    rec = clash(ada, ben)
    ada.update("account", rec, telephone1="both")
    ada.sync()
    ben.pull()
    assert page(ada)["conflicts"] == page(ben)["conflicts"] == []
    (one,) = page(ben, everyone=True)["conflicts"]
    assert not one["open"]
    assert ada.summary()["digest"] == ben.summary()["digest"] == ada.hub.digest()


def test_what_a_delete_buried(ada: Device, ben: Device) -> None:
    """An edit and a link that a delete took unseen are told to their author."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    ada.sync()
    ben.pull()
    ada.update("account", account, telephone1="late")
    ada.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    ada.push_all()
    ben.delete("account", account)
    ben.sync()
    ada.pull()
    found = page(ada)["conflicts"]
    assert {one["kind"] for one in found} == {"buried", "link"}
    link = next(one for one in found if one["kind"] == "link")
    assert (link["relationship"], link["left"], link["right"]) == (LINK, account, lead)
    value = next(one for one in found if one["kind"] == "buried")
    assert value["lost"]["value"] == {"telephone1": "late"}


def test_what_a_create_wrote_and_a_delete_buried(ada: Device, ben: Device) -> None:
    """A child that a delete of its parent took unseen is one record about the whole row."""
    account = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    contact = ada.create("contact", lastname="C", parentcustomerid=f"account:{account}")
    ada.push_all()
    ben.delete("account", account)
    ben.sync()
    ada.pull()
    (one,) = page(ada)["conflicts"]
    assert (one["row"], one["column"]) == (contact, None)
    assert one["lost"]["value"]["lastname"] == "C"


def test_paging(ada: Device, ben: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages go on behind the last id, by number and by size; the total is of all."""
    recs = [ada.create("account", name="A") for _ in range(5)]
    ada.sync()
    ben.pull()
    for rec in recs:
        ada.update("account", rec, description="a" * 500)
        ben.update("account", rec, description="b" * 500)
    ben.push_all()
    ada.push_all()
    ada.pull()
    first = page(ada, limit=2)
    assert (len(first["conflicts"]), first["total"]) == (2, 5)
    assert first["next"] == first["conflicts"][-1]["id"]
    rest = page(ada, after=first["next"])
    assert (len(rest["conflicts"]), rest["next"]) == (3, None)
    monkeypatch.setattr(limits, "REPLY_BYTES_TARGET", 3000)
    small = page(ada)
    assert 0 < len(small["conflicts"]) < 5
    assert len(pack(small)) < 3500
    assert small["next"] == small["conflicts"][-1]["id"]


@pytest.mark.parametrize("given", ["", "zz", "00", "00" * 34, "ab" * 20])
def test_no_such_record(ada: Device, given: str) -> None:
    """An id that names no record is said to be none."""
    with pytest.raises(Missing) as missing:
        ada.read(lambda txn: conflicts.show(txn, ada.replica, given))
    assert missing.value.code == "NO_SUCH_ENTRY"
