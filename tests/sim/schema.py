"""The organisation of the simulated worlds: few tables, every behaviour.

A part of the standard schema, so that a device starts in a millisecond; ``restrict`` stands
where the standard's own cases are beyond a device's reach.  Numbers stay the standard's.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from satchel.hub.found import FirstIds, found
from satchel.hub.office import Setup
from satchel.schema.document import standard_document
from satchel.store import layout
from satchel.store.memory import MemoryStore
from satchel.store.txn import Txn
from satchel.wire.codec import pack
from tests.sim.clock import EPOCH_MS

TABLES = ("account", "contact", "opportunity", "task", "lead")
REQUIRED: dict[str, dict[str, Any]] = {
    "account": {"name": "A"},
    "contact": {"lastname": "C"},
    "opportunity": {"name": "O"},
    "task": {"subject": "T"},
    "lead": {"lastname": "L", "subject": "s"},
}
LOOKUPS = {
    "account": (("parentaccountid", "account"), ("primarycontactid", "contact")),
    "contact": (("parentcustomerid", "account"), ("parentcustomerid", "contact")),
    "opportunity": (("customerid", "account"), ("originatingleadid", "lead")),
    "task": (("regardingobjectid", "account"), ("regardingobjectid", "opportunity")),
    "lead": (("parentaccountid", "account"),),
}
EDITS = {
    "account": ("name", "telephone1"),
    "contact": ("jobtitle", "telephone1"),
    "opportunity": ("name", "description"),
    "task": ("subject", "description"),
    "lead": ("subject", "telephone1"),
}
GROUPS = {
    "account": ("address1_city", "address1_line1"),
    "contact": ("firstname", "middlename"),
    "lead": ("address1_city", "address1_line1"),
}
LINKS = (
    ("accountleads_association", "account", "lead"),
    ("contactleads_association", "contact", "lead"),
)

_FOUNDING = ("organization", "transactioncurrency", "businessunit", "systemuser")
_COLUMNS = frozenset(
    (
        "ownerid", "basecurrencyid", "transactioncurrencyid", "businessunitid", "lastname",
        "firstname", "middlename", "fullname", "statecode", "statuscode", "currencyname",
        "currencysymbol", "isocurrencycode", "exchangerate", "isdisabled",
        *(column for columns in (*EDITS.values(), *GROUPS.values()) for column in columns),
        *(column for columns in REQUIRED.values() for column in columns),
        *(column for lookups in LOOKUPS.values() for column, _ in lookups),
    )
)  # fmt: skip
_RESTRICT = (("opportunity", "originatingleadid", "lead"),)


@cache
def founded() -> MemoryStore:
    """The hub store of an organisation on its first day.  Copy it; never write to it."""
    store = MemoryStore(layout.HUB_DBS)
    setup = Setup(b"organisation 16b", "Contoso", b"hub own8", b"s" * 32, b"k" * 32)
    ids = FirstIds(b"root unit    16b", b"currency     16b", b"system user  16b")
    store.write(lambda txn: found(txn, setup, ids, EPOCH_MS, bytes(16)))

    def reduce(txn: Txn) -> None:
        txn.put(layout.SCH, layout.seq_key(1), pack(small_document()))

    store.write(reduce)
    return store


def small_document() -> dict[str, Any]:
    """The standard document without the tables and columns that no world uses."""
    document = standard_document()
    names = {*TABLES, *_FOUNDING}
    tables = {}
    for name, entry in document["tables"].items():
        if name in names:
            columns = {
                column: _narrowed(given, names)
                for column, given in entry["columns"].items()
                if column in _COLUMNS or given.get("required") or given["kind"] == "id"
            }
            tables[name] = {**entry, "columns": columns}
    relationships = []
    for entry in document["relationships"]:
        table, column, target = entry["table"], entry["column"], entry["target"]
        if table in names and target in names and column in tables[table]["columns"]:
            harder = {"delete": "restrict"} if (table, column, target) in _RESTRICT else {}
            relationships.append({**entry, **harder})
    links = [one for one in document["links"] if {one["left"], one["right"]} <= names]
    return {**document, "tables": tables, "relationships": relationships, "links": links}


def _narrowed(column: dict[str, Any], names: set[str]) -> dict[str, Any]:
    if "targets" not in column:
        return column
    return {**column, "targets": [target for target in column["targets"] if target in names]}
