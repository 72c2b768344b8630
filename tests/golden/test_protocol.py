"""Every example of PROTOCOL.md is what the production code writes, and what it reads."""

from __future__ import annotations

import json
from hashlib import blake2b
from typing import Any

import pytest

from satchel.model.errors import SatchelError
from satchel.model.kinds import Kind
from satchel.schema.catalog import Catalog
from satchel.schema.validate import check_stored, from_stored, to_stored
from satchel.wire.codec import pack, unpack
from satchel.wire.entry import decode_entry, encode_entry
from satchel.wire.frame import COMPRESSED
from tests.golden import document, fixed
from tests.golden.api_examples import ANSWERS, MESSAGES, session_lines
from tests.golden.byte_examples import BYTES, chain_lines, digest_of_one_row
from tests.golden.notation import read_hex, read_meaning
from tests.golden.story import Story
from tests.golden.wire_examples import FRAMES, READ_ONLY, auth_lines

EXAMPLES = {**BYTES, **FRAMES, **MESSAGES}
JSON_ONLY = {"schema"}
PAIRS = {"canonical", "refused", "values", "ops", "chain", "digest", "auth", "session"}


def test_the_page_and_the_builders_name_the_same_examples() -> None:
    """No example on the page goes unchecked, and none that is checked is missing there."""
    assert document.forms() <= {"hex", "diag", "json", "pairs"}
    assert document.blocks("hex").keys() == EXAMPLES.keys()
    assert document.blocks("diag").keys() == EXAMPLES.keys()
    assert document.blocks("json").keys() == ANSWERS.keys() | JSON_ONLY
    assert document.blocks("pairs").keys() == PAIRS


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - READ_ONLY))
def test_an_example_is_what_the_code_writes(name: str, story: Story) -> None:
    """The bytes on the page are those of the production code, one by one."""
    assert read_hex(document.blocks("hex")[name]).hex() == EXAMPLES[name](story).data.hex()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_an_example_means_what_the_page_says(name: str, story: Story) -> None:
    """Its receiver reads the bytes on the page as the meaning beside them."""
    example = EXAMPLES[name](story)
    meaning = read_meaning(document.blocks("diag")[name])
    assert example.read(read_hex(document.blocks("hex")[name])) == meaning


@pytest.mark.parametrize("name", sorted(EXAMPLES.keys() - READ_ONLY))
def test_an_example_follows_from_its_meaning(name: str, story: Story) -> None:
    """Whoever knows the meaning and the rules of canonical bytes comes to the same bytes."""
    example = EXAMPLES[name](story)
    meaning = read_meaning(document.blocks("diag")[name])
    assert example.write(meaning).hex() == read_hex(document.blocks("hex")[name]).hex()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_no_byte_of_an_example_is_idle(name: str, story: Story) -> None:
    """One bit changed anywhere in an example is refused, or means something else."""
    shown = read_hex(document.blocks("hex")[name])
    meaning = read_meaning(document.blocks("diag")[name])
    for at in range(len(shown)):
        changed = bytes((*shown[:at], shown[at] ^ 1, *shown[at + 1 :]))
        assert _understood(name, changed, story) != meaning, f"byte {at}"


def _understood(name: str, data: bytes, story: Story) -> Any:
    """What a receiver makes of these bytes; itself where it refuses them."""
    try:
        return EXAMPLES[name](story).read(data)
    except (SatchelError, AssertionError, ValueError, TypeError, KeyError) as refused:
        return refused


def test_the_compressed_frame_is_compressed() -> None:
    """The example of a compressed frame has the flag that says so."""
    assert read_hex(document.blocks("hex")["frame-compressed"])[5] & COMPRESSED


@pytest.mark.parametrize("name", sorted(ANSWERS))
def test_an_answer_is_what_the_page_shows(name: str, story: Story) -> None:
    """What a command answers is the JSON on the page, key by key."""
    answered = ANSWERS[name](story)
    assert answered == json.loads(document.blocks("json")[name])
    assert unpack(pack(answered)) == answered


