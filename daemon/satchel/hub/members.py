"""What an administrator does about people, devices and tables.

Owns these deeds as functions over one transaction.  Where a row says the same as a record
(a user, whether it is disabled), both are written together, the row as a changeset of the
hub itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from satchel.hub.author import write_changes
from satchel.hub.office import Office, State
from satchel.hub.roster import (
    Device,
    DeviceState,
    User,
    devices,
    read_device,
    read_user,
    users,
    write_device,
    write_user,
)
from satchel.model import changeset as cs
from satchel.model import limits
from satchel.model.changeset import Op
from satchel.model.errors import Clash, Invalid, Missing, Mistake
from satchel.model.ids import id_text, parse_id
from satchel.model.outcome import ACCEPTED
from satchel.model.row import VALUES, is_dead
from satchel.schema.catalog import Catalog
from satchel.schema.document import extend, parse_addition
from satchel.schema.validate import create_values, update_values
from satchel.store import layout
from satchel.store.txn import ReadTxn, Txn
from satchel.wire.codec import pack, unpack

_UNIT = "businessunit"
_USER = "systemuser"

_Named = TypeVar("_Named", User, Device)


def add_user(txn: Txn, office: Office, name: str, user: bytes, now_ms: int, salt: bytes) -> User:
    """Add somebody who may join devices.  ``user``: 16 bytes; ``salt``: 16 random bytes.

    An id that names a ``systemuser`` row (an imported employee) makes a user of it; else
    the row is made: the last word of the name is the last name.  Raises Clash
    ALREADY_EXISTS where the name or the id is taken, and Invalid for a name no row takes.
    """
    if any(name == other.name for other in users(txn)) or read_user(txn, user) is not None:
        raise Clash("ALREADY_EXISTS", f"There is a user {name!r} already.")
    catalog = _catalog(txn, office)
    table = catalog.table(_USER)
    present = txn.get(layout.ROW, layout.hub_row_key(table.number, user))
    if present is None:
        first, _, last = name.strip().rpartition(" ")
        columns = {
            "firstname": first or None,
            "lastname": last,
            "businessunitid": _unit(txn, catalog),
        }
        values = create_values(catalog, table, columns, None)
        _write(txn, office, [cs.CREATE, table.number, user, values], now_ms, salt)
    elif is_dead(unpack(present)):
        raise Missing("GONE", f"The systemuser {id_text(user)} was deleted.")
    added = User(user, name, disabled=False)
    write_user(txn, added)
    return added


def set_user_disabled(
    txn: Txn, office: Office, user: User, disabled: bool, now_ms: int, salt: bytes
) -> User:
    """Shut a user and all devices out, or let them in again; from this moment on."""
    table = _catalog(txn, office).table(_USER)
    raw = txn.get(layout.ROW, layout.hub_row_key(table.number, user.id))
    if raw is not None and not is_dead(unpack(raw)):
        values = unpack(raw)[VALUES]
        registers = update_values(
            _catalog(txn, office), table, {"isdisabled": disabled}, values.get
        )
        changed = {column: value for lone in registers.values() for column, value in lone.items()}
        _write(txn, office, [cs.SET, table.number, user.id, changed], now_ms, salt)
    changed_user = user._replace(disabled=disabled)
    write_user(txn, changed_user)
    return changed_user


def revoke_device(txn: Txn, device: Device) -> Device:
    """Shut one device out for good; from this moment on."""
    revoked = device._replace(state=DeviceState.REVOKED)
    write_device(txn, revoked)
    return revoked


def add_tables(txn: Txn, file: Mapping[str, Any]) -> int:
    """Extend the schema by a parsed file (:mod:`satchel.schema.addition`); returns its new
    version.  Raises Invalid BAD_TABLE.
    """
    addition = parse_addition(file)
    state = State.read(txn)
    present = txn.get(layout.SCH, layout.seq_key(state.schema))
    assert present is not None, "the schema in force is in the store"
    document = extend(unpack(present), addition)
    version: int = document["version"]
    encoded = pack(document)
    if len(encoded) > limits.SCHEMA_BYTES_MAX:
        raise Invalid(
            "TOO_BIG",
            f"The schema would have {len(encoded)} bytes; devices take it whole, in one frame of "
            f"at most {limits.SCHEMA_BYTES_MAX}.",
            "Add fewer columns, or shorter labels and lists of options.",
        )
    txn.put(layout.SCH, layout.seq_key(version), encoded)
    state._replace(schema=version).write(txn)
    return version


def find_user(txn: ReadTxn, text: str) -> User:
    """The user of that id or name.  Raises Missing NO_SUCH_USER."""
    id_ = parse_id(text)
    user = read_user(txn, id_) if id_ is not None else None
    found = user or _only(text, users(txn))
    if found is None:
        raise Missing("NO_SUCH_USER", f"There is no user {text!r}.", "See: satchel hub user list")
    return found


def find_device(txn: ReadTxn, text: str) -> Device:
    """The device of that id or name.  Raises Missing NO_SUCH_DEVICE, or Mistake BAD_REQUEST
    for a name that several have."""
    id_ = parse_id(text)
    device = read_device(txn, id_) if id_ is not None else None
    found = device or _only(text, devices(txn))
    if found is None:
        raise Missing(
            "NO_SUCH_DEVICE", f"There is no device {text!r}.", "See: satchel hub device list"
        )
    return found


def _only(name: str, all_: Iterable[_Named]) -> _Named | None:
    same = [one for one in all_ if one.name == name]
    if len(same) > 1:
        raise Mistake(
            "BAD_REQUEST",
            f"{len(same)} are called {name!r}.",
            f"Use an id: {', '.join(id_text(one.id) for one in same[:3])}.",
        )
    return same[0] if same else None


def _catalog(txn: ReadTxn, office: Office) -> Catalog:
    return office.schema(txn, State.read(txn).schema)[0]


def _unit(txn: ReadTxn, catalog: Catalog) -> str | None:
    """The root business unit: the oldest, as ids grow with time."""
    found = txn.first(layout.ROW, layout.hub_row_key(catalog.number_of(_UNIT), b""))
    return None if found is None else id_text(layout.parse_hub_row_key(found[0])[1])


def _write(txn: Txn, office: Office, op: Op, now_ms: int, salt: bytes) -> None:
    """Write one op of the hub itself.  Raises Invalid if the rules refuse it."""
    outcome = write_changes(txn, office, [[op]], now_ms, salt)[0]
    if outcome.code not in ACCEPTED:
        detail = outcome.detail or {}
        raise Invalid("INVALID", str(detail.get("message", outcome.code.name)), details=detail)
