"""Column kinds and merge policies as small integers.

They live here and not in the schema because merge laws may not see the schema: the
schema translates a column into a kind and a policy, the laws know only these.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """How a column's value is stored.  Numbers are on disk and on the wire: append only."""

    STRING = 0  # str, NFC
    MEMO = 1  # str, NFC
    INTEGER = 2  # int
    BIGINT = 3  # int
    DECIMAL = 4  # [unscaled int, scale int], no trailing zero
    MONEY = 5  # as DECIMAL
    DOUBLE = 6  # float, never NaN, infinite or -0.0
    BOOLEAN = 7  # bool
    CHOICE = 8  # int, one of the options
    MULTICHOICE = 9  # sorted list of int
    STATE = 10  # int, one of the options
    STATUS = 11  # int, one of the options of the state
    DATETIME = 12  # int, milliseconds since 1970 UTC
    DATE = 13  # int, days since 1970-01-01
    LOOKUP = 14  # [table number, id bin16]
    GUID = 15  # bin16
    ID = 16  # the primary key: in the key, never among the values
    VIRTUAL = 17  # party lists and managed properties: other rows, never stored
    COUNTER = 18  # reserved: op-counter (sync.md 1.1)
    TEXT = 19  # reserved: mergeable text


class Policy(IntEnum):
    """What happens to concurrent writes of one register (sync.md 1.1)."""

    LWW = 0  # the higher (hlc, replica) wins; the other leaves a conflict record
    SURFACE = 1  # until siblings exist: as LWW
    REJECT = 2  # the hub refuses what had not seen the present value: CONFLICT
    SERVER_ORDER = 3  # reserved: the one that the hub takes last wins
