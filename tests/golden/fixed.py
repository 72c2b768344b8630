"""The fixed names, keys and times from which every example of PROTOCOL.md is built.

Ids repeat one byte, so that they are recognised in a dump.  Owns values only; the schema
of the examples stands in PROTOCOL.md itself.
"""

from __future__ import annotations

from typing import Final

ORG: Final = b"\x10" * 16
ORG_NAME: Final = "Adventure Works"
SYSTEM_USER: Final = b"\x20" * 16
ONE_USER: Final = b"\x21" * 16
TWO_USER: Final = b"\x22" * 16
ONE_DEVICE: Final = b"\x31" * 16
TWO_DEVICE: Final = b"\x32" * 16
HUB: Final = b"\x40" * 8
ONE: Final = b"\x41" * 8
TWO: Final = b"\x42" * 8

ACCOUNT: Final = b"\xaa" * 16
REFUSED_ACCOUNT: Final = b"\xab" * 16
CONTACT: Final = b"\xc1" * 16
DELETED_CONTACT: Final = b"\xc2" * 16

HUB_SECRET: Final = b"\x01" * 32
ONE_SECRET: Final = b"\x02" * 32
TWO_SECRET: Final = b"\x03" * 32
CURSOR_KEY: Final = b"\x04" * 32
SESSION_SECRET: Final = b"\x05" * 32

SALT: Final = b"\x5a" * 16
LINK: Final = b"\x66" * 16
NONCE: Final = b"\x77" * 16
INVITE_CHANCE: Final = bytes(range(15))
SESSION_CHANCE: Final = b"\x88" * 2

NOW_MS: Final = 1_711_855_800_000
"""2024-03-31T03:30:00Z, when the story begins."""
MINUTE_MS: Final = 60_000

HUB_URL: Final = "http://127.0.0.1:7443"
ACCOUNT_KEY: Final = b"\x00\x01" + ACCOUNT
"""The account's row key: table number, id."""
