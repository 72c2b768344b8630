"""Changesets that no device of ours writes, as hypothesis strategies.

They come from a device that has joined and signs what it sends, so they reach the judge.
Each is close to a good one (real tables, real columns, rows that exist) with something in
it that does not belong.
"""

from __future__ import annotations

from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from satchel.model import changeset as cs
from satchel.schema.catalog import Catalog
from satchel.schema.document import standard_document
from satchel.schema.validate import create_values
from satchel.wire.codec import pack
from tests.e2e.hazards import blows, broken_msgpack, damage, mostly, odd_values

_CATALOG: Final = Catalog(standard_document())
_TABLES: Final = [
    _CATALOG.table(name)
    for name in ("account", "contact", "opportunity", "systemuser", "businessunit", "task", "team")
]
_NUMBERS: Final = [table.number for table in _TABLES]
_COLUMNS: Final = sorted({number for table in _TABLES for number in table.by_number})
ROWS: Final = [bytes([mark]) * 16 for mark in range(4)]
"""The rows that most of these changesets are about."""

_CODES: Final = (
    cs.CREATE, cs.SET, cs.GROUP, cs.DELETE, cs.RESTORE, cs.LINK, cs.UNLINK, cs.UPSERT,
)  # fmt: skip

_values: SearchStrategy[Any] = st.one_of(
    odd_values,
    st.sampled_from(("Contoso", 1, 3, 17, True, [125, 2], 1_700_000_000_000, 20_000)),
    st.tuples(st.sampled_from(_NUMBERS), st.sampled_from(ROWS)).map(list),
)
_tables = mostly(st.sampled_from(_NUMBERS), odd_values)
_links = mostly(st.sampled_from([link.number for link in _CATALOG.links()]), odd_values)
_ids = mostly(st.sampled_from(ROWS), odd_values)
_maps = st.dictionaries(st.sampled_from(_COLUMNS), _values, max_size=4)


def good_creates(owner: bytes) -> list[cs.Op]:
    """Ops that make some of these rows; ``owner``: a user's id."""
    owned = (_CATALOG.number_of("systemuser"), owner)
    made = []
    for row, table in zip(ROWS, _TABLES, strict=False):
        name = next(column for column in ("name", "lastname") if column in table.columns)
        values = create_values(_CATALOG, table, {name: "Contoso"}, owned)
        made.append([cs.CREATE, table.number, row, values])
    return made[:3]


def _op(drawn: tuple[int, Any, Any, Any, Any, dict[Any, Any], Any]) -> Any:
    code, table, link, row, other, values, odd = drawn
    return {
        cs.CREATE: [code, table, row, values],
        cs.SET: [code, table, row, values],
        cs.GROUP: [code, table, row, 1 if odd is None else odd, values],
        cs.DELETE: [code, table, row, 2 if odd is None else odd],
        cs.RESTORE: [code, table, row, 3 if odd is None else odd],
        cs.LINK: [code, link, row, other],
        cs.UNLINK: [code, link, row, other, [[bytes(8), 1], [b"replica1", 3]]],
        cs.UPSERT: [code, table, row, values, {1: values, 2: {}}],
    }[code]


_ops = mostly(
    st.tuples(
        st.sampled_from(_CODES), _tables, _links, _ids, _ids, _maps, mostly(st.none(), odd_values)
    ).map(_op),
    st.tuples(st.integers(-1, 20), odd_values, odd_values).map(list),
)


def _entry(drawn: tuple[list[Any], int, Any]) -> bytes:
    """A changeset of these ops; every third time one of its other parts is odd too."""
    ops, which, odd = drawn
    parts: list[Any] = [
        1,
        1,
        1_700_000_000_000 << 16,
        [1, 0, 0, {}, None],
        [],
        ops,
        None,
        bytes(16),
    ]
    if which % 3 == 2:
        parts[which // 3 % len(parts)] = odd
    return pack(parts)


entries: SearchStrategy[bytes] = mostly(
    st.tuples(st.lists(_ops, min_size=1, max_size=3), st.integers(0, 23), odd_values).map(_entry),
    st.one_of(
        st.tuples(st.lists(_ops, min_size=1, max_size=2), blows).map(
            lambda drawn: damage(_entry((drawn[0], 0, None)), drawn[1])
        ),
        broken_msgpack,
    ),
)
"""Bodies of changesets, as a PUSH carries them."""
