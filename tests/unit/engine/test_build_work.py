"""What a build aside does not do twice."""

from __future__ import annotations

import pytest

from satchel.engine import build
from satchel.engine.flip import Installed
from satchel.model import limits
from tests.recompute import assert_derived
from tests.replicas import Device


def test_what_the_stage_brings_is_not_copied_first(
    ada: Device, ben: Device, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Copying a generation writes only the rows that stay as they are."""
    monkeypatch.setattr(limits, "FLIP_ROWS_MAX", 0)
    accounts = [ada.create("account", name=f"A{number}") for number in range(6)]
    ada.sync()
    ben.pull()
    while ben.store.write(build.sweep):
        pass
    rows = len(ben.dump("row")["row"])
    for account in accounts[1:]:
        ada.update("account", account, name="changed")
    ada.sync()
    wire = ben.fetch()
    assert ben.install_or_start(wire) is Installed.TOO_LARGE
    assert ben.build_step() is Installed.TOO_LARGE
    copied = len(ben.dump("row")["row"]) - rows
    staged = len(accounts) - 1
    assert copied == rows - staged
    while ben.build_step() is Installed.TOO_LARGE:
        pass
    assert [ben.columns("account", each)["name"] for each in accounts] == ["A0", *["changed"] * 5]
    assert ben.summary()["digest"] == ada.summary()["digest"]
    assert_derived(ben)
