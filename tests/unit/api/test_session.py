"""Session tokens: known to the store that issued them, for a week."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from satchel.api.session import SESSION_BYTES, issue, known
from satchel.model.limits import SESSION_MS

SECRET = b"the secret of one store"
NOW = 1_700_000_000_000


def test_a_token_is_known_to_its_store() -> None:
    """The store that issued a token knows it, and no other does."""
    token = issue(SECRET, NOW, b"\x01\x02")
    assert len(token) == SESSION_BYTES
    assert known(SECRET, token, NOW)
    assert not known(b"the secret of another", token, NOW)


def test_a_token_lasts_for_a_bounded_time() -> None:
    """Also against a clock that was set back since."""
    token = issue(SECRET, NOW, b"\x01\x02")
    assert known(SECRET, token, NOW + SESSION_MS)
    assert not known(SECRET, token, NOW + SESSION_MS + 1)
    assert known(SECRET, token, NOW - SESSION_MS)
    assert not known(SECRET, token, NOW - SESSION_MS - 1)


@given(place=st.integers(0, SESSION_BYTES - 1), flip=st.integers(1, 255))
def test_a_changed_token_is_unknown(place: int, flip: int) -> None:
    """No byte of a token can be changed."""
    token = bytearray(issue(SECRET, NOW, b"\x01\x02"))
    token[place] ^= flip
    assert not known(SECRET, bytes(token), NOW)


@given(st.binary(max_size=40).filter(lambda token: len(token) != SESSION_BYTES))
def test_anything_else_is_unknown(token: bytes) -> None:
    """Bytes of another length are no token, and no error."""
    assert not known(SECRET, token, NOW)


def test_every_millisecond_has_sessions_of_its_own() -> None:
    """Tokens differ where time or chance differs."""
    tokens = {
        issue(SECRET, NOW, b"\x01\x02"),
        issue(SECRET, NOW + 1, b"\x01\x02"),
        issue(SECRET, NOW, b"\x01\x03"),
    }
    assert len(tokens) == 3
