"""What an app uses to talk to the daemon: blocking, or with trio, by the same names.

    import satchel
    with satchel.connect() as office:
        row = office.get("account", some_id)
        office.update(row, columns={"telephone1": "+31 20 555 0100"})

Loads nothing until a name is asked for, so that an app that only blocks never loads trio
and the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

__all__ = ["AsyncClient", "Client", "Receipt", "Row", "connect", "open_client"]

if TYPE_CHECKING:
    from satchel.client.async_trio import AsyncClient, open_client
    from satchel.client.blocking import Client, connect
    from satchel.client.rows import Receipt, Row


_HOMES = {
    "AsyncClient": "async_trio",
    "Client": "blocking",
    "Receipt": "rows",
    "Row": "rows",
    "connect": "blocking",
    "open_client": "async_trio",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'satchel.client' has no attribute {name!r}")
    return getattr(import_module(f"satchel.client.{_HOMES[name]}"), name)
