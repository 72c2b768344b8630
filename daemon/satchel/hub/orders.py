"""What an administrator orders, carried out: one function for each command of the index.

Owns the way from a command's arguments (:mod:`satchel.api.hub_messages`) to a transaction,
for a hub that runs and for one that does not (``satcheld hub call``) alike.  Runs on the
thread that has the stores; clock and chance arrive in :class:`Moment`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final, NamedTuple

from satchel.hub import members, reports
from satchel.hub.desk import Desk
from satchel.hub.digest import base_digest
from satchel.hub.enrol import INVITE_RANDOM_BYTES, make_invite
from satchel.hub.roster import User, devices, users
from satchel.model import limits
from satchel.model.errors import Denied, Missing, Mistake
from satchel.model.ids import parse_id
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.entry import SALT_BYTES

Arguments = dict[str, Any]


class Moment(NamedTuple):
    """What an order takes from outside: the time, chance, ids, and who is connected."""

    now_ms: int
    chance: Callable[[int], bytes]
    new_id: Callable[[], bytes]
    last_seen: Mapping[bytes, int]


Order = Callable[[Desk, Arguments, Moment], Any]


def carry_out(desks: Iterable[Desk], command: str, arguments: Arguments, moment: Moment) -> Any:
    """The result of a command of one organisation.  ``arguments``: checked and complete.

    Raises what the order raises; Missing NO_SUCH_ORG, Mistake BAD_REQUEST where there are
    several organisations and none is named.
    """
    return ORDERS[command](choose(desks, arguments.get("org")), arguments, moment)


def choose(desks: Iterable[Desk], org: str | None) -> Desk:
    """The organisation of that name or id; without one, the only one there is."""
    all_ = list(desks)
    found = [
        desk
        for desk in all_
        if org is None or org == desk.office.setup.name or parse_id(org) == desk.org
    ]
    if len(found) == 1:
        return found[0]
    names = ", ".join(desk.office.setup.name for desk in all_)
    if org is not None or not all_:
        raise Missing(
            "NO_SUCH_ORG",
            f"This hub has no organisation {org!r}." if org else "This hub has no organisation.",
            f"It has: {names}." if names else "Make one with: satchel hub init",
        )
    raise Mistake("BAD_REQUEST", f"This hub has several organisations: {names}.", "Name one.")


def status(desks: Iterable[Desk], moment: Moment) -> list[dict[str, Any]]:
    """The report of every organisation."""
    return [_status(desk, moment) for desk in desks]


def _status(desk: Desk, moment: Moment) -> dict[str, Any]:
    connected = _connected(desk, moment)
    report = desk.store.read(lambda txn: reports.org_report(txn, desk.office, connected))
    return {**report, "faults": sorted(desk.faults.values())}


def _connected(desk: Desk, moment: Moment) -> int:
    """Devices heard of within the length of a long poll."""
    since_ms = moment.now_ms - limits.PULL_WAIT_MS_MAX - limits.RETRY_AFTER_MS
    recent = {device for device, seen_ms in moment.last_seen.items() if seen_ms >= since_ms}
    if not recent:
        return 0
    return desk.store.read(lambda txn: sum(1 for one in devices(txn) if one.id in recent))


def _user_add(desk: Desk, arguments: Arguments, moment: Moment) -> Any:
    given = arguments["id"]
    user = parse_id(given) if given is not None else moment.new_id()
    assert user is not None, "the index has checked it"
    salt = moment.chance(SALT_BYTES)

    def work(txn: Txn) -> User:
        return members.add_user(txn, desk.office, arguments["name"], user, moment.now_ms, salt)

    return reports.user_report(desk.write(work))


def _user_disable(desk: Desk, arguments: Arguments, moment: Moment) -> Any:
    return _set_disabled(desk, arguments["user"], True, moment)


def _user_enable(desk: Desk, arguments: Arguments, moment: Moment) -> Any:
    return _set_disabled(desk, arguments["user"], False, moment)


def _set_disabled(desk: Desk, name: str, disabled: bool, moment: Moment) -> Any:
    salt = moment.chance(SALT_BYTES)

    def work(txn: Txn) -> User:
        user = members.find_user(txn, name)
        return members.set_user_disabled(txn, desk.office, user, disabled, moment.now_ms, salt)

    return reports.user_report(desk.write(work))


def _user_list(desk: Desk, _arguments: Arguments, _moment: Moment) -> Any:
    return {"users": desk.store.read(lambda txn: [reports.user_report(u) for u in users(txn)])}


def _invite(desk: Desk, arguments: Arguments, moment: Moment) -> Any:
    random = moment.chance(INVITE_RANDOM_BYTES)

    def work(txn: Txn) -> tuple[User, str]:
        user = members.find_user(txn, arguments["user"])
        if user.disabled:
            raise Denied(
                "NOT_ALLOWED", f"The user {user.name!r} is disabled.", "Enable the user first."
            )
        return user, make_invite(txn, user, moment.now_ms, random)

    user, code = desk.write(work)
    return {
        "invite": code,
        "user": user.name,
        "expires": moment.now_ms + limits.INVITE_MS,
        "org": desk.office.setup.name,
    }


def _device_list(desk: Desk, _arguments: Arguments, moment: Moment) -> Any:
    def work(txn: ReadTxn) -> list[dict[str, Any]]:
        return [reports.device_report(txn, each, moment.last_seen) for each in devices(txn)]

    return {"devices": desk.store.read(work)}


def _device_revoke(desk: Desk, arguments: Arguments, moment: Moment) -> Any:
    def work(txn: Txn) -> dict[str, Any]:
        device = members.revoke_device(txn, members.find_device(txn, arguments["device"]))
        return reports.device_report(txn, device, moment.last_seen)

    return desk.write(work)


def _table_add(desk: Desk, arguments: Arguments, _moment: Moment) -> Any:
    file = {section: arguments[section] for section in ("table", "link") if arguments[section]}
    return {"version": desk.write(lambda txn: members.add_tables(txn, file))}


def _log(desk: Desk, arguments: Arguments, _moment: Moment) -> Any:
    after, limit = arguments["after"], arguments["limit"]
    lines = desk.store.read(lambda txn: reports.log_report(txn, after, limit))
    return {"log": lines, "head": desk.head}


def _digest(desk: Desk, _arguments: Arguments, _moment: Moment) -> Any:
    return desk.store.read(base_digest)._asdict()


def _row(desk: Desk, arguments: Arguments, _moment: Moment) -> Any:
    table, row = arguments["table"], arguments["id"]
    return desk.store.read(lambda txn: reports.row_report(txn, desk.office, table, row))


def _rows(desk: Desk, arguments: Arguments, _moment: Moment) -> Any:
    def work(txn: ReadTxn) -> dict[str, Any]:
        return reports.rows_report(
            txn, desk.office, arguments["table"], arguments["after"], arguments["limit"]
        )

    return desk.store.read(work)


ORDERS: Final[dict[str, Order]] = {
    "hub.user.add": _user_add,
    "hub.user.list": _user_list,
    "hub.user.disable": _user_disable,
    "hub.user.enable": _user_enable,
    "hub.invite": _invite,
    "hub.device.list": _device_list,
    "hub.device.revoke": _device_revoke,
    "hub.table.add": _table_add,
    "hub.log": _log,
    "hub.digest": _digest,
    "hub.row": _row,
    "hub.rows": _rows,
}
"""Every order about one organisation; the others are the hub's own (shell)."""
