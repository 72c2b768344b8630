"""Founding an organisation: what its hub store holds before anybody joins.

Owns the first records and the first rows.  Ids, keys and salts are made by the caller.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from satchel.hub.author import write_changes
from satchel.hub.office import HUB_ORIGIN, Office, Origin, Setup, State, write_origin
from satchel.hub.roster import User, write_user
from satchel.model import changeset as cs
from satchel.model.changeset import Op
from satchel.model.errors import Clash
from satchel.model.outcome import ACCEPTED
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.store import layout
from satchel.store.txn import Txn
from satchel.wire.codec import pack

FIRST_EPOCH = 1
NO_DEVICE = bytes(16)
"""The device of the hub's own origin."""

_CURRENCY = {"currencyname": "US Dollar", "currencysymbol": "$", "isocurrencycode": "USD"}


class FirstIds(NamedTuple):
    """The ids of the first rows, 16 bytes each; the organisation's row has its own id."""

    unit: bytes
    currency: bytes
    system_user: bytes


def found(txn: Txn, setup: Setup, ids: FirstIds, now_ms: int, salt: bytes) -> Office:
    """Write setup, schema and the rows every organisation begins with.

    These are the organisation itself, its base currency, its root business unit and the
    user "System", whose work everything is that the hub writes (Dataverse has the same).
    ``salt``: 16 random bytes.  Raises Clash ALREADY_EXISTS where the store is not empty.
    """
    if txn.count(layout.META):
        raise Clash("ALREADY_EXISTS", "This hub store holds an organisation already.")
    setup.write(txn)
    document = standard_document()
    version = document["version"]
    State(epoch=FIRST_EPOCH, head=0, schema=version, next_origin=HUB_ORIGIN + 1).write(txn)
    txn.put(layout.SCH, layout.seq_key(version), pack(document))
    write_origin(txn, Origin.fresh(HUB_ORIGIN, setup.replica, ids.system_user, NO_DEVICE))
    write_user(txn, User(ids.system_user, "System", disabled=True))
    office = Office(setup)
    catalog, _ = office.schema(txn, version)
    outcomes = write_changes(txn, office, [_first_rows(catalog, setup, ids)], now_ms, salt)
    assert all(outcome.code in ACCEPTED for outcome in outcomes), outcomes
    return office


def _first_rows(catalog: Catalog, setup: Setup, ids: FirstIds) -> list[Op]:
    def row(table: str, id_: bytes, values: dict[str, Any]) -> Op:
        made = catalog.table(table)
        return [cs.CREATE, made.number, id_, create_values(catalog, made, values, None)]

    def lookup(table: str, id_: bytes) -> dict[str, str]:
        return {"table": table, "id": id_.hex()}

    currency = lookup("transactioncurrency", ids.currency)
    return [
        row("organization", setup.org, {"name": setup.name, "basecurrencyid": currency}),
        row("transactioncurrency", ids.currency, _CURRENCY),
        row("businessunit", ids.unit, {"name": setup.name, "transactioncurrencyid": currency}),
        row(
            "systemuser",
            ids.system_user,
            {"lastname": "System", "businessunitid": lookup("businessunit", ids.unit)},
        ),
    ]
