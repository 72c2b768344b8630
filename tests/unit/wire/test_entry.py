"""The shape of a changeset: whoever judges or folds one may index without fear."""

from __future__ import annotations

from typing import Any

import pytest

from satchel.model import limits
from satchel.model.changeset import Context, Entry
from satchel.model.errors import Invalid
from satchel.model.ids import Dot
from satchel.wire.codec import pack
from satchel.wire.entry import decode_entry, encode_entry

ID, REPLICA = b"row id 16 bytes.", b"replica8"
OPS: dict[str, list[Any]] = {
    "create": [0, 1, ID, {1: "a"}],
    "set": [1, 1, ID, {1: None}],
    "group": [2, 1, ID, 20, {2: "b", 3: None}],
    "delete": [4, 1, ID, 2],
    "restore": [5, 1, ID, 3],
    "link": [6, 40, ID, ID],
    "unlink": [7, 40, ID, ID, [[REPLICA, 1]]],
    "upsert": [15, 1, ID, {1: "a"}, {20: {2: "b"}}],
}


def wire(**parts: Any) -> list[Any]:
    """A good changeset with some of its parts exchanged."""
    whole = {
        "fmt": 1, "schema": 1, "hlc": 5, "ctx": [1, 2, 3, {REPLICA: 4}, None],
        "hard": [[REPLICA, 1]], "ops": list(OPS.values()), "guards": None, "salt": bytes(16),
    }  # fmt: skip
    assert parts.keys() <= whole.keys()
    return list((whole | parts).values())


def refused(body: bytes) -> str:
    """The code with which a body is refused."""
    with pytest.raises(Invalid) as caught:
        decode_entry(body)
    return caught.value.code


def test_every_part_is_read() -> None:
    """All eight parts, dots and context by name, ops as they are."""
    assert decode_entry(pack(wire())) == Entry(
        1, 5, Context(1, 2, 3, {REPLICA: 4}, None), [Dot(REPLICA, 1)], list(OPS.values()), None,
        bytes(16),
    )  # fmt: skip


PARTS: dict[str, dict[str, Any]] = {
    "a format that is no number": {"fmt": True},
    "a format that is text": {"fmt": "1"},
    "a schema that is no number": {"schema": True},
    "a schema below zero": {"schema": -1},
    "a clock that is no integer": {"hlc": 5.0},
    "a salt too short": {"salt": bytes(15)},
    "a salt that is text": {"salt": "s" * 16},
    "no operations": {"ops": []},
    "operations that are no list": {"ops": {0: 1}},
    "a context too short": {"ctx": [1, 2, 3, {}]},
    "a context of text": {"ctx": ["1", 2, 3, {}, None]},
    "a negative base": {"ctx": [1, -2, 3, {}, None]},
    "origins that are no map": {"ctx": [1, 2, 3, [], None]},
    "an origin of another length": {"ctx": [1, 2, 3, {b"short": 1}, None]},
    "an origin that is text": {"ctx": [1, 2, 3, {"replica8": 1}, None]},
    "a counter that is none": {"ctx": [1, 2, 3, {REPLICA: -1}, None]},
    "dependencies that are no list": {"hard": None},
    "a dot that is none": {"hard": [REPLICA]},
    "a dot of another length": {"hard": [[b"short", 1]]},
    "a dot without a counter": {"hard": [[REPLICA, True]]},
}


@pytest.mark.parametrize("case", PARTS)
def test_a_malformed_part_is_refused(case: str) -> None:
    """INVALID, whatever else is right."""
    assert refused(pack(wire(**PARTS[case]))) == "INVALID"


@pytest.mark.parametrize("size", [0, 1, 7, 9])
def test_a_changeset_has_eight_parts(size: int) -> None:
    """No more and no less."""
    assert refused(pack([*wire(), None][:size])) == "INVALID"


@pytest.mark.parametrize("name", OPS)
def test_an_op_has_its_arity(name: str) -> None:
    """A part too few or too many makes it none."""
    decode_entry(pack(wire(ops=[OPS[name]])))
    for op in (OPS[name][:-1], [*OPS[name], 0]):
        assert refused(pack(wire(ops=[op]))) == "INVALID"


BAD_OPS: dict[str, Any] = {
    "no op": [],
    "a map": {0: 1},
    "a code that is no number": [True, 1, ID, {1: "a"}],
    "a table below zero": [0, -1, ID, {}],
    "an id too short": [0, 1, ID[:15], {}],
    "an id of text": [0, 1, "x" * 16, {}],
    "values that are no map": [0, 1, ID, [1]],
    "a column that is no number": [0, 1, ID, {"name": 1}],
    "a column that is a truth": [0, 1, ID, {True: 1}],
    "a set of nothing": [1, 1, ID, {}],
    "a group without a number": [2, 1, ID, None, {1: 1}],
    "a delete to an odd life": [4, 1, ID, 3],
    "a delete to no life": [4, 1, ID, 0],
    "a restore to an even life": [5, 1, ID, 4],
    "a restore to the first life": [5, 1, ID, 1],
    "a link to no row": [6, 40, ID, 7],
    "an unlink that names nothing": [7, 40, ID, ID, []],
    "an unlink that names no dot": [7, 40, ID, ID, [[REPLICA]]],
    "an upsert with groups of nothing": [15, 1, ID, {}, {20: None}],
}


@pytest.mark.parametrize("case", BAD_OPS)
def test_a_malformed_op_is_refused(case: str) -> None:
    """INVALID, also behind good ones."""
    assert refused(pack(wire(ops=[OPS["create"], BAD_OPS[case]]))) == "INVALID"


def test_what_comes_later_is_unsupported() -> None:
    """Formats, ops, guards and holes of later versions have a code of their own."""
    later: list[dict[str, Any]] = [
        {"fmt": 2},
        {"fmt": 0},
        {"ops": [[3, 1, ID, 1, 1, [REPLICA, 1]]]},
        {"ops": [[99]]},
        {"guards": []},
        {"ctx": [1, 2, 3, {}, []]},
    ]
    assert [refused(pack(wire(**parts))) for parts in later] == ["UNSUPPORTED"] * len(later)


def test_a_changeset_is_bounded_both_ways() -> None:
    """1,000 ops and 1 MiB, for who writes and for who reads."""
    good = decode_entry(pack(wire()))
    many = [OPS["delete"]] * (limits.CHANGESET_OPS_MAX + 1)
    large = [[0, 1, ID, {1: "x" * limits.CHANGESET_BYTES_MAX}]]
    for ops in (many, large):
        assert refused(pack(wire(ops=ops))) == "TOO_BIG"
        with pytest.raises(Invalid) as caught:
            encode_entry(good._replace(ops=ops))
        assert caught.value.code == "TOO_BIG"
    assert decode_entry(encode_entry(good._replace(ops=many[1:]))).ops == many[1:]


def test_a_changeset_is_not_deeper_than_anything() -> None:
    """Nesting beyond the bound is refused before anybody walks it."""
    deep: Any = 1
    for _ in range(limits.NESTING_DEPTH_MAX):
        deep = [deep]
    assert refused(pack(wire(ops=[[0, 1, ID, {1: deep}]]))) == "INVALID"
