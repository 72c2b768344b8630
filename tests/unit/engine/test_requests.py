"""Request ids: a repeated command takes effect once, and in order (sync.md 5.4, I22)."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.engine import requests
from satchel.engine.commit import Request
from satchel.engine.flip import Flip, Installed, install
from satchel.engine.requests import RequestWindow
from satchel.model import limits
from satchel.model.errors import Clash
from satchel.store import layout
from satchel.store.txn import Txn
from tests.replicas import NOW_MS, Device

APP, OTHER = b"session 1 of app", b"session 2 of app"
WISH = {"do": "create", "table": "account", "columns": {"name": "A"}}


def window(device: Device) -> RequestWindow:
    """The window as it is rebuilt at start."""
    own = device.replica.identity.replica
    return device.read(lambda txn: RequestWindow(txn, own))


def write(
    device: Device, seen: RequestWindow, number: int, confirmed: int = 0, session: bytes = APP
) -> dict[str, Any]:
    """Run a command once, as the daemon does."""
    known = seen.answered(session, number)
    if known is not None:
        return known
    receipt = device.do(WISH, request=Request(session, number, confirmed))
    seen.stage(session, number, confirmed, receipt, NOW_MS)
    seen.settle(committed=True)
    return receipt


def code(seen: RequestWindow, number: int, session: bytes = APP) -> str:
    """The code with which a repeated number is refused."""
    with pytest.raises(Clash) as refused:
        seen.answered(session, number)
    return refused.value.code


def test_a_repeated_number_gets_its_receipt(ada: Device) -> None:
    """A command runs once; its receipt comes again as often as it is asked for."""
    seen = window(ada)
    assert not seen.knows(APP)
    receipt = write(ada, seen, 1)
    assert write(ada, seen, 1) == receipt
    assert seen.knows(APP)
    assert len(ada.ids("account")) == 1
    assert write(ada, seen, 1, session=OTHER) != receipt


def test_what_an_abort_takes_back_may_run(ada: Device) -> None:
    """A receipt counts only once its transaction has returned."""
    seen = window(ada)
    seen.stage(APP, 1, 0, {"ctr": 1}, NOW_MS)
    assert seen.answered(APP, 1) == {"ctr": 1}
    seen.settle(committed=False)
    assert seen.answered(APP, 1) is None
    assert not seen.knows(APP)


def test_a_denied_command_is_denied_again(ada: Device) -> None:
    """A number without a receipt below one that has one is not run: the order would change."""
    seen = window(ada)
    seen.stage(APP, 5, 0, {"ctr": 1}, NOW_MS)
    assert code(seen, 4) == "DENIED_EARLIER"
    seen.settle(committed=True)
    assert code(seen, 4) == "DENIED_EARLIER"
    assert seen.answered(APP, 6) is None


def test_what_is_no_longer_kept(ada: Device) -> None:
    """What the app has confirmed is forgotten, and is not run again."""
    seen = window(ada)
    for number in (1, 2, 3):
        write(ada, seen, number)
    seen.confirm(APP, 2)
    assert seen.confirmed(APP) == 2
    assert code(seen, 1) == code(seen, 2) == "SESSION_EXPIRED"
    assert seen.answered(APP, 3) is not None
    seen.confirm(APP, 1)
    assert seen.confirmed(APP) == 2
    seen.confirm(OTHER, 7)
    assert seen.confirmed(OTHER) == 0


def test_an_app_that_confirms_nothing(ada: Device, monkeypatch: pytest.MonkeyPatch) -> None:
    """A session keeps so many receipts and no more; the oldest go first."""
    monkeypatch.setattr(limits, "SESSION_RECEIPTS_MAX", 3)
    seen = window(ada)
    for number in range(1, 6):
        write(ada, seen, number)
    assert code(seen, 2) == "SESSION_EXPIRED"
    assert seen.answered(APP, 3) is not None


def test_rebuilt_from_the_log(ada: Device) -> None:
    """After a restart the receipts are read from the log records."""
    seen = window(ada)
    receipts = [write(ada, seen, 1), write(ada, seen, 2), write(ada, seen, 4, confirmed=1)]
    ada.reopen()
    seen = window(ada)
    assert code(seen, 1) == "SESSION_EXPIRED"
    assert seen.answered(APP, 2) == receipts[1]
    assert code(seen, 3) == "DENIED_EARLIER"
    assert seen.answered(APP, 4) == receipts[2]
    assert seen.answered(APP, 5) is None


def test_a_flip_moves_what_is_not_confirmed(ada: Device) -> None:
    """With the log record goes the receipt, unless its app still may ask for it."""
    seen = window(ada)
    receipts = [write(ada, seen, number) for number in (1, 2, 3)]
    seen.confirm(APP, 2)
    ada.push_all()
    wire = ada.fetch()
    result = ada.store.write(
        lambda txn: install(txn, ada.replica, Flip.read(wire), ada.hub.now_ms, seen.confirmed)
    )
    assert result is Installed.DONE
    assert list(ada.dump(layout.REQ)[layout.REQ]) == [layout.req_key(APP, 3)]
    assert window(ada).answered(APP, 3) == receipts[2]


def test_whatever_happens_a_receipt_is_found(ada: Device) -> None:
    """Before and after the FLIP, and after a restart at either time, one command is one row."""
    receipt = write(ada, window(ada), 1)
    assert write(ada, window(ada), 1) == receipt
    ada.sync()
    assert write(ada, window(ada), 1) == receipt
    ada.reopen()
    assert write(ada, window(ada), 1) == receipt
    assert len(ada.ids("account")) == 1


def test_a_receipt_without_a_log_record(ada: Device) -> None:
    """Commands that write no changeset keep their receipt in REQ."""
    name = Request(APP, 7, 3)
    ada.store.write(lambda txn: requests.keep(txn, name, {"discarded": 1}, NOW_MS))
    ada.store.write(lambda txn: requests.keep(txn, Request(None, 0, 0), {"discarded": 1}, NOW_MS))
    seen = window(ada)
    assert seen.answered(APP, 7) == {"discarded": 1}
    assert seen.confirmed(APP) == 3
    assert len(ada.dump(layout.REQ)[layout.REQ]) == 1


def test_receipts_are_trimmed(ada: Device) -> None:
    """A week after their command receipts leave REQ, a bounded number at a time."""
    old, new = NOW_MS - limits.SESSION_MS - 1, NOW_MS

    def keep(txn: Txn) -> None:
        for number, time_ms in ((1, old), (2, old), (3, old), (4, new)):
            requests.keep(txn, Request(APP, number, 0), {}, time_ms)

    ada.store.write(keep)
    assert ada.store.write(lambda txn: requests.trim(txn, NOW_MS, limit=2)) == 2
    assert ada.store.write(lambda txn: requests.trim(txn, NOW_MS)) == 1
    assert list(ada.dump(layout.REQ)[layout.REQ]) == [layout.req_key(APP, 4)]


def test_a_flip_trims(ada: Device) -> None:
    """Receipts do not pile up: every FLIP takes some of the old ones away."""
    name = Request(APP, 1, 0)
    ada.store.write(lambda txn: requests.keep(txn, name, {}, NOW_MS - limits.SESSION_MS - 1))
    ada.create("account", name="A")
    ada.sync()
    assert ada.dump(layout.REQ)[layout.REQ] == {}


def test_sessions_are_forgotten(ada: Device) -> None:
    """A session whose last command is more than a week past takes no memory."""
    seen = window(ada)
    write(ada, seen, 1)
    write(ada, seen, 1, session=OTHER)
    assert seen.expire(NOW_MS + limits.SESSION_MS) == 0
    assert seen.expire(NOW_MS + limits.SESSION_MS + 1) == 2
    assert not seen.knows(APP)
