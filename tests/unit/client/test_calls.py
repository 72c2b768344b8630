"""What the methods of a client ask, and in which shape the app gets the answer."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from satchel.api.messages import COMMANDS, check_request
from satchel.client import calls
from satchel.client.async_trio import AsyncClient
from satchel.client.blocking import Client
from satchel.client.calls import Call
from satchel.client.rows import Receipt, Row

ID = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER = "01890a5d-ac96-774b-bcce-b302099a8058"
ROW = Row("account", ID, "v7", False, {"name": "Adatum"})
RECEIPT = Receipt("00112233aabbccdd", 4, [OTHER, None], "v8")
PLAIN_RECEIPT = {"replica": "00112233aabbccdd", "ctr": 4, "ids": [OTHER], "version": "v8"}


def public(client: type) -> dict[str, Any]:
    return {
        name: member
        for name, member in vars(client).items()
        if not name.startswith("_") and callable(member)
    }


def test_both_clients_have_the_same_methods() -> None:
    """Same names, same arguments, same defaults; only ``close`` is the block's own with trio."""
    blocking, awaited = public(Client), public(AsyncClient)
    assert set(blocking) - set(awaited) == {"close"}
    assert set(awaited) - set(blocking) == set()
    for name, method in awaited.items():
        mine, theirs = inspect.signature(method), inspect.signature(blocking[name])
        assert mine.parameters == theirs.parameters, name


def test_every_command_of_the_index_has_a_method_or_a_reason() -> None:
    """What an app may ask, a client can ask by name."""
    methods = set(public(Client))
    aliases = {"await": "wait", "org.leave": "org_leave"}
    wanted = {aliases.get(name, name.replace(".", "_")) for name in COMMANDS}
    # `status.text` is drawn for a terminal; a watch is cancelled by closing it.
    assert wanted - methods == {"status_text", "cancel"}


@pytest.mark.parametrize(
    "call",
    [
        calls.create("account", {"name": "x"}, None),
        calls.create("account", {"name": "x"}, ID),
        calls.update(ROW, None, {"name": "x"}, None),
        calls.update("account", ID, {"name": "x"}, "v1"),
        calls.upsert("account", ID, {"name": "x"}),
        calls.delete(ROW, None, None),
        calls.restore("account", ID),
        calls.link("accountleads", ROW, RECEIPT),
        calls.unlink("accountleads", ID, OTHER),
        calls.change([{"do": "delete", "table": "account", "id": ID}]),
        calls.get("account", ID, ["name"]),
        calls.rows("account", ("name",), 10).page(ID),
        calls.links("accountleads", ROW, "right").page(),
        calls.wait(RECEIPT, "visible", 1.5),
        calls.wait(4, "decided", None),
        calls.watch(3),
        calls.sync("wait", 2),
        calls.entries("outbox").page(3),
        calls.entries("quarantine").page(),
        calls.conflicts(True).page("x"),
        calls.retry(4, True, None),
        calls.edit(4, {"name": "x"}, 1, "00112233aabbccdd"),
    ],
    ids=lambda call: call.command,
)
def test_what_is_asked_is_what_the_index_takes(call: Call[Any]) -> None:
    """Every plan passes the daemon's own check of arguments."""
    complete = check_request(COMMANDS[call.command], call.arguments)
    assert call.arguments.keys() <= complete.keys()


def test_a_row_that_was_read_passes_its_version_along() -> None:
    """So a change made meanwhile is not overwritten unseen; a version given goes first."""
    place = {"table": "account", "id": ID}
    assert calls.update(ROW, None, {"a": 1}, None).arguments == {
        **place,
        "columns": {"a": 1},
        "version": "v7",
    }
    assert calls.update(ROW, None, {}, "v9").arguments["version"] == "v9"
    assert calls.delete(ROW, None, None).arguments == {**place, "version": "v7"}
    assert calls.restore(ROW, None).arguments == place


def test_rows_and_receipts_stand_for_their_ids() -> None:
    """A link takes ids, rows and receipts alike."""
    assert calls.link("r", ROW, RECEIPT).arguments == {
        "relationship": "r",
        "left": ID,
        "right": OTHER,
    }


def test_seconds_become_milliseconds() -> None:
    """Apps think in seconds, the wire in whole milliseconds."""
    assert calls.wait(4, "visible", 1.5).arguments["timeout_ms"] == 1500
    assert "timeout_ms" not in calls.wait(4, "visible", None).arguments


def test_patience_is_the_apps_where_it_asked_to_wait() -> None:
    """A waiting command is waited for as long as it was asked to wait, and then some."""
    assert calls.patience(calls.get("account", ID, None), 30) == 30
    assert calls.patience(calls.wait(4, "visible", None), 30) is None
    assert calls.patience(calls.wait(4, "visible", 2), 30) == 32


def test_answers_take_the_apps_shape() -> None:
    """Receipts, rows and pages."""
    receipt = calls.create("account", {}, None).shape(PLAIN_RECEIPT)
    assert (receipt.replica, receipt.ctr, receipt.id, receipt.version) == (
        "00112233aabbccdd",
        4,
        OTHER,
        "v8",
    )
    plain_row = {"table": "account", "id": ID, "version": "v", "pending": True, "columns": {"a": 1}}
    items, following = (
        calls.rows("account", None, None).page().shape({"rows": [plain_row], "next": ID})
    )
    assert (items[0].id, items[0].pending, following) == (ID, True, ID)
    assert [
        each.ctr for each in calls.retry(4, True, None).shape({"receipts": [PLAIN_RECEIPT]})
    ] == [4]


def test_a_row_reads_like_a_mapping() -> None:
    """Columns by name; one that is null is absent."""
    assert ROW["name"] == "Adatum"
    assert ROW.get("telephone1") is None
    assert dict(ROW) == {"name": "Adatum"}
    assert "name" in ROW
    assert len(ROW) == 1
    assert "Adatum" in repr(ROW)


def test_a_receipt_of_links_has_no_id() -> None:
    """There is no row to name."""
    assert RECEIPT.id == OTHER
    with pytest.raises(ValueError, match="no row"):
        _ = Receipt("00112233aabbccdd", 5, [None], "").id
