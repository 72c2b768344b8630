"""What an administrator orders, and what comes of it."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.api.hub_messages import HUB_COMMANDS
from satchel.hub.orders import ORDERS, status
from satchel.hub.orders import Moment as OrderMoment
from satchel.model import limits
from satchel.model.errors import Clash, Invalid, Missing, Mistake, SatchelError
from satchel.model.ids import id_text
from satchel.model.outcome import Code
from satchel.schema.catalog import Catalog
from satchel.schema.validate import create_values
from satchel.wire.codec import unpack
from tests.devices import answer_of, entries_of
from tests.unit.hub.counter import Counter, id_of

NANCY = {"firstname": "Nancy", "lastname": "Davolio", "jobtitle": "Sales Representative"}

VESSEL = {
    "table": [
        {
            "name": "new_vessel",
            "label": "Vessel",
            "column": [{"name": "new_length", "kind": "integer", "label": "Length"}],
        }
    ]
}


def refused(counter: Counter, order: str, **arguments: Any) -> SatchelError:
    with pytest.raises(SatchelError) as caught:
        counter.order(order, **arguments)
    return caught.value


def report(counter: Counter) -> dict[str, Any]:
    seen = counter.reception.links.last_seen()
    moment = OrderMoment(counter.now_ms, counter.chance, lambda: b"", seen)
    return status(counter.desks, moment)[0]


# -- users --------------------------------------------------------------------------------------


def test_a_user_is_a_row_too(counter: Counter) -> None:
    """With the same id, the name in its parts, in the root business unit."""
    user = counter.order("hub.user.add", name="Fay van der Field")
    columns = counter.order("hub.row", table="systemuser", id=user["id"])["columns"]
    assert (columns["firstname"], columns["lastname"]) == ("Fay van der", "Field")
    assert columns["businessunitid"]["id"] == id_text(id_of(1))
    assert user in counter.order("hub.user.list")["users"]


def test_a_name_of_one_word_is_a_last_name(counter: Counter) -> None:
    """The last name is what a row must have."""
    user = counter.order("hub.user.add", name="Fay")
    columns = counter.order("hub.row", table="systemuser", id=user["id"])["columns"]
    assert columns["lastname"] == "Fay"
    assert "firstname" not in columns


def test_a_name_is_given_once(counter: Counter) -> None:
    """Orders name users by it."""
    counter.order("hub.user.add", name="Fay Field")
    assert isinstance(refused(counter, "hub.user.add", name="Fay Field"), Clash)


@pytest.mark.parametrize("name", [" ", "x" * 300])
def test_a_name_that_no_row_takes_adds_nobody(counter: Counter, name: str) -> None:
    """The rules of the schema hold for the hub's own work; nothing is left behind."""
    users, head = counter.order("hub.user.list"), counter.desk.head
    assert isinstance(refused(counter, "hub.user.add", name=name), Invalid)
    assert counter.order("hub.user.list") == users
    assert counter.desk.head == head


def test_an_employee_that_is_there_becomes_a_user(counter: Counter) -> None:
    """With the id of his row, which stays as it is."""
    device, table = counter.device(), counter.catalog.table("systemuser")
    device.write_row(table.number, id_of(100), create_values(counter.catalog, table, NANCY, None))
    counter.post(*device.push_all())
    row = counter.order("hub.row", table="systemuser", id=id_text(id_of(100)))
    user = counter.order("hub.user.add", name="Nancy", id=id_text(id_of(100)))
    assert user == {"id": id_text(id_of(100)), "name": "Nancy", "disabled": False}
    assert row == counter.order("hub.row", table="systemuser", id=id_text(id_of(100)))
    again = refused(counter, "hub.user.add", name="Nancy D.", id=id_text(id_of(100)))
    assert again.code == "ALREADY_EXISTS"


def test_disabling_a_user_shows_in_his_row(counter: Counter) -> None:
    """Record and row say the same, in both directions."""
    user = counter.order("hub.user.add", name="Fay Field")
    for order, disabled in (("hub.user.disable", True), ("hub.user.enable", False)):
        assert counter.order(order, user=user["id"])["disabled"] is disabled
        columns = counter.order("hub.row", table="systemuser", id=user["id"])["columns"]
        assert columns["isdisabled"] is disabled


