"""What an organisation has before anybody joins."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest

from satchel.hub.found import FirstIds, found
from satchel.hub.office import Setup, read_origin
from satchel.hub.roster import read_user
from satchel.model.errors import Clash, Trouble
from satchel.model.ids import id_text
from satchel.store import layout
from satchel.store.env import Store
from tests.unit.hub.counter import Counter, id_of


def test_the_first_rows_are_there_and_refer_to_each_other(counter: Counter) -> None:
    """Organisation, currency, root business unit and the user System, as Dataverse has them."""
    org = counter.order("hub.row", table="organization", id=id_text(counter.desk.org))["columns"]
    unit = counter.order("hub.row", table="businessunit", id=id_text(id_of(1)))["columns"]
    user = counter.order("hub.row", table="systemuser", id=id_text(id_of(3)))["columns"]
    assert org["name"] == unit["name"] == "Contoso"
    assert org["basecurrencyid"]["id"] == unit["transactioncurrencyid"]["id"] == id_text(id_of(2))
    assert user["businessunitid"]["id"] == id_text(id_of(1))
    assert user["lastname"] == "System"


def test_founding_is_the_first_changeset_of_the_hub_itself(counter: Counter) -> None:
    """Origin 0 writes it, judged like anybody's work: one changeset, seq 1."""
    assert counter.order("hub.log")["log"] == [[1, (b"hub-rep\1").hex(), 1, "OK", None]]
    origin = counter.desk.store.read(lambda txn: read_origin(txn, b"hub-rep\1"))
    assert origin is not None
    assert (origin.number, origin.user, origin.processed) == (0, id_of(3), 1)


def test_nobody_joins_as_the_hub_itself(counter: Counter) -> None:
    """The user System is disabled from the start."""
    system = counter.desk.store.read(lambda txn: read_user(txn, id_of(3)))
    assert system is not None
    assert system.disabled


def test_a_store_is_founded_once(counter: Counter) -> None:
    """A second time nothing is changed."""
    setup = Setup(b"2" * 16, "Other", b"replica2", bytes(32), bytes(32))
    ids = FirstIds(id_of(7), id_of(8), id_of(9))
    with pytest.raises(Clash) as caught:
        counter.desk.store.write(lambda txn: found(txn, setup, ids, 0, bytes(16)))
    assert caught.value.code == "ALREADY_EXISTS"
    assert counter.desk.store.read(Setup.read).name == "Contoso"


def test_a_store_without_an_organisation_says_so() -> None:
    """An empty store is damage, not an empty organisation."""
    folder = Path(tempfile.mkdtemp(prefix="s", dir="/tmp"))
    store = Store.open(folder / "store", layout.HUB_DBS, sync=False)
    try:
        with pytest.raises(Trouble) as caught:
            store.read(Setup.read)
        assert caught.value.code == "STORE_DAMAGED"
    finally:
        store.close()
        shutil.rmtree(folder)
