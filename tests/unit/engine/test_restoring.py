"""A row brought back before its contents have come: only what is written since is known."""

from __future__ import annotations

import pytest

from satchel.model.errors import Unavailable
from satchel.model.outcome import Code
from tests.recompute import assert_derived
from tests.replicas import Device


def restoring(ada: Device, ben: Device) -> str:
    """A contact that Ben deleted, of which Ada has the tombstone only, and has brought back."""
    rec = ben.create("contact", firstname="Rosa", lastname="Lind", address1_city="Oslo")
    ben.sync()
    ben.delete("contact", rec)
    ben.sync()
    ada.pull()
    ada.restore("contact", rec)
    assert "lastname" not in ada.columns("contact", rec)
    return rec


def test_part_of_a_group_is_not_written_over_what_is_not_here(ada: Device, ben: Device) -> None:
    """A group is written whole, so changing part of one that is not here would clear the rest:
    it is refused until the contents have come."""
    rec = restoring(ada, ben)
    for columns in ({"firstname": "Rosi"}, {"address1_line1": "Street 1"}, {"statecode": 0}):
        with pytest.raises(Unavailable, match="contents have come") as refused:
            ada.update("contact", rec, **columns)
        assert refused.value.code == "RETRY_LATER"
    ada.update("contact", rec, jobtitle="Buyer")
    ada.sync()
    columns = ada.columns("contact", rec)
    assert columns["lastname"] == "Lind"
    assert columns["address1_city"] == "Oslo"
    assert columns["jobtitle"] == "Buyer"
    ada.update("contact", rec, firstname="Rosi")
    assert_derived(ada)


def test_a_group_named_whole_is_written(ada: Device, ben: Device) -> None:
    """What names every column of the group needs nothing that is not here."""
    rec = restoring(ada, ben)
    ada.update("contact", rec, firstname="A", middlename="B", lastname="C")
    outcomes = ada.push()
    assert [outcome.code for outcome in outcomes] == [Code.OK, Code.OK]
    ada.pull()
    assert ada.columns("contact", rec)["fullname"] == "A B C"
