"""The notation in which PROTOCOL.md writes what bytes mean, and its reader.

It is the diagnostic notation of RFC 8949, section 8, as far as msgpack needs it: JSON, and
besides ``h'00ff'`` for bytes, ``<<value>>`` for bytes that are themselves an encoded value,
map keys of any kind, and ``# ...`` to the end of the line for remarks.
"""

from __future__ import annotations

import json
import re
from typing import Any

from satchel.wire.codec import pack

_TOKEN = re.compile(
    r"""\s*(?:\#[^\n]*\s*)*
    (?: (?P<bytes>h'[0-9a-f\s]*')
      | (?P<text>"(?:[^"\\]|\\.)*")
      | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
      | (?P<word>null|true|false)
      | (?P<mark><<|>>|[\[\]{},:]) )""",
    re.VERBOSE,
)
_WORDS = {"null": None, "true": True, "false": False}
_REST = re.compile(r"\s*(?:#[^\n]*\s*)*")


def read_meaning(text: str) -> Any:
    """The value that a text in this notation means.  Raises ValueError for any other text."""
    reader = _Reader(text)
    value = reader.value()
    reader.end()
    return value


def read_hex(text: str) -> bytes:
    """The bytes of a hex dump: digits, white space, and ``# ...`` remarks."""
    return bytes.fromhex("".join(line.partition("#")[0] for line in text.splitlines()))


class _Reader:
    """A recursive-descent reader over the tokens of one text."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def value(self) -> Any:
        kind, token = self._next()
        match kind:
            case "bytes":
                return bytes.fromhex(token[2:-1])
            case "text":
                return json.loads(token)
            case "number":
                return int(token) if token.lstrip("-").isdigit() else float(token)
            case "word":
                return _WORDS[token]
        match token:
            case "<<":
                inner = self.value()
                self._take(">>")
                return pack(inner)
            case "[":
                return list(self._items("]", self.value))
            case "{":
                return dict(self._items("}", self._pair))
        raise ValueError(f"{token!r} begins no value")

    def end(self) -> None:
        rest = _REST.match(self._text, self._at)
        assert rest is not None
        if rest.end() != len(self._text):
            raise ValueError(f"more text follows: {self._text[rest.end() :][:40]!r}")

    def _pair(self) -> tuple[Any, Any]:
        key = self.value()
        self._take(":")
        return key, self.value()

    def _items(self, closing: str, item: Any) -> Any:
        if self._peek() == closing:
            self._take(closing)
            return
        while True:
            yield item()
            _, token = self._next()
            if token == closing:
                return
            if token != ",":
                raise ValueError(f"{token!r} where ',' or {closing!r} belongs")

    def _take(self, expected: str) -> None:
        _, token = self._next()
        if token != expected:
            raise ValueError(f"{token!r} where {expected!r} belongs")

    def _peek(self) -> str:
        at = self._at
        _, token = self._next()
        self._at = at
        return token

    def _next(self) -> tuple[str, str]:
        found = _TOKEN.match(self._text, self._at)
        if found is None:
            raise ValueError(f"no notation: {self._text[self._at :][:40]!r}")
        self._at = found.end()
        kind = found.lastgroup
        assert kind is not None
        return kind, found.group(kind)
