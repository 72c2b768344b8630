"""One table of a map file, taken apart key by key, every mistake named with its place.

Owns the sentences of BAD_MAP and nothing of what a map means (:mod:`satchel.hub.mapping`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model.errors import Mistake


def bad_map(place: str, why: str) -> Mistake:
    """The exception for a map that cannot be followed; ``place`` as in ``rows.customers.key``."""
    return Mistake(
        "BAD_MAP",
        f"The map cannot be used: {place} {why}.",
        "Correct the map and import again; nothing was written.",
        {"place": place, "rule": why},
    )


class MapTable:
    """A TOML table being read.  What nobody asked for is a spelling mistake: see :meth:`end`."""

    __slots__ = ("_left", "place")

    def __init__(self, raw: Any, place: str) -> None:
        if not isinstance(raw, Mapping):
            raise bad_map(place, "must be a table")
        self.place = place
        self._left: dict[str, Any] = dict(raw)

    def __contains__(self, key: str) -> bool:
        return key in self._left

    def at(self, key: str) -> str:
        """The place of one of its keys."""
        return f"{self.place}.{key}" if self.place else key

    def take(self, key: str) -> Any:
        """The raw value of a key, or None."""
        return self._left.pop(key, None)

    def need(self, key: str) -> Any:
        """The raw value of a key that must be there."""
        if key not in self._left:
            raise bad_map(self.at(key), "is missing")
        return self._left.pop(key)

    def text(self, key: str) -> str:
        """A text that must be there and not be empty."""
        value = self.need(key)
        if not isinstance(value, str) or not value:
            raise bad_map(self.at(key), "must be a text")
        return value

    def text_or(self, key: str, default: str) -> str:
        """A text, empty allowed, or ``default``."""
        value = self._left.pop(key, default)
        if not isinstance(value, str):
            raise bad_map(self.at(key), "must be a text")
        return value

    def flag_or(self, key: str, default: bool) -> bool:
        """True or false, or ``default``."""
        value = self._left.pop(key, default)
        if not isinstance(value, bool):
            raise bad_map(self.at(key), "must be true or false")
        return value

    def texts_or(self, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
        """A list of texts, or ``default``."""
        value = self._left.pop(key, None)
        if value is None:
            return default
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise bad_map(self.at(key), "must be a list of texts")
        return tuple(value)

    def places_or_none(self, key: str) -> int | None:
        """A number of decimal places from 0 to 10, or None."""
        value = self._left.pop(key, None)
        if value is not None and (type(value) is not int or not 0 <= value <= 10):
            raise bad_map(self.at(key), "must be a number of decimal places from 0 to 10")
        return value

    def tables(self, key: str) -> list[tuple[str, MapTable]]:
        """The tables inside the table of that key, by name, in the order of the file."""
        inner = MapTable(self._left.pop(key, {}), self.at(key))
        return [(name, MapTable(raw, inner.at(name))) for name, raw in inner.items()]

    def items(self) -> list[tuple[str, Any]]:
        """Everything that is left, taken."""
        left, self._left = list(self._left.items()), {}
        return left

    def end(self) -> None:
        """Refuse what nobody asked for."""
        for key in self._left:
            raise bad_map(self.at(key), "is no key that a map has here")
