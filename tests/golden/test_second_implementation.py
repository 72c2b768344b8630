"""The formulas of PROTOCOL.md, worked out from the page alone, hold for its examples.

Nothing of Satchel is imported here but the page's own reader and, for msgpack, the codec:
what is checked is that the words on the page suffice.
"""

from __future__ import annotations

from base64 import b64decode
from hashlib import blake2b
from struct import unpack as integers
from zlib import crc32

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from satchel.wire.codec import unpack
from tests.golden import document
from tests.golden.notation import read_hex, read_meaning

FRAMES = sorted(name for name in document.blocks("hex") if name.startswith("frame-"))
MESSAGES = sorted(name for name in document.blocks("hex") if name.startswith("api-"))


def shown(name: str) -> bytes:
    """The bytes of an example."""
    return read_hex(document.blocks("hex")[name])


def blake(data: bytes) -> bytes:
    """BLAKE2b-256 as 1.1 defines it."""
    return blake2b(data, digest_size=32).digest()


@pytest.mark.parametrize("name", FRAMES)
def test_a_frame_is_length_head_payload_checksum(name: str) -> None:
    """7.2: len counts what follows it, crc covers what comes before it."""
    data = shown(name)
    length, kind, flags, req = integers(">IBBI", data[:10])
    numbers = {row[1]: int(row[0]) for row in document.table("frame-types")}
    meaning = read_meaning(document.blocks("diag")[name])
    assert length == len(data) - 4
    assert kind == numbers[f"`{meaning['type']}`"]
    assert (flags & ~1, req) == (meaning["flags"], meaning["req"])
    assert integers(">I", data[-4:])[0] == crc32(data[:-4])


@pytest.mark.parametrize("name", MESSAGES)
def test_a_message_is_length_and_body(name: str) -> None:
    """8.1: four bytes of length, one value."""
    data = shown(name)
    assert integers(">I", data[:4])[0] == len(data) - 4
    assert unpack(data[4:]) == read_meaning(document.blocks("diag")[name])


def test_the_chain_follows_from_the_bodies() -> None:
    """4.3: the two bodies on the page come to the chain on the page."""
    values = dict(document.pairs("chain"))
    replica = unpack(shown("frame-push")[10:-4])["bundle"][1]
    chain = bytes(32)
    assert values["chain 0"] == chain.hex()
    for counter, name in enumerate(("entry-create", "entry-update"), 1):
        assert values[f"bh {counter}"] == blake(shown(name)).hex()
        chain = blake(chain + replica + counter.to_bytes(8, "big") + blake(shown(name)))
        assert values[f"chain {counter}"] == chain.hex()


def test_a_bundle_carries_the_chain_before_it() -> None:
    """7.6: the bundle on the page begins with the second body, and names the chain at the first."""
    _, _, first, prev_chain, bodies, last, signature = unpack(shown("frame-push")[10:-4])["bundle"]
    assert (first, last, signature) == (2, 1 + len(bodies), None)
    assert prev_chain.hex() == dict(document.pairs("chain"))["chain 1"]
    assert bodies[0] == shown("entry-update")


def test_the_certificate_is_the_hubs() -> None:
    """7.3: the hub's key, as ENROLLED gives it, signed the purpose, a zero byte and the body."""
    joined = unpack(shown("frame-enrolled")[10:-4])
    body, signature = unpack(shown("certificate"))
    assert joined["certificate"] == shown("certificate")
    key = Ed25519PublicKey.from_public_bytes(joined["hub_public"])
    key.verify(signature, b"satchel1 certificate\0" + body)


def test_the_request_is_the_devices() -> None:
    """7.4: the key that ENROL named signed the request on the page."""
    values = dict(document.pairs("auth"))
    version, link, number, signature = values["satchel-auth"].split(" ")
    assert version == "v1"
    message = b"".join(
        (
            b"satchel1 request\0POST /v1/sync\0",
            bytes.fromhex(link),
            int(number).to_bytes(8, "big"),
            blake(bytes.fromhex(values["body"])),
        )
    )
    pubkey = unpack(shown("frame-enrol")[10:-4])["pubkey"]
    Ed25519PublicKey.from_public_bytes(pubkey).verify(b64decode(signature), message)


def test_the_session_token_is_its_parts() -> None:
    """8.4: time, chance and a tag of the two under the store's secret (here 32 times 05)."""
    parts = {name: bytes.fromhex(value) for name, value in document.pairs("session")}
    tag = blake2b(
        parts["issued"] + parts["chance"],
        digest_size=8,
        key=b"\x05" * 32,
        person=b"satchel session",
    )
    assert parts["tag"] == tag.digest()
    assert parts["token"] == parts["issued"] + parts["chance"] + parts["tag"]


def test_a_clock_is_milliseconds_and_logic() -> None:
    """1.3: the clock of the first change is 03:31 on the day of the story, logic 0."""
    assert unpack(shown("entry-create"))[2] == 1_711_855_860_000 << 16
