"""The rules every write meets: on the device for what an app says, at the hub for what came.

Owns the conversion of whole rows and of changes, and what holds between columns: required
ones, the pair of state and status reason, groups that only change together.  Device and hub
call the same checks, so that nothing is stored here that the hub would refuse for its form.
Must not know other rows (whether a lookup's target is there is the engine's question), nor
who asks.  The codes are those of :mod:`satchel.schema.refusal`.

*Stored* values are those of :class:`satchel.model.kinds.Kind`; ``None`` is a cleared column.
*API* values are what an app sends and reads: text, numbers, booleans, lists, and maps for
lookups.  Each kind also takes its text form, so that a command line or a file can give it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from satchel.model.errors import Invalid
from satchel.schema.catalog import Catalog
from satchel.schema.column import Column
from satchel.schema.refusal import refusal, show
from satchel.schema.table import Table
from satchel.schema.values import compile_rules

Values = dict[int, Any]
"""Stored values by column number."""

Registers = dict[int, Values]
"""Register number to the values of all its columns: a lone column, or a whole group."""

Current = Callable[[int], Any]
"""The present stored value of a column number, ``None`` where it has none."""


def to_stored(catalog: Catalog, table: Table, column: Column, value: Any) -> Any:
    """The stored form of an API value.  Raises Invalid (see the module)."""
    if value is None:
        return None
    convert = column.to_stored or compile_rules(catalog, table, column).to_stored
    assert convert is not None
    return convert(value)


def check_stored(catalog: Catalog, table: Table, column: Column, stored: Any) -> None:
    """Refuse what is not exactly a stored form of this column.  Raises Invalid."""
    if stored is None:
        return
    check = column.check or compile_rules(catalog, table, column).check
    assert check is not None
    check(stored)


def from_stored(catalog: Catalog, table: Table, column: Column, stored: Any) -> Any:
    """The API value of a stored one: what :func:`to_stored` takes back."""
    if stored is None:
        return None
    convert = column.from_stored or compile_rules(catalog, table, column).from_stored
    assert convert is not None
    return convert(stored)


def create_values(
    catalog: Catalog,
    table: Table,
    given: Mapping[str, Any],
    owner: tuple[int, bytes] | None,
) -> Values:
    """All stored values of a new row: those given, defaults, state and status, the owner.

    ``owner`` is (table number, id) of whoever owns a row of a user-owned table that names
    no owner itself.  Raises Invalid; nothing may be stored then.
    """
    _refuse_intersect(table)
    values: Values = {}
    for name, value in given.items():
        column = _writable(table, name, value)
        stored = to_stored(catalog, table, column, value)
        if stored is not None:
            values[column.number] = stored
    for column in table.defaults:
        if column.name not in given:
            values[column.number] = column.default
    owned = table.owner_column
    if owned is not None and owner is not None and owned.number not in values:
        values[owned.number] = list(owner)
    _complete_state(table, values, None)
    _require_all(table, values)
    return values


def update_values(
    catalog: Catalog, table: Table, given: Mapping[str, Any], current: Current
) -> Registers:
    """A change as registers: a lone column under its own number, a group always whole.

    Columns of a touched group that are not given keep their ``current`` value.  Clearing a
    required column is MISSING_COLUMN.  Raises Invalid.
    """
    _refuse_intersect(table)
    changed: Values = {}
    for name, value in given.items():
        column = _writable(table, name, value)
        stored = to_stored(catalog, table, column, value)
        if stored is None:
            _refuse_clearing(table, column)
        changed[column.number] = stored
    _complete_state(table, changed, current)
    registers: Registers = {}
    for number, stored in changed.items():
        register = table.by_number[number].register
        if register not in registers:
            registers[register] = {
                member: current(member)
                for member in table.groups.get(register, ())
                if member not in changed
            }
        registers[register][number] = stored
    return registers


def check_create(catalog: Catalog, table: Table, values: Mapping[int, Any]) -> None:
    """The hub's side of :func:`create_values`: numbers and stored forms.  Raises Invalid."""
    _refuse_intersect(table)
    for number, stored in values.items():
        check_stored(catalog, table, _numbered(table, number), stored)
    _check_pair(table, values)
    _require_all(table, values)