def test_a_stranger_cannot_be_disabled_or_invited(counter: Counter) -> None:
    """Who is not there is named in the refusal."""
    for order in ("hub.user.disable", "hub.invite"):
        error = refused(counter, order, user="Nobody")
        assert error.code == "NO_SUCH_USER"
        assert "Nobody" in error.message


# -- devices ----------------------------------------------------------------------------------------


def test_devices_are_listed_with_how_far_their_work_is_decided(counter: Counter) -> None:
    """Whose they are, their state, and when the hub last heard of them."""
    device = counter.device()
    device.write(counter.account(100, "Adventure Works"))
    counter.post(*device.push_all())
    (listed,) = counter.order("hub.device.list")["devices"]
    assert listed["replica"] == device.replica.hex()
    assert (listed["state"], listed["processed"], listed["number"]) == ("active", 1, 1)
    assert listed["last_seen"] == counter.now_ms
    assert listed["not_after"] == counter.now_ms + limits.CERTIFICATE_MS


def test_a_device_is_revoked_by_name_or_id_and_several_of_a_name_by_id(counter: Counter) -> None:
    """A name that two devices have does not hit one of them by chance."""
    counter.device(1)
    counter.device(2)
    error = refused(counter, "hub.device.revoke", device="field laptop")
    assert isinstance(error, Mistake)
    first = counter.order("hub.device.list")["devices"][0]
    assert first["id"] in error.remedy
    assert counter.order("hub.device.revoke", device=first["id"])["state"] == "revoked"
    states = [device["state"] for device in counter.order("hub.device.list")["devices"]]
    assert sorted(states) == ["active", "revoked"]
    assert refused(counter, "hub.device.revoke", device="x").code == "NO_SUCH_DEVICE"


# -- tables ----------------------------------------------------------------------------------------


def test_tables_are_added_and_named_in_the_next_flip(counter: Counter) -> None:
    """A new version of the document, which a device fetches before the rows that need it."""
    device = counter.device()
    assert counter.order("hub.table.add", **VESSEL) == {"version": 2}
    assert answer_of(counter.post(*device.pull()))["flip"][5] == 2
    document = unpack(answer_of(counter.post(*device.schema(2)))["document"])
    table = Catalog(document).table("new_vessel")
    assert table.columns["new_length"].label == "Length"


def test_a_row_of_a_new_table_is_judged_by_the_new_rules(counter: Counter) -> None:
    """From the changeset after the addition on."""
    device = counter.device()
    counter.order("hub.table.add", **VESSEL)
    document = unpack(answer_of(counter.post(*device.schema(2)))["document"])
    table = Catalog(document).table("new_vessel")
    values = {table.columns["new_length"].number: "long"}
    device.write_row(table.number, id_of(100), values)
    answer = answer_of(counter.post(*device.push_all()))
    assert answer["outcomes"][0][1] == Code.INVALID
    assert "new_length" in answer["outcomes"][0][3]["message"]


def test_an_addition_that_is_none_changes_nothing(counter: Counter) -> None:
    """The refusal names table, column and rule."""
    bad = {"table": [{"name": "account", "column": [{"name": "name", "kind": "integer"}]}]}
    assert refused(counter, "hub.table.add", **bad).code == "BAD_TABLE"
    assert report(counter)["schema"] == 1


# -- looking ----------------------------------------------------------------------------------------


def test_the_log_tells_every_verdict_in_order(counter: Counter) -> None:
    """One line for each seq, without gaps, from any place on, with the reason of a refusal."""
    device = counter.device()
    device.write(counter.account(100, "Once"))
    device.write(counter.account(100, "Twice"))
    counter.post(*device.push_all())
    log = counter.order("hub.log")
    assert [line[0] for line in log["log"]] == list(range(1, log["head"] + 1))
    assert [line[1:4] for line in log["log"][-2:]] == [
        [device.replica.hex(), 1, "OK"],
        [device.replica.hex(), 2, "DUP_ID"],
    ]
    assert "exists" in log["log"][-1][4]["message"]
    assert counter.order("hub.log", after=log["head"] - 1)["log"] == log["log"][-1:]
    assert counter.order("hub.log", limit=1)["log"] == log["log"][:1]


