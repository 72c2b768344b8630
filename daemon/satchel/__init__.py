"""Satchel: the office's business records while the network is away.

``import satchel; satchel.connect()`` is all an app needs.  This package loads
nothing until a name is asked for: importing it must stay as cheap as importing
an empty module, so that ``satchel status`` starts fast.
"""

from __future__ import annotations

TYPE_CHECKING = False  # importing typing for its own name would double the cost of this file

__version__ = "0.1.0"
__all__ = ["__version__", "connect"]

if TYPE_CHECKING:
    from satchel.client.blocking import connect


def __getattr__(name: str) -> object:
    if name == "connect":
        from satchel.client.blocking import connect

        return connect
    raise AttributeError(f"module 'satchel' has no attribute {name!r}")
