"""The rows that are measured: accounts with 40 columns of values, and edits of two of them.

Ids ascend in the order of creation, as those of new rows do.
"""

from __future__ import annotations

from collections.abc import Iterator
from random import Random
from typing import Any, Final

from satchel.model import changeset as cs
from satchel.model.ids import id_text
from satchel.schema.catalog import Catalog
from satchel.schema.validate import create_values
from satchel.wire.codec import sorted_map

TABLE: Final = "account"
_FIRST: Final = 1 << 64
"""Above the ids that an organisation begins with nothing collides; the place is arbitrary."""


def row_id(number: int) -> bytes:
    """The id of the row with this number."""
    return (_FIRST + number).to_bytes(16, "big")


def row_name(number: int) -> str:
    """The same as apps write it."""
    return id_text(row_id(number))


def account(number: int) -> dict[str, Any]:
    """37 columns; the owner, the state and its status come with every row: 40."""
    return {
        "name": f"Customer {number} Ltd",
        "accountnumber": f"C-{number:07}",
        "telephone1": f"+49 30 {number:07}",
        "telephone2": f"+49 171 {number:07}",
        "fax": f"+49 30 {number:07}-9",
        "emailaddress1": f"office{number}@customer.example",
        "emailaddress2": f"orders{number}@customer.example",
        "websiteurl": f"https://c{number}.example",
        "description": "Orders what the season asks for.",
        "numberofemployees": number % 900,
        "sharesoutstanding": number,
        "industrycode": 1,
        "businesstypecode": 1,
        "accountcategorycode": 1 + number % 2,
        "accountratingcode": 1,
        "customersizecode": 1,
        "customertypecode": 1 + number % 2,
        "ownershipcode": 1 + number % 2,
        "paymenttermscode": 1 + number % 2,
        "preferredcontactmethodcode": 1 + number % 2,
        "shippingmethodcode": 1,
        "territorycode": 1,
        "creditonhold": number % 2 == 0,
        "donotbulkemail": False,
        "donotemail": False,
        "donotfax": True,
        "donotphone": False,
        "donotpostalmail": False,
        "donotsendmm": True,
        "followemail": True,
        "marketingonly": False,
        "sic": f"{number % 9_999:04}",
        "tickersymbol": f"C{number % 999}",
        "stockexchange": "Berlin",
        "address1_line1": f"Unter den Linden {number % 90}",
        "address1_city": "Berlin",
        "address1_postalcode": f"{10_000 + number % 3_000}",
    }


def edit(chance: Random) -> dict[str, Any]:
    """New values for two columns of a row."""
    return {
        "telephone1": f"+49 30 {chance.randrange(10**7):07}",
        "numberofemployees": chance.randrange(10**4),
    }


def creates(
    catalog: Catalog, owner: tuple[int, bytes], count: int, ops_each: int
) -> Iterator[list[cs.Op]]:
    """Changesets that create ``count`` accounts, ``ops_each`` in each.

    ``owner``: table number and id of a user.
    """
    table = catalog.table(TABLE)
    for first in range(0, count, ops_each):
        yield [
            [
                cs.CREATE,
                table.number,
                row_id(number),
                sorted_map(create_values(catalog, table, account(number), owner)),
            ]
            for number in range(first, min(first + ops_each, count))
        ]