def test_a_dependants_cause_is_shown_as_text(counter: Counter) -> None:
    """Bytes in a detail read as hexadecimal digits: a log can be printed."""
    device = counter.device()
    device.write(counter.account(100, "Once"))
    device.write(counter.account(100, "Twice"), counter.account(101, "With it"))
    values = {counter.catalog.table("account").columns["telephone1"].number: "1"}
    device.write([1, counter.catalog.table("account").number, id_of(101), values])
    counter.post(*device.push_all())
    last = counter.order("hub.log")["log"][-1]
    assert last[3] == "DEP"
    assert last[4]["cause"] == [device.replica.hex(), 2]


def test_the_status_counts(counter: Counter) -> None:
    """Head, rows, links, users, devices and origins of an organisation."""
    device = counter.device()
    device.write(counter.account(100, "Adventure Works"))
    counter.post(*device.push_all())
    told = report(counter)
    assert (told["org"], told["schema"], told["epoch"]) == ("Contoso", 1, 1)
    assert told["head"] == counter.desk.head
    assert (told["rows"], told["links"], told["users"], told["devices"]) == (6, 0, 2, 1)
    assert [origin["processed"] for origin in told["origins"]] == [2, 1]
    assert told["faults"] == []


def test_a_device_counts_as_connected_for_the_length_of_a_poll(counter: Counter) -> None:
    """Who waits at the hub is silent for a while; who is gone is not."""
    counter.device()
    assert report(counter)["connected"] == 1
    counter.now_ms += limits.PULL_WAIT_MS_MAX * 2
    assert report(counter)["connected"] == 0


def test_rows_are_paged_in_key_order_dead_ones_included(counter: Counter) -> None:
    """Every row once, wherever a page ends."""
    device = counter.device()
    for number in range(100, 105):
        device.write(counter.account(number, f"Account {number}"))
    device.write([4, counter.catalog.table("account").number, id_of(102), 2])
    counter.post(*device.push_all())
    after, rows = None, []
    while True:
        page = counter.order("hub.rows", table="account", after=after, limit=2)
        rows += page["rows"]
        if (after := page["next"]) is None:
            break
    assert [row["id"] for row in rows] == [id_text(id_of(number)) for number in range(100, 105)]
    assert [row["alive"] for row in rows] == [True, True, False, True, True]
    assert rows[0] == counter.order("hub.row", table="account", id=id_text(id_of(100)))


def test_a_row_that_is_not_there_is_missing(counter: Counter) -> None:
    """And a table that is not there is unknown."""
    assert isinstance(refused(counter, "hub.row", table="account", id=id_text(id_of(9))), Missing)
    assert refused(counter, "hub.rows", table="vessel").code == "UNKNOWN_TABLE"


# -- several organisations ------------------------------------------------------------------------------


def test_an_organisation_is_named_where_there_are_several(two_orgs: Counter) -> None:
    """By name or id; nothing is done to one of them by chance."""
    assert refused(two_orgs, "hub.user.list").code == "BAD_REQUEST"
    assert refused(two_orgs, "hub.user.list", org="Nowhere").code == "NO_SUCH_ORG"
    two_orgs.order("hub.user.add", org="Fabrikam", name="Fay Field")
    by_id = two_orgs.order("hub.user.list", org=id_text(two_orgs.desks[1].org))
    assert {user["name"] for user in by_id["users"]} == {"System", "Fay Field"}
    assert len(two_orgs.order("hub.user.list", org="Contoso")["users"]) == 1


def test_organisations_do_not_see_each_other(two_orgs: Counter) -> None:
    """Work pushed to one is not in the other, and sequences are their own."""
    device = two_orgs.device(1, org="Contoso")
    stranger = two_orgs.device(2, org="Fabrikam")
    head = two_orgs.desks[1].head
    device.write(two_orgs.account(100, "Ours"))
    two_orgs.post(*device.push_all())
    assert two_orgs.desks[1].head == head
    assert b"Ours" not in repr(entries_of(two_orgs.post(*stranger.pull()))).encode()


def test_every_order_of_the_index_has_somebody_who_carries_it_out() -> None:
    """The index is the whole truth; what is not here is the hub process's own."""
    elsewhere = {"ping", "stop", "cancel", "hub.status", "hub.import"}
    assert set(HUB_COMMANDS) - elsewhere == set(ORDERS)
