"""One column of a table: its kind, its bounds and how concurrent writes of it are merged.

Owns the meaning of a column's entry in a schema document (see :mod:`satchel.schema.document`).
Must not know how values are checked: :mod:`satchel.schema.values` puts the compiled
checkers into the three slots at the end, once per column.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from satchel.model.kinds import Kind, Policy

KINDS: Final[dict[str, Kind]] = {
    kind.name.lower(): kind for kind in Kind if kind not in (Kind.COUNTER, Kind.TEXT)
}
"""The names of kinds in schema documents.  Counters and mergeable text come later."""

POLICIES: Final[dict[str, Policy]] = {
    "lww": Policy.LWW,
    "surface": Policy.SURFACE,
    "reject": Policy.REJECT,
}

STATE_GROUP: Final = "state"
"""The name of the group that holds statecode and statuscode."""

_KIND_POLICY: Final = {Kind.MONEY: Policy.SURFACE, Kind.MEMO: Policy.SURFACE}


class Column:
    """A column as the rules need it.  Built by :class:`satchel.schema.table.Table`.

    ``register`` is the number under which concurrent writes are compared: the column's
    own, or that of its group.  ``options`` maps each choice to its label, ``states`` each
    status to its state.  ``targets`` are table names.  ``dates`` is the behaviour of a
    date column (user_local, date_only, zone_independent; Dataverse: DateTimeBehavior).
    """

    __slots__ = (
        "check",
        "dates",
        "default",
        "derived",
        "from_stored",
        "kind",
        "label",
        "labels",
        "max",
        "max_length",
        "min",
        "name",
        "number",
        "options",
        "policy",
        "precision",
        "readonly",
        "register",
        "required",
        "states",
        "targets",
        "to_stored",
    )

    def __init__(self, name: str, entry: Mapping[str, Any], groups: Mapping[str, int]) -> None:
        group = entry.get("group")
        self.name = name
        self.number: int = entry["number"]
        self.kind = KINDS[entry["kind"]]
        self.label: str = entry.get("label", name)
        self.required: bool = entry.get("required", False)
        self.default: Any = entry.get("default")
        self.max_length: int | None = entry.get("max_length")
        self.min: int | float | None = entry.get("min")
        self.max: int | float | None = entry.get("max")
        self.precision: int | None = entry.get("precision")
        self.options: dict[int, str] = {option[0]: option[1] for option in entry.get("options", ())}
        self.states: dict[int, int] = (
            {option[0]: option[2] for option in entry["options"]}
            if self.kind is Kind.STATUS
            else {}
        )
        no, yes = entry.get("labels", ("No", "Yes"))
        self.labels: tuple[str, str] = (no, yes)
        self.targets: tuple[str, ...] = tuple(entry.get("targets", ()))
        self.dates: str = entry.get("dates", "")
        self.register: int = groups[group] if group else self.number
        self.policy = _policy(entry, self.kind, group)
        self.readonly: bool = entry.get("readonly", False)
        self.derived: str | None = entry.get("derived")
        self.to_stored: Callable[[Any], Any] | None = None
        self.check: Callable[[Any], None] | None = None
        self.from_stored: Callable[[Any], Any] | None = None

    def __repr__(self) -> str:
        return f"<Column {self.name} {self.kind.name.lower()}>"


def _policy(entry: Mapping[str, Any], kind: Kind, group: str | None) -> Policy:
    """The named policy, else the default: what wrong merging would cost money is surfaced."""
    named = entry.get("policy")
    if named is not None:
        return POLICIES[named]
    if group == STATE_GROUP:
        return Policy.SURFACE
    return _KIND_POLICY.get(kind, Policy.LWW)
