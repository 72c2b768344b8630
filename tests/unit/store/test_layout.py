"""Keys: they come apart as they were put together, and sort as their fields do."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.store import layout
from satchel.store.layout import ViewKey

U8 = st.integers(0, 0xFF)
U16 = st.integers(0, 0xFFFF)
U64 = st.integers(0, 2**64 - 1)
NUMBER = st.integers(0, layout.NUMBER_MASK)
ID = st.binary(min_size=16, max_size=16)
REPLICA = st.binary(min_size=8, max_size=8)
REST = st.binary(max_size=40)

Builder = Callable[..., bytes]
SHAPES: list[tuple[Builder, Callable[[bytes], Any], tuple[st.SearchStrategy[Any], ...]]] = [
    (layout.row_key, layout.parse_row_key, (U8, NUMBER, ID)),
    (layout.hub_row_key, layout.parse_hub_row_key, (NUMBER, ID)),
    (layout.log_key, layout.parse_log_key, (REPLICA, U64)),
    (layout.req_key, layout.parse_req_key, (ID, U64)),
    (layout.stg_key, layout.parse_stg_key, (U8, REST)),
    (layout.ref_key, layout.parse_ref_key, (U8, ID, NUMBER, ID)),
    (layout.hub_ref_key, layout.parse_hub_ref_key, (ID, NUMBER, ID)),
    (layout.lnk_key, layout.parse_lnk_key, (U8, NUMBER, ID, ID)),
    (layout.hub_lnk_key, layout.parse_hub_lnk_key, (NUMBER, ID, ID)),
    (layout.cnf_key, layout.parse_cnf_key, (U8, NUMBER, ID, U16, U64, U16)),
    (layout.hub_cnf_key, layout.parse_hub_cnf_key, (NUMBER, ID, U16, U64, U16)),
    (layout.feed_key, layout.parse_feed_key, (U64, U8, REST)),
    (layout.seq_key, lambda key: (layout.parse_seq_key(key),), (U64,)),
]


@pytest.mark.parametrize(("build", "parse", "fields"), SHAPES)
@given(data=st.data())
def test_keys_come_apart_and_sort_as_their_fields(
    build: Builder,
    parse: Callable[[bytes], Any],
    fields: tuple[st.SearchStrategy[Any], ...],
    data: st.DataObject,
) -> None:
    """parse(build(x)) == x, and keys compare as the tuples of their fields."""
    one, two = data.draw(st.tuples(*fields)), data.draw(st.tuples(*fields))
    assert parse(build(*one)) == one
    assert (build(*one) < build(*two)) == (one < two)


@pytest.mark.parametrize(
    ("parse", "key"),
    [
        (layout.parse_row_key, layout.row_key(1, 2, b"short")),
        (layout.parse_hub_row_key, layout.hub_row_key(2, b"x" * 17)),
        (layout.parse_log_key, layout.log_key(b"short", 1)),
        (layout.parse_ref_key, layout.ref_key(1, b"short", 2, b"x" * 16)),
        (layout.parse_lnk_key, layout.lnk_key(1, 2, b"x" * 16, b"")),
        (layout.parse_cnf_key, layout.hub_cnf_key(2, b"x" * 16, 3, 4, 5)),
        (layout.parse_view_key, layout.view_overlay_key(1, b"x" * 16, b"short", 1)),
    ],
)
def test_a_key_of_another_shape_is_refused(parse: Callable[[bytes], Any], key: bytes) -> None:
    """Parsers take exact lengths, so a part of a wrong length cannot pass unseen."""
    with pytest.raises(struct.error):
        parse(key)


@given(gen=U8, rel=NUMBER, a=ID, b=ID)
def test_a_link_is_found_from_both_ends(gen: int, rel: int, a: bytes, b: bytes) -> None:
    """The mirror is the link with its ends exchanged and its number marked."""
    marked = rel | layout.MIRROR_TAG
    mirror = layout.lnk_mirror_key(gen, rel, a, b)
    assert layout.parse_lnk_key(mirror) == (gen, marked, b, a)
    assert mirror.startswith(layout.lnk_mirror_key(gen, rel, b"", b))
    mirror = layout.hub_lnk_mirror_key(rel, a, b)
    assert layout.parse_hub_lnk_key(mirror) == (marked, b, a)
    assert layout.lnk_key(gen, rel, a, b).startswith(layout.lnk_key(gen, rel, a, b""))


@given(gen=U8, number=NUMBER, a=ID, b=ID, seq=U64)
def test_a_device_key_is_the_hubs_behind_its_generation(
    gen: int, number: int, a: bytes, b: bytes, seq: int
) -> None:
    """Both walk BASE in the same order, as the base digest needs (sync.md 0.8)."""
    head = layout.gen_prefix(gen)
    assert layout.row_key(gen, number, a) == head + layout.hub_row_key(number, a)
    assert layout.ref_key(gen, a, number, b) == head + layout.hub_ref_key(a, number, b)
    assert layout.lnk_key(gen, number, a, b) == head + layout.hub_lnk_key(number, a, b)
    conflict = layout.hub_cnf_key(number, a, 7, seq, 1)
    assert layout.cnf_key(gen, number, a, 7, seq, 1) == head + conflict


@given(number=NUMBER, a=ID, b=ID, replica=REPLICA, ctr=U64)
def test_view_keys_come_apart(number: int, a: bytes, b: bytes, replica: bytes, ctr: int) -> None:
    """Five shapes share the tree; each is told from the others, equal lengths included."""
    dot = (replica, ctr)
    row = layout.view_row_key(number, a)
    link = layout.view_link_key(number, a, b)
    mirror = layout.view_mirror_key(number, a, b)
    over_row = layout.view_overlay_key(number, a, replica, ctr)
    over_link = layout.view_link_overlay_key(number, a, b, replica, ctr)
    assert layout.parse_view_key(row) == ViewKey(False, False, number, a, b"", None)
    assert layout.parse_view_key(link) == ViewKey(True, False, number, a, b, None)
    assert layout.parse_view_key(mirror) == ViewKey(True, True, number, a, b, None)
    assert layout.parse_view_key(over_row) == ViewKey(False, False, number, a, b"", dot)
    assert layout.parse_view_key(over_link) == ViewKey(True, False, number, a, b, dot)
    assert len({row, link, mirror, over_row, over_link}) == 5


@given(number=NUMBER, other=NUMBER, a=ID, b=ID, replica=REPLICA, ctr=U64)
def test_an_overlay_lies_right_behind_what_it_covers(
    number: int, other: int, a: bytes, b: bytes, replica: bytes, ctr: int
) -> None:
    """The key of a row or link is the prefix of its overlay and of nothing else's."""
    assert layout.view_overlay_key(number, a, replica, ctr).startswith(
        layout.view_row_key(number, a)
    )
    assert layout.view_link_overlay_key(number, a, b, replica, ctr).startswith(
        layout.view_link_key(number, a, b)
    )
    row = layout.view_row_key(number, a)
    assert not layout.view_link_key(other, a, b).startswith(row)
    assert not layout.view_mirror_key(other, a, b).startswith(row)


def test_every_database_is_in_the_table_of_the_disk_spec() -> None:
    """The module's docstring names each database, and each name is used once."""
    lines = (layout.__doc__ or "").splitlines()
    documented = {line.split()[0] for line in lines if line.strip()}
    assert set(layout.DEVICE_DBS) | set(layout.HUB_DBS) <= documented
    assert len(set(layout.DEVICE_DBS)) == len(layout.DEVICE_DBS)
    assert len(set(layout.HUB_DBS)) == len(layout.HUB_DBS)
