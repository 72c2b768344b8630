"""Reads: always from VIEW over BASE, in pages, both sides of links, and digests."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import digest, outbox, reading
from satchel.model import limits
from satchel.model.errors import Invalid, Missing, Mistake, SatchelError
from satchel.model.ids import id_text
from satchel.wire.codec import pack
from tests.replicas import Device, World

LINK = "accountleads_association"


def page(device: Device, **how: Any) -> dict[str, Any]:
    """A page of accounts."""
    given = {"after": None, "limit": None, "wanted": ["name"], **how}
    return device.read(
        lambda txn: reading.list_rows(
            txn, device.replica, "account", given["after"], given["limit"], given["wanted"]
        )
    )


def names(found: dict[str, Any]) -> list[str]:
    """The names in a page."""
    return [row["columns"]["name"] for row in found["rows"]]


def test_what_is_not_there(world: World, ada: Device) -> None:
    """A row that never was, one that died, an id that is none, a column that is none."""
    dead = ada.create("account", name="A")
    ada.delete("account", dead)
    for rec, code in ((world.new_id(), "NO_SUCH_ROW"), (dead, "GONE")):
        with pytest.raises(Missing) as missing:
            ada.get("account", rec)
        assert missing.value.code == code
        assert missing.value.remedy
    for table, rec, code in (
        ("account", "nonsense", "WRONG_TYPE"),
        ("none", dead, "UNKNOWN_TABLE"),
    ):
        with pytest.raises(Invalid) as invalid:
            ada.get(table, rec)
        assert invalid.value.code == code
    alive = ada.create("account", name="A")
    with pytest.raises(Mistake):
        ada.read(lambda txn: reading.get(txn, ada.replica, "account", alive, ["nothing"]))


def test_chosen_columns(ada: Device) -> None:
    """Only the columns asked for, those the platform fills among them; null ones are left out."""
    rec = ada.create("account", name="A")
    wanted = ["name", "createdon", "telephone1", "versionnumber"]
    row = ada.read(lambda txn: reading.get(txn, ada.replica, "account", rec, wanted))
    assert sorted(row["columns"]) == ["createdon", "name", "versionnumber"]


def test_pages_over_base_and_view(ada: Device, ben: Device) -> None:
    """A page merges what the hub has with what waits: changed, deleted and new rows, in order."""
    recs = [ada.create("account", name=f"base {number}") for number in range(6)]
    ada.sync()
    ada.update("account", recs[1], name="changed")
    ada.delete("account", recs[3])
    new = ada.create("account", name="new")
    everything = page(ada)
    assert names(everything) == ["base 0", "changed", "base 2", "base 4", "base 5", "new"]
    assert [row["pending"] for row in everything["rows"]] == [
        False,
        True,
        False,
        False,
        False,
        True,
    ]
    assert everything["next"] is None
    seen: list[str] = []
    after = None
    while True:
        found = page(ada, after=after, limit=2)
        seen += [row["id"] for row in found["rows"]]
        after = found["next"]
        if after is None:
            break
        assert len(found["rows"]) == 2
    assert seen == [row["id"] for row in everything["rows"]]
    assert page(ada, after=new)["rows"] == []
    with pytest.raises(Mistake):
        page(ada, after="nowhere")


def test_a_page_before_the_first_and_over_the_last_row(ada: Device) -> None:
    """Rows of other tables are not in a page, whatever lies beside it in the store."""
    ada.create("contact", lastname="C")
    assert page(ada)["rows"] == []
    ada.sync()
    assert page(ada)["rows"] == []


def test_a_page_fits_an_answer(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page ends before it grows past an answer, and holds at least one row."""
    for _ in range(5):
        ada.create("account", name="A", description="x" * 700)
    monkeypatch.setattr(limits, "REPLY_BYTES_TARGET", 2000)
    found = page(ada, wanted=None)
    assert 1 <= len(found["rows"]) < 5
    assert len(pack(found)) < 2200
    monkeypatch.setattr(limits, "REPLY_BYTES_TARGET", 10)
    found = page(ada, wanted=None)
    assert len(found["rows"]) == 1
    assert found["next"] == found["rows"][0]["id"]
    monkeypatch.setattr(limits, "REPLY_BYTES_TARGET", 3000)
    own = ada.replica
    waiting = ada.read(lambda txn: outbox.page(txn, own, 0, None))
    assert 1 <= len(waiting["entries"]) < 5
    assert (waiting["next"], waiting["total"]) == (waiting["entries"][-1]["ctr"], 5)


def test_links_from_both_sides(ada: Device, ben: Device) -> None:
    """Links of BASE and of pending work, without those whose other end is dead."""
    account = ada.create("account", name="A")
    leads = [ada.create("lead", lastname=f"L{number}", subject="s") for number in range(4)]
    for lead in leads[:3]:
        ada.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    ada.sync()
    ada.do({"do": "link", "relationship": LINK, "left": account, "right": leads[3]})
    ada.do({"do": "unlink", "relationship": LINK, "left": account, "right": leads[0]})
    ada.delete("lead", leads[1])
    assert ada.links(LINK, account) == [leads[2], leads[3]]
    assert ada.links(LINK, leads[3], "right") == [account]
    assert ada.links(LINK, leads[0], "right") == []
    assert ada.links(LINK, leads[1], "right") == []

    def links(after: str | None, side: str | None = None) -> dict[str, Any]:
        return ada.read(
            lambda txn: reading.list_links(txn, ada.replica, LINK, account, side, after, 1)
        )

    assert links(None) == {"ids": [leads[2]], "next": leads[2]}
    assert links(leads[2]) == {"ids": [leads[3]], "next": None}
    ben.pull()
    assert ben.links(LINK, account) == leads[:3]
    with pytest.raises(Mistake):
        links(None, "middle")
    with pytest.raises(SatchelError) as unknown:
        ada.links("nothing", account)
    assert unknown.value.code == "UNKNOWN_RELATIONSHIP"


def test_who_and_when(ada: Device, ben: Device) -> None:
    """createdby, modifiedby and their times are read off the stamps, of whoever wrote."""
    rec = ada.create("account", name="A")
    made = ada.columns("account", rec)["createdon"]
    ada.sync()
    ben.pull()
    ben.update("account", rec, name="B")
    ben.sync()
    ada.pull()
    shown = ada.columns("account", rec)
    assert shown["createdby"]["id"] == id_text(ada.user)
    assert shown["modifiedby"]["id"] == id_text(ben.user)
    assert shown["createdon"] == made < shown["modifiedon"]
    assert shown["versionnumber"] == ada.hub.head
    assert shown == ben.columns("account", rec)


def test_the_digest_is_the_hubs(world: World, ada: Device, ben: Device) -> None:
    """Two replicas that hold the same have the hub's digest; pending work is not in it."""
    account = ada.create("account", name="A")
    lead = ada.create("lead", lastname="L", subject="s")
    ada.do({"do": "link", "relationship": LINK, "left": account, "right": lead})
    ada.sync()
    ben.pull()
    wanted = world.hub.digest()
    assert ada.read(digest.base_digest) == ben.read(digest.base_digest) == wanted
    ben.update("account", account, name="B")
    summary = ben.summary()
    assert (summary["digest"], summary["outbox"]) == (wanted, 1)
    assert summary["overlay"] > 0
    ben.sync()
    assert ben.summary()["digest"] == world.hub.digest() != wanted