@pytest.mark.parametrize("sides", document.pairs("canonical"), ids=lambda sides: sides[0])
def test_a_value_has_one_encoding(sides: list[str]) -> None:
    """Each value of the table is encoded as the page says, and read back."""
    meaning, encoded = read_meaning(sides[0]), read_hex(sides[1])
    assert pack(meaning).hex() == encoded.hex()
    assert repr(unpack(encoded)) == repr(meaning)


@pytest.mark.parametrize("sides", document.pairs("refused"), ids=lambda sides: sides[0])
def test_what_is_no_value_is_refused(sides: list[str]) -> None:
    """Bytes that the page calls broken are refused with BAD_FRAME."""
    with pytest.raises(Exception, match="not one msgpack value") as broken:
        unpack(read_hex(sides[0]))
    assert getattr(broken.value, "code", None) == "BAD_FRAME"


@pytest.mark.parametrize("sides", document.pairs("ops"), ids=lambda sides: sides[0])
def test_an_op_is_encoded_as_shown(sides: list[str]) -> None:
    """Each op is one that a changeset may hold, in the bytes the page gives."""
    op = read_meaning(sides[0])
    assert pack(op).hex() == read_hex(sides[1]).hex()
    entry = decode_entry(pack([1, 1, 0, [1, 0, 0, {}, None], [], [op], None, fixed.SALT]))
    assert entry.ops == [op]
    assert decode_entry(encode_entry(entry)) == entry


def _values() -> list[tuple[str, Any, Any, Any]]:
    return [
        (column, json.loads(given), read_meaning(stored), json.loads(answered))
        for column, given, stored, answered in document.pairs("values")
    ]


@pytest.mark.parametrize(("column", "given", "stored", "answered"), _values())
def test_a_value_is_stored_and_answered_as_shown(
    column: str, given: Any, stored: Any, answered: Any
) -> None:
    """What an app gives becomes the stored value, and that the answer, as the page says."""
    catalog = Catalog(json.loads(document.blocks("json")["schema"]))
    sample = catalog.table("sample")
    rules = catalog, sample, sample.columns[column]
    kept = to_stored(*rules, given)
    assert repr(kept) == repr(stored)
    check_stored(*rules, kept)
    assert from_stored(*rules, kept) == answered


def test_every_kind_that_is_stored_has_an_example() -> None:
    """The table of values leaves out no kind of column that a row can hold."""
    sample = Catalog(json.loads(document.blocks("json")["schema"])).table("sample")
    shown = {sample.columns[column].kind for column, *_ in _values()}
    unstored = {Kind.ID, Kind.VIRTUAL, Kind.COUNTER, Kind.TEXT}
    assert shown == set(Kind) - unstored


def test_the_chain(story: Story) -> None:
    """Body hashes and chain of device one are those on the page."""
    built = {name: value.hex() for name, value in chain_lines(story).items()}
    assert dict(document.pairs("chain")) == built


def test_the_digest(story: Story) -> None:
    """The digest of a replica that holds one row is the hash of the bytes shown before it."""
    ((_, digest),) = document.pairs("digest")
    assert digest == digest_of_one_row(story)
    shown = read_hex(document.blocks("hex")["digest-input"])
    assert digest == blake2b(shown, digest_size=32).hexdigest()


def test_the_signed_request(story: Story) -> None:
    """The signed request on the page is signed by the production code."""
    assert dict(document.pairs("auth")) == auth_lines(story)


def test_the_session_token(story: Story) -> None:
    """The token on the page is issued by the production code, from the parts shown."""
    built = {name: value.hex() for name, value in session_lines(story).items()}
    assert dict(document.pairs("session")) == built


def test_device_and_hub_come_to_the_same_digest() -> None:
    """The two answers on the page that replicas are compared by are equal."""
    answers = {name: json.loads(document.blocks("json")[name]) for name in ("digest", "hub.digest")}
    assert answers["digest"]["digest"] == answers["hub.digest"]["digest"]
    assert answers["digest"]["cursor"] == answers["hub.digest"]["seq"]
