"""One small story, played by the production code with fixed time and chance.

Device *one* joins, downloads, and writes an account with two contacts.  Device *two* sees
them, raises the credit limit and deletes a contact.  One, which has not heard of that, writes
another limit, which loses, an account with the deleted contact, which the hub refuses, and
a change of that account, which depends on it.  Then one pulls, and renames the account.

Every example of PROTOCOL.md that needs a hub or a device is taken from here; nothing here
makes bytes by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from satchel.engine import log
from satchel.engine.replica import Identity
from satchel.hub.author import write_changes
from satchel.hub.desk import Desk
from satchel.hub.enrol import make_invite
from satchel.hub.office import HUB_ORIGIN, Office, Origin, Setup, State, read_origin, write_origin
from satchel.hub.push import Bundle, Pushed, push
from satchel.hub.reception import Reception
from satchel.hub.roster import User, write_user
from satchel.model import changeset as cs
from satchel.model import hlc
from satchel.model.changeset import Context, Entry, Op
from satchel.model.outcome import ACCEPTED
from satchel.store import layout
from satchel.store.env import Store
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import encode_entry
from satchel.wire.envelope import NO_LINK, public_key
from satchel.wire.frame import Frame, FrameType, encode
from tests.golden import fixed
from tests.golden.device import Device, post

ACCOUNTS, CONTACTS, USERS = 1, 2, 3
NAME, CREDIT_LIMIT = 2, 3


class Story:
    """The hub, device one, and what they said to each other (``device.frames``).

    ``bodies``: the changesets of device one that it pushed, in the order of their counters;
    ``receipt``: of the last one, which waits.  ``short``: the answer to a PULL of one byte.
    """

    def __init__(self, folder: Path, schema: Mapping[str, Any]) -> None:
        self.hub = Store.open(folder / "hub", layout.HUB_DBS, sync=False)
        self.hub.write(lambda txn: _found(txn, schema))
        self.desk = Desk(self.hub)
        self.reception = Reception([self.desk])
        self.invite = self.hub.write(
            lambda txn: make_invite(
                txn, User(fixed.ONE_USER, "North", False), fixed.NOW_MS, fixed.INVITE_CHANCE
            )
        )
        enrol = self._enrol()
        joined = unpack(enrol[1].payload)
        self.hub.write(_join_two)
        self.device = Device(folder / "one", self.reception, _identity(joined))
        self.device.frames += enrol
        self.device.start()
        self._first_day()
        self._second_day()
        self.bodies = [record.body for record in self._log()]
        self.device.push()
        self.device.now_ms = at(10)
        self.device.pull()
        self.device.now_ms = at(12)
        self.receipt = self.device.write(_update(fixed.ACCOUNT.hex(), {"name": "Fabrikam Inc."}))
        self.short = self._short_pull()

    def close(self) -> None:
        """Close both stores."""
        self.hub.close()
        self.device.store.close()

    def _enrol(self) -> list[Frame]:
        wish = {
            "org": None,
            "org_name": None,
            "invite": self.invite,
            "replica": fixed.ONE,
            "pubkey": public_key(fixed.ONE_SECRET),
            "device": "van 1",
            "proto": [1, 1],
        }
        request = Frame(FrameType.ENROL, 0, 1, pack(wish))
        return [request, *post(self.reception, NO_LINK, 0, encode(request), at(0))]

    def _short_pull(self) -> list[Frame]:
        wish = {"cursor": None, "max": 1, "wait": 0}
        frame = encode(Frame(FrameType.PULL, 0, 20, pack(wish)))
        return post(self.reception, fixed.LINK, 60, frame, at(12))

    def _first_day(self) -> None:
        """Device one writes the account, its contacts and two links, as one change."""
        account, kept, deleted = (
            id_.hex() for id_ in (fixed.ACCOUNT, fixed.CONTACT, fixed.DELETED_CONTACT)
        )
        contacts = [
            {
                "do": "create",
                "table": "contact",
                "id": contact,
                "columns": {"lastname": name, "parentcustomerid": f"account:{account}"},
            }
            for contact, name in ((kept, "Lake"), (deleted, "Hill"))
        ]
        links = [
            {"do": "link", "relationship": "account_partners", "left": account, "right": contact}
            for contact in (kept, deleted)
        ]
        columns = {"name": "Fabrikam", "creditlimit": "5000"}
        self.device.now_ms = at(1)
        self.device.write(
            {"do": "create", "table": "account", "columns": columns}, *contacts, *links
        )
        self.device.push()

    def _second_day(self) -> None:
        """Two devices write what the other has not seen."""
        self._two(1, 5, [[cs.SET, ACCOUNTS, fixed.ACCOUNT, {CREDIT_LIMIT: [7500, 0]}]])
        self._two(2, 6, [[cs.DELETE, CONTACTS, fixed.DELETED_CONTACT, 2]])
        self.device.now_ms = at(3)
        account, refused = fixed.ACCOUNT.hex(), fixed.REFUSED_ACCOUNT.hex()
        self.device.write(_update(account, {"creditlimit": "6000"}))
        lost = {"name": "Litware", "primarycontactid": fixed.DELETED_CONTACT.hex()}
        self.device.write({"do": "create", "table": "account", "id": refused, "columns": lost})
        self.device.write(_update(refused, {"name": "Litware Inc."}))

    def _two(self, ctr: int, minutes: int, ops: list[Op]) -> None:
        """Device two, which has seen everything up to seq 2, writes and pushes at once."""
        ctx = Context(1, 2, 2, {}, None)
        body = encode_entry(Entry(1, hlc.from_ms(at(minutes)), ctx, [], ops, None, fixed.SALT))

        def work(txn: Txn) -> Pushed:
            origin = read_origin(txn, fixed.TWO)
            assert origin is not None
            bundle = Bundle(fixed.TWO, ctr, origin.chain, [body])
            return push(txn, self.desk.office, bundle, at(7))

        assert self.desk.write(work).outcomes[0].code in ACCEPTED

    def _log(self) -> list[log.LogRecord]:
        def work(txn: ReadTxn) -> list[log.LogRecord]:
            return [record for _, record in log.records(txn, fixed.ONE)]

        return self.device.store.read(work)


def at(minutes: int) -> int:
    """Minutes of the story as milliseconds."""
    return fixed.NOW_MS + minutes * fixed.MINUTE_MS


def _update(rec: str, columns: Mapping[str, Any]) -> dict[str, Any]:
    return {"do": "update", "table": "account", "id": rec, "columns": columns}


def _found(txn: Txn, schema: Mapping[str, Any]) -> None:
    """What the hub holds on its first day: two users, each also a row."""
    setup = Setup(fixed.ORG, fixed.ORG_NAME, fixed.HUB, fixed.HUB_SECRET, fixed.CURSOR_KEY)
    setup.write(txn)
    State(epoch=1, head=0, schema=1, next_origin=1).write(txn)
    txn.put(layout.SCH, layout.seq_key(1), pack(schema))
    write_origin(txn, Origin.fresh(HUB_ORIGIN, fixed.HUB, fixed.SYSTEM_USER, bytes(16)))
    users = ((fixed.ONE_USER, "North"), (fixed.TWO_USER, "South"))
    for user, name in users:
        write_user(txn, User(user, name, disabled=False))
    ops: list[Op] = [[cs.CREATE, USERS, user, {NAME: name}] for user, name in users]
    outcomes = write_changes(txn, Office(setup), [ops], at(0), fixed.SALT)
    assert outcomes[0].code in ACCEPTED


def _join_two(txn: Txn) -> None:
    write_origin(txn, Origin.fresh(2, fixed.TWO, fixed.TWO_USER, fixed.TWO_DEVICE))


def _identity(joined: Mapping[str, Any]) -> Identity:
    return Identity(
        joined["org"], joined["org_name"], joined["user"], joined["user_name"],
        joined["device"], "van 1", fixed.ONE, joined["number"], fixed.ONE_SECRET,
        joined["certificate"], joined["hub_public"], fixed.HUB_URL, None, False,
        fixed.SESSION_SECRET,
    )  # fmt: skip
