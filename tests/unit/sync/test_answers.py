"""What a hub answers is read strictly where it matters and leniently where it may grow."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from satchel.model.errors import Garbled
from satchel.sync.answers import (
    Flip,
    HelloOk,
    More,
    Outcome,
    Page,
    Pushed,
    SchemaOk,
    read_answer,
)
from satchel.wire.frame import FrameType

FLIP: list[Any] = [3, 7, b"@9", 9, [[4, 2, 8, None]], 1, None, None, 1_000, None]
HELLO_OK: dict[str, Any] = {
    "proto": 1,
    "epoch": 3,
    "schema": 2,
    "processed": 4,
    "chain": b"c" * 32,
    "link": b"l" * 16,
    "hub_now": 1_000,
    "head": 9,
}
PUSHED: dict[str, Any] = {
    "processed": 4,
    "outcomes": [[4, 2, 8, {"field": "name"}], [5, 0, None, None]],
    "need": [[b"q" * 8, 1, 3]],
    "head": 9,
    "hub_now": 1_000,
}
SAMPLES: list[tuple[FrameType, dict[str, Any], Any]] = [
    (FrameType.HELLO_OK, HELLO_OK, HelloOk(1, 3, 2, 4, b"c" * 32, b"l" * 16, 1_000, 9)),
    (FrameType.SCHEMA_OK, {"version": 2, "document": b"d"}, SchemaOk(2, b"d")),
    (
        FrameType.PUSHED,
        PUSHED,
        Pushed(
            4,
            (Outcome(4, 2, 8, {"field": "name"}), Outcome(5, 0, None, None)),
            ((b"q" * 8, 1, 3),),
            9,
            1_000,
        ),
    ),
    (FrameType.PAGE, {"entries": [b"e"]}, Page([b"e"], None)),
    (FrameType.PAGE, {"entries": [], "cursor": b"@"}, Page([], b"@")),
    (FrameType.MORE, {"cursor": b"@", "head": 9}, More(b"@", 9)),
    (FrameType.FLIP, {"flip": FLIP}, Flip(3, 7, b"@9", 9, FLIP[4], 1, None, None, 1_000, None)),
]


@pytest.mark.parametrize(("frame_type", "payload", "value"), SAMPLES)
def test_answers_are_read(frame_type: FrameType, payload: dict[str, Any], value: object) -> None:
    """Each answer of the protocol becomes its value."""
    read = read_answer(frame_type, payload)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(("frame_type", "payload", "value"), SAMPLES)
def test_what_a_later_version_adds_is_ignored(
    frame_type: FrameType, payload: dict[str, Any], value: object
) -> None:
    """Unknown keys and longer lists read as before."""
    grown = {key: grow(item) for key, item in payload.items()} | {"new": 1}
    assert read_answer(frame_type, grown) == value


def grow(item: Any) -> Any:
    """A list of positional lists, or a positional list, with one part more."""
    if not isinstance(item, list) or not item:
        return item
    if all(isinstance(part, list) for part in item):
        return [[*part, "new"] for part in item]
    return [*item, "new"] if item is FLIP else item


@pytest.mark.parametrize(("frame_type", "payload", "_value"), SAMPLES)
def test_a_missing_field_is_a_broken_message(
    frame_type: FrameType, payload: dict[str, Any], _value: object
) -> None:
    """Every field but those that may be absent is required."""
    optional = {"cursor"} if frame_type is FrameType.PAGE else set()
    for key in sorted(payload.keys() - optional):
        lacking = {name: item for name, item in payload.items() if name != key}
        with pytest.raises(Garbled) as error:
            read_answer(frame_type, lacking)
        assert error.value.code == "BAD_FRAME"
        assert frame_type.name in error.value.message


@pytest.mark.parametrize(
    ("frame_type", "payload"),
    [
        (FrameType.HELLO_OK, HELLO_OK | {"processed": True}),
        (FrameType.HELLO_OK, HELLO_OK | {"processed": -1}),
        (FrameType.HELLO_OK, HELLO_OK | {"chain": b"short"}),
        (FrameType.HELLO_OK, HELLO_OK | {"link": "l" * 16}),
        (FrameType.PUSHED, PUSHED | {"outcomes": [[4, 2, 8]]}),
        (FrameType.PUSHED, PUSHED | {"need": [[1, 2, 3]]}),
        (FrameType.PUSHED, PUSHED | {"need": {}}),
        (FrameType.FLIP, {"flip": FLIP[:-1]}),
        (FrameType.FLIP, {"flip": [*FLIP[:4], [[1]], *FLIP[5:]]}),
        (FrameType.PAGE, {"entries": [], "cursor": 3}),
        (FrameType.MORE, []),
        (FrameType.PULL, {"cursor": None}),
        (FrameType.ERR, {"code": "BUSY"}),
    ],
)
def test_wrong_shapes_are_broken_messages(frame_type: FrameType, payload: object) -> None:
    """Wrong types, sizes, lengths and frame types are refused with a stable code."""
    with pytest.raises(Garbled) as error:
        read_answer(frame_type, payload)
    assert error.value.code == "BAD_FRAME"


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.binary(max_size=33) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=11) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(data=st.data())
def test_whatever_a_hub_answers_is_read_or_refused(data: st.DataObject) -> None:
    """No decoded payload, not even one field off, raises anything but Garbled."""
    frame_type, payload, _ = data.draw(st.sampled_from(SAMPLES))
    key = data.draw(st.sampled_from(sorted(payload)))
    value = data.draw(ANYTHING)
    if key == "flip":
        place = data.draw(st.integers(0, len(FLIP) - 1))
        value = [*FLIP[:place], value, *FLIP[place + 1 :]]
    read: object
    try:
        read = read_answer(frame_type, payload | {key: value})
    except Garbled as refusal:
        read = refusal.code
    assert read == "BAD_FRAME" or isinstance(read, HelloOk | SchemaOk | Pushed | Page | More | Flip)
