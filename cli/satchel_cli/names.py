"""Who somebody is: the name behind a user's id, for people to read."""

from __future__ import annotations

from satchel.client.blocking import Client
from satchel.model.errors import SatchelError


class Names:
    """Looks users up, each once."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, str] = {}

    def of(self, user: str) -> str:
        """The user's full name; the id where there is none to be read."""
        if user not in self._known:
            self._known[user] = self._read(user)
        return self._known[user]

    def _read(self, user: str) -> str:
        try:
            row = self._client.get("systemuser", user, ["fullname"])
        except SatchelError:
            return user
        return str(row.columns.get("fullname") or user)