def check_registers(catalog: Catalog, table: Table, registers: Mapping[int, Values]) -> None:
    """The hub's side of :func:`update_values`: every group whole, no required column cleared."""
    _refuse_intersect(table)
    for register, values in registers.items():
        if register not in table.policies:
            raise _no_column(table, register, "is no register number of this table")
        members = table.groups.get(register, (register,))
        for number in members:
            if number not in values:
                column = _numbered(table, number)
                rule = "changes only together with the other columns of its group"
                raise refusal("MISSING_COLUMN", table.name, column.name, rule, None)
        if len(values) != len(members):
            stray = next(number for number in values if number not in members)
            raise _no_column(table, stray, f"is no column of register {register}")
        for number, stored in values.items():
            column = _numbered(table, number)
            if stored is None:
                _refuse_clearing(table, column)
            check_stored(catalog, table, column, stored)
        state = table.state_column
        if state is not None and register == state.register:
            _check_pair(table, values)


def _writable(table: Table, name: str, value: Any) -> Column:
    column = table.columns.get(name)
    if column is None:
        raise _no_column(table, name, "is no column of this table")
    if column.readonly:
        raise refusal("READ_ONLY", table.name, name, "is filled by the platform", value)
    return column


def _numbered(table: Table, number: int) -> Column:
    column = table.by_number.get(number)
    if column is None:
        raise _no_column(table, number, "is no column number of this table")
    if column.readonly:
        raise refusal("READ_ONLY", table.name, column.name, "is filled by the platform", None)
    return column


def _no_column(table: Table, name: Any, rule: str) -> Invalid:
    shown = show(name)
    return Invalid(
        "UNKNOWN_COLUMN",
        f"In {table.name}, {shown} {rule}.",
        details={"table": table.name, "column": shown, "rule": rule, "value": shown},
    )


def _refuse_intersect(table: Table) -> None:
    if table.intersect is not None:
        raise Invalid(
            "READ_ONLY",
            f"{table.name} shows the links of {table.intersect} and takes no rows of its own.",
            f"Link the two rows by {table.intersect} instead.",
            {"table": table.name, "column": None, "rule": "intersect", "value": None},
        )


def _refuse_clearing(table: Table, column: Column) -> None:
    state = table.state_column
    if column.required or (state is not None and column.register == state.register):
        rule = "is required and cannot be cleared"
        raise refusal("MISSING_COLUMN", table.name, column.name, rule, None)


def _require_all(table: Table, values: Mapping[int, Any]) -> None:
    for column in table.required:
        if values.get(column.number) is None:
            raise refusal("MISSING_COLUMN", table.name, column.name, "is required", None)


def _complete_state(table: Table, values: Values, current: Current | None) -> None:
    """Make state and status a pair that fits; ``current`` is None for a new row.

    A status alone implies its state.  A state alone keeps the present status where that
    fits, else takes the state's first status (Dataverse: the default status of a state).
    """
    state, status = table.state_column, table.status_column
    if status is None:
        return
    given = values.get(status.number)
    if state is None:
        if current is None and given is None:
            values[status.number] = _first_status(status, None)
        return
    wanted = values.get(state.number)
    if given is not None:
        values.setdefault(state.number, status.states[given])
    elif wanted is not None or current is None:
        if wanted is None:
            wanted = state.default if state.default is not None else next(iter(state.options))
        present = None if current is None else current(status.number)
        fits = present is not None and status.states.get(present) == wanted
        values[state.number] = wanted
        values[status.number] = present if fits else _first_status(status, wanted)
    else:
        return
    _check_pair(table, values)


def _first_status(status: Column, state: int | None) -> int:
    """The status column's own default if it fits, else the first one listed for the state."""
    if status.default is not None and state in (None, status.states[status.default]):
        default: int = status.default
        return default
    return next(one for one, of in status.states.items() if state in (None, of))


def _check_pair(table: Table, values: Mapping[int, Any]) -> None:
    """State and status are there together, and the status belongs to the state."""
    state, status = table.state_column, table.status_column
    if state is None or status is None:
        return
    for column in (state, status):
        if values.get(column.number) is None:
            raise refusal("MISSING_COLUMN", table.name, column.name, "is required", None)
    stored = values[status.number]
    belongs = status.states[stored]
    if belongs != values[state.number]:
        rule = (
            f"{status.options[stored]!r} belongs to {state.name} {belongs}"
            f" ({state.options[belongs]})"
        )
        raise refusal(
            "STATUS_MISMATCH", table.name, status.name, rule, f"{state.name} {values[state.number]}"
        )
