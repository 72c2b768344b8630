"""What northwind.toml makes of the Northwind files, said a second time in plain Python.

The oracle of the round trip: every mapped value of every row, read from the files with
nothing of the importer but the ids.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

from satchel.hub.map_binding import row_id
from satchel.model.ids import id_text

MAP = Path(__file__).parent / "northwind.toml"

Key = tuple[str, str]
"""(table, id as text)"""
Columns = dict[str, Any]
"""Column to the value an app reads; None where the column is empty."""

_REGIONS = {"1": "Eastern", "2": "Western", "3": "Northern", "4": "Southern"}


class Northwind:
    """The rows that the organisation ``org`` (16 bytes) has after the import of ``folder``."""

    def __init__(self, folder: Path, org: bytes, unit: str) -> None:
        """``unit``: the id of the root business unit, which employees belong to."""
        self._folder = folder
        self._org = org
        self._unit = unit

    def expected(self) -> dict[Key, Columns]:
        """Every row with every mapped column."""
        rows: dict[Key, Columns] = {}
        for section in (
            self._territories(), self._employees(), self._customers(), self._suppliers(),
            self._shippers(), self._products(), self._orders(), self._lines(),
        ):  # fmt: skip
            for key, columns in section:
                assert key not in rows, key
                rows[key] = columns
        return rows

    def key(self, table: str, section: str, *parts: str) -> Key:
        """The row that a section makes of a natural key."""
        return table, id_text(row_id(self._org, table, section, parts))

    def _lookup(self, table: str, section: str, *parts: str) -> dict[str, str] | None:
        if not any(parts):
            return None
        return {"table": table, "id": self.key(table, section, *parts)[1]}

    def _file(self, name: str) -> list[dict[str, str]]:
        with (self._folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def _territories(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("territories.csv"):
            yield (
                self.key("territory", "territories", line["territory_id"]),
                {
                    "name": line["territory_description"].strip(),
                    "description": _REGIONS[line["region_id"].strip()],
                },
            )

    def _employees(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("employees.csv"):
            street, _, second = line["address"].partition("\\n")
            yield (
                self.key("systemuser", "employees", line["employee_id"]),
                {
                    "businessunitid": {"table": "businessunit", "id": self._unit},
                    "employeeid": line["employee_id"],
                    "firstname": line["first_name"],
                    "lastname": line["last_name"],
                    "salutation": line["title_of_courtesy"],
                    "title": line["title"],
                    "jobtitle": line["title"],
                    "parentsystemuserid": self._lookup(
                        "systemuser", "employees", line["reports_to"]
                    ),
                    "address1_line2": second or None,
                    **_address({**line, "address": street}),
                    "homephone": line["home_phone"],
                    "address1_telephone1": line["extension"],
                    "photourl": line["photo_path"],
                },
            )

    def _customers(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("customers.csv"):
            code = line["customer_id"]
            yield (
                self.key("account", "customers", code),
                {
                    "name": line["company_name"],
                    "accountnumber": code,
                    "customertypecode": 3,
                    "primarycontactid": self._lookup("contact", "customer_contacts", code),
                    **_address(line),
                    **_phones(line),
                },
            )
            yield (
                self.key("contact", "customer_contacts", code),
                {
                    **_person(line),
                    "parentcustomerid": self._lookup("account", "customers", code),
                    **_address(line),
                    **_phones(line),
                },
            )

    def _suppliers(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("suppliers.csv"):
            number = line["supplier_id"]
            link = line["homepage"].split("#")
            yield (
                self.key("account", "suppliers", number),
                {
                    "name": line["company_name"],
                    "accountnumber": f"SUPPLIER-{number}",
                    "customertypecode": 10,
                    "primarycontactid": self._lookup("contact", "supplier_contacts", number),
                    **_address(line),
                    **_phones(line),
                    "websiteurl": link[1] if len(link) > 1 else None,
                },
            )
            yield (
                self.key("contact", "supplier_contacts", number),
                {
                    **_person(line),
                    "parentcustomerid": self._lookup("account", "suppliers", number),
                    **_phones(line),
                },
            )

    def _shippers(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("shippers.csv"):
            yield (
                self.key("account", "shippers", line["shipper_id"]),
                {
                    "name": line["company_name"],
                    "accountnumber": f"SHIPPER-{line['shipper_id']}",
                    "customertypecode": 11,
                    "telephone1": line["phone"],
                },
            )

    def _products(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("categories.csv"):
            yield (
                self.key("product", "categories", line["category_id"]),
                {
                    "name": line["category_name"],
                    "productnumber": f"FAMILY-{line['category_id']}",
                    "productstructure": 2,
                    "description": line["description"],
                    "statecode": 0,
                    "statuscode": 1,
                },
            )
        for line in self._file("products.csv"):
            retired = line["discontinued"] == "1"
            stock = f"On order: {line['units_on_order']}. Order again at: {line['reorder_level']}."
            yield (
                self.key("product", "products", line["product_id"]),
                {
                    "name": line["product_name"],
                    "productnumber": line["product_id"],
                    "productstructure": 1,
                    "parentproductid": self._lookup("product", "categories", line["category_id"]),
                    "vendorid": line["supplier_id"],
                    "size": line["quantity_per_unit"],
                    "price": _money(line["unit_price"]),
                    "quantityonhand": line["units_in_stock"],
                    "description": stock,
                    "statecode": 1 if retired else 0,
                    "statuscode": 2 if retired else 1,
                },
            )

    def _orders(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("orders.csv"):
            customer = line["customer_id"]
            shipped = bool(line["shipped_date"])
            place = f"{line['ship_postal_code']} {line['ship_city']}, {line['ship_country']}"
            yield (
                self.key("opportunity", "orders", line["order_id"]),
                {
                    "name": f"Order {line['order_id']}",
                    "ownerid": self._lookup("systemuser", "employees", line["employee_id"]),
                    "customerid": self._lookup("account", "customers", customer),
                    "parentaccountid": self._lookup("account", "customers", customer),
                    "parentcontactid": self._lookup("contact", "customer_contacts", customer),
                    "overriddencreatedon": f"{line['order_date']}T00:00:00Z",
                    "estimatedclosedate": line["required_date"],
                    "actualclosedate": line["shipped_date"] or None,
                    "statecode": 1 if shipped else 0,
                    "statuscode": 3 if shipped else 1,
                    "freightamount": _money(line["freight"]),
                    "description": f"Ship with {line['ship_via']} to {line['ship_name']}, "
                    f"{line['ship_address']}, {place}",
                },
            )

    def _lines(self) -> Iterator[tuple[Key, Columns]]:
        for line in self._file("order_details.csv"):
            order, product = line["order_id"], line["product_id"]
            price, share = _cents(line["unit_price"]), _cents(line["discount"])
            yield (
                self.key("opportunityproduct", "order_lines", order, product),
                {
                    "opportunityproductname": f"Order {order}, product {product}",
                    "opportunityid": self._lookup("opportunity", "orders", order),
                    "productid": self._lookup("product", "products", product),
                    "isproductoverridden": False,
                    "quantity": line["quantity"],
                    "priceperunit": _plain(price),
                    "manualdiscountamount": _money(str(price * Decimal(line["quantity"]) * share)),
                },
            )


def differences(expected: dict[Key, Columns], read: dict[Key, Columns]) -> list[str]:
    """Each value that is not as expected, in words; empty columns may be absent."""
    told = []
    for (table, row), columns in expected.items():
        found = read.get((table, row))
        if found is None:
            told.append(f"{table} {row} is not there")
            continue
        for column, value in columns.items():
            if found.get(column) != value:
                told.append(f"{table} {row} {column}: {found.get(column)!r}, expected {value!r}")
    return told


def _address(line: dict[str, str]) -> Columns:
    return {
        "address1_line1": line["address"] or None,
        "address1_city": line["city"] or None,
        "address1_stateorprovince": line["region"] or None,
        "address1_postalcode": line["postal_code"] or None,
        "address1_country": line["country"] or None,
    }


def _phones(line: dict[str, str]) -> Columns:
    return {"telephone1": line["phone"] or None, "fax": line["fax"] or None}


def _person(line: dict[str, str]) -> Columns:
    first, _, last = line["contact_name"].partition(" ")
    return {"firstname": first, "lastname": last, "jobtitle": line["contact_title"]}


def _cents(text: str) -> Decimal:
    return Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP)


def _money(text: str) -> str:
    return _plain(_cents(text))


def _plain(number: Decimal) -> str:
    """As Satchel answers amounts: no trailing zeros, no exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
