"""How the changesets of outbox and quarantine are shown."""

from __future__ import annotations

from typing import Any

from satchel_cli.output import print_fields

Plain = dict[str, Any]


def deeds(ops: list[Plain]) -> str:
    """What a changeset does, in a few words: ``update account 0198.. (name)``."""
    first = deed(ops[0]) if ops else "nothing"
    return first if len(ops) < 2 else f"{first} and {len(ops) - 1} more"


def deed(op: Plain) -> str:
    """What one op does."""
    if "relationship" in op:
        return f"{op['do']} {op['relationship']} {op['left']} {op['right']}"
    columns = op.get("columns") or ()
    names = f" ({', '.join(columns)})" if columns else ""
    return f"{op['do']} {op.get('table')} {op.get('id')}{names}"


def print_ops(ops: list[Plain]) -> None:
    """Each op with the values it sets."""
    for number, op in enumerate(ops):
        print(f"\nop {number}: {deed({**op, 'columns': ()})}")
        columns = op.get("columns")
        if isinstance(columns, dict) and columns:
            print_fields({f"  {name}": value for name, value in columns.items()})
