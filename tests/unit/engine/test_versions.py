"""What a person had read is part of what they write (sync.md 1.2)."""

from __future__ import annotations

import pytest

from satchel.engine import log
from satchel.engine.version import Version
from satchel.model.errors import Clash, Mistake
from satchel.model.outcome import Code
from tests.replicas import Device, Receipt


def update(device: Device, rec: str, version: str, **columns: object) -> Receipt:
    """Set columns of an account that was read at ``version``."""
    wish = {"do": "update", "table": "account", "id": rec, "columns": columns, "version": version}
    return device.do(wish)


def test_what_has_not_changed_may_be_set(ada: Device) -> None:
    """A write that carries the version of the last read goes through."""
    rec = ada.create("account", name="A")
    update(ada, rec, ada.get("account", rec)["version"], name="B")
    ada.sync()
    update(ada, rec, ada.get("account", rec)["version"], name="C")
    assert ada.columns("account", rec)["name"] == "C"


def test_a_receipt_is_a_read(ada: Device) -> None:
    """The version in a receipt stands for what its author has just written."""
    first = ada.do({"do": "create", "table": "account", "columns": {"name": "A"}})
    rec = first["ids"][0]
    second = update(ada, rec, first["version"], name="B")
    with pytest.raises(Clash):
        update(ada, rec, first["version"], name="C")
    update(ada, rec, second["version"], name="C")


def test_another_app_has_written_meanwhile(ada: Device) -> None:
    """A column that another app here has set since is refused, both values shown, unwritten."""
    rec = ada.create("account", name="A", telephone1="1")
    version = ada.get("account", rec)["version"]
    ada.update("account", rec, name="B")
    before = ada.dump()
    with pytest.raises(Clash) as refused:
        update(ada, rec, version, name="C", telephone1="2")
    assert refused.value.code == "CONFLICT"
    assert refused.value.details["columns"] == {"name": {"yours": "C", "theirs": "B"}}
    assert ada.dump() == before
    update(ada, rec, version, telephone1="2")


def test_a_flip_has_come_meanwhile(ada: Device, ben: Device) -> None:
    """A value that a FLIP has brought since the read was not seen, though the device has it."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    version = ada.get("account", rec)["version"]
    ben.update("account", rec, name="B")
    ben.sync()
    ada.pull()
    with pytest.raises(Clash) as refused:
        update(ada, rec, version, name="C")
    assert refused.value.details["columns"]["name"]["theirs"] == "B"
    update(ada, rec, version, name="B", telephone1="1")


def test_the_same_value_is_no_conflict(ada: Device) -> None:
    """Setting what is there already is no conflict."""
    rec = ada.create("account", name="A")
    version = ada.get("account", rec)["version"]
    ada.update("account", rec, name="B")
    update(ada, rec, version, name="B")


def test_a_group_is_one_thing(ada: Device) -> None:
    """A part of an address conflicts with a change of another part: they are written whole."""
    rec = ada.create("account", name="A", address1_city="Rome", address1_line1="1")
    version = ada.get("account", rec)["version"]
    ada.update("account", rec, address1_city="Oslo")
    with pytest.raises(Clash):
        update(ada, rec, version, address1_line1="2")


def test_a_delete_stands_on_what_was_read(ada: Device, ben: Device) -> None:
    """A delete counts as made when the person looked: what came after is told as buried."""
    rec = ada.create("account", name="A")
    ada.sync()
    ben.pull()
    read = ada.get("account", rec)["version"]
    ben.update("account", rec, telephone1="new")
    ben.sync()
    ada.pull()
    ada.do({"do": "delete", "table": "account", "id": rec, "version": read})
    own = ada.replica.identity.replica
    record = ada.read(lambda txn: log.read_record(txn, own, 2))
    assert record is not None
    ctx = record.entry().ctx
    assert ctx.base_seq == Version.parse(read).seq < ctx.rows_seq
    (outcome,) = ada.push()
    assert outcome.code == Code.OK
    ben.pull()
    assert len(ben.dump("cnf")["cnf"]) == 1


@pytest.mark.parametrize("version", ["", "1.2", "1.2.x", "1.2.3.4", "1.2.-3", "\u0661.2.3"])
def test_a_version_that_nobody_gave(ada: Device, version: str) -> None:
    """What no read ever returned is a mistake of the app."""
    rec = ada.create("account", name="A")
    with pytest.raises(Mistake) as refused:
        update(ada, rec, version, name="B")
    assert refused.value.code == "BAD_REQUEST"


def test_versions_as_text() -> None:
    """A version reads back as it was written, and huge numbers are harmless."""
    assert Version.parse("1.2.3") == Version(1, 2, 3)
    assert Version(4, 5, 6).to_text() == "4.5.6"
    assert Version.parse("1.2." + "9" * 4000).ctr < 1 << 64
