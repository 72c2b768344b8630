"""Certificates, signed requests and the window of request numbers."""

from __future__ import annotations

from base64 import b64encode
from binascii import unhexlify
from hashlib import blake2b

import pytest

from satchel.model.errors import Denied, Garbled
from satchel.model.limits import LINK_WINDOW
from satchel.wire.codec import pack, unpack
from satchel.wire.envelope import (
    NO_LINK,
    Auth,
    Certificate,
    LinkWindow,
    check_request,
    make_certificate,
    parse_auth,
    public_key,
    read_certificate,
    sign,
    sign_request,
    verify,
)

HUB, DEVICE, STRANGER = bytes([1] * 32), bytes([2] * 32), bytes([3] * 32)
LINK = bytes(range(16))
CERTIFICATE = Certificate(
    org=b"o" * 16,
    user=b"u" * 16,
    device=b"d" * 16,
    replica=b"r" * 8,
    pubkey=public_key(DEVICE),
    number=7,
    not_after_ms=1_800_000_000_000,
    max_lease_ms=None,
)


def test_the_signatures_are_ed25519() -> None:
    """The second test vector of RFC 8032, section 7.1, holds to the byte."""
    secret = unhexlify("4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb")
    public = unhexlify("3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c")
    signature = unhexlify(
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert public_key(secret) == public
    assert sign(secret, b"\x72") == signature
    assert verify(public, b"\x72", signature)


@pytest.mark.parametrize("public", [b"", b"k" * 31, b"k" * 33, b"\xff" * 32])
def test_a_key_that_is_none_verifies_nothing(public: bytes) -> None:
    """A malformed key is an answer (no), not an exception."""
    assert not verify(public, b"m", sign(DEVICE, b"m"))


def test_a_certificate_is_read_by_who_knows_the_hub() -> None:
    """Every field comes back, with and without a lease."""
    for certificate in (CERTIFICATE, CERTIFICATE._replace(max_lease_ms=86_400_000)):
        data = make_certificate(HUB, certificate)
        assert read_certificate(public_key(HUB), data) == certificate


def test_a_certificate_of_another_hub_or_with_any_byte_changed_is_refused() -> None:
    """Nobody but the hub can say whose key this is."""
    data = make_certificate(HUB, CERTIFICATE)
    with pytest.raises(Denied):
        read_certificate(public_key(STRANGER), data)
    for place in range(len(data)):
        forged = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(Denied) as caught:
            read_certificate(public_key(HUB), forged)
        assert caught.value.code == "BAD_SIGNATURE"


@pytest.mark.parametrize("data", [b"", b"\xc1", pack(None), pack([b"a"]), pack(["a", b"b"])])
def test_bytes_that_are_no_certificate_are_refused(data: bytes) -> None:
    """Malformed bytes are told apart from nothing else: the signature does not hold."""
    with pytest.raises(Denied) as caught:
        read_certificate(public_key(HUB), data)
    assert caught.value.code == "BAD_SIGNATURE"


def _signed_by_hub(body: bytes) -> bytes:
    return pack([body, sign(HUB, b"satchel1 certificate\0" + body)])


def test_a_certificate_of_a_later_form_is_told_apart() -> None:
    """A genuine certificate of another version asks for another version of Satchel."""
    for body in (pack([2, "new"]), pack({}), pack([])):
        with pytest.raises(Garbled) as caught:
            read_certificate(public_key(HUB), _signed_by_hub(body))
        assert caught.value.code == "BAD_VERSION"


def test_a_signature_made_for_something_else_is_no_certificate() -> None:
    """The hub's signature under the bare body, or for a request, vouches for nothing."""
    body = unpack(make_certificate(HUB, CERTIFICATE))[0]
    for message in (body, b"satchel1 request\0" + body):
        with pytest.raises(Denied):
            read_certificate(public_key(HUB), pack([body, sign(HUB, message)]))


def test_a_request_is_signed_over_exactly_what_the_protocol_says() -> None:
    """The header's form and the signed bytes, spelled out once by hand."""
    header = sign_request(DEVICE, "POST", "/v1/sync", LINK, 258, b"frames")
    message = (
        b"satchel1 request\0POST /v1/sync\0"
        + LINK
        + unhexlify("0000000000000102")
        + blake2b(b"frames", digest_size=32).digest()
    )
    signature = b64encode(sign(DEVICE, message)).decode()
    assert header == f"v1 000102030405060708090a0b0c0d0e0f 258 {signature}"


def test_a_request_is_checked_in_every_part() -> None:
    """Another method, path, link, number, body or key, and the signature does not hold."""
    auth = parse_auth(sign_request(DEVICE, "POST", "/v1/sync", LINK, 5, b"body"))
    public = public_key(DEVICE)
    assert check_request(public, "POST", "/v1/sync", auth, b"body")
    assert not check_request(public_key(STRANGER), "POST", "/v1/sync", auth, b"body")
    assert not check_request(public, "PUT", "/v1/sync", auth, b"body")
    assert not check_request(public, "POST", "/v1/other", auth, b"body")
    assert not check_request(public, "POST", "/v1/sync", auth, b"bodY")
    assert not check_request(public, "POST", "/v1/sync", auth._replace(n=6), b"body")
    assert not check_request(public, "POST", "/v1/sync", auth._replace(link=NO_LINK), b"body")


GOOD = sign_request(DEVICE, "POST", "/v1/sync", LINK, 5, b"")
SIGNATURE = GOOD.split(" ")[3]


@pytest.mark.parametrize(
    "header",
    [
        "",
        "v1",
        GOOD + " ",
        GOOD.replace("v1", "v2"),
        GOOD.replace(" 5 ", " 05 "),
        GOOD.replace(" 5 ", " +5 "),
        GOOD.replace(" 5 ", " -5 "),
        GOOD.replace(" 5 ", " \u0665 "),
        GOOD.replace(" 5 ", f" {1 << 63} "),
        GOOD.replace("0a0b", "0A0B"),
        GOOD.replace("0a0b", "0a"),
        GOOD.replace(SIGNATURE, SIGNATURE[:-4]),
        GOOD.replace(SIGNATURE, SIGNATURE[:-3] + "h=="),
        GOOD.replace(SIGNATURE, SIGNATURE[:-2]),
        GOOD.replace(SIGNATURE, "\u00e9" * 88),
    ],
)
def test_a_header_has_one_spelling(header: str) -> None:
    """Whatever is not written as sign_request writes it is refused."""
    assert header != GOOD
    with pytest.raises(Denied) as caught:
        parse_auth(header)
    assert caught.value.code == "BAD_SIGNATURE"


def test_a_header_is_read_back() -> None:
    """Link, number and signature come back, hello's zero link and number too."""
    assert parse_auth(GOOD)[:2] == (LINK, 5)
    hello = parse_auth(sign_request(DEVICE, "POST", "/v1/sync", NO_LINK, 0, b""))
    assert hello == Auth(NO_LINK, 0, hello.signature)


def test_each_number_is_good_once() -> None:
    """In order, out of order within the window, and never a second time."""
    window = LinkWindow()
    order = [1, 2, 4, 3, 10, 7, 10 + LINK_WINDOW]
    assert [window.accepts(n) for n in order] == [True] * len(order)
    assert [window.accepts(n) for n in order] == [False] * len(order)


def test_the_window_ends_where_it_says() -> None:
    """A number that far behind the highest counts as used; the one after it does not."""
    window = LinkWindow()
    assert window.accepts(1000)
    assert not window.accepts(1000 - LINK_WINDOW)
    assert window.accepts(1000 - LINK_WINDOW + 1)


def test_a_leap_forgets_nothing_that_still_counts() -> None:
    """After a leap beyond the window all earlier numbers are refused, used or not."""
    window = LinkWindow()
    assert window.accepts(5)
    assert window.accepts(1 << 62)
    assert not any(window.accepts(n) for n in range(64))


@pytest.mark.parametrize("n", [0, -1])
def test_numbers_count_from_one(n: int) -> None:
    """Hello's number and anything below is never one of a link."""
    assert not LinkWindow().accepts(n)
