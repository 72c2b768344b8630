"""A verdict against a changeset, on its way from the rule that found it to the outcome."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from satchel.model.errors import Invalid
from satchel.model.ids import Dot, dot_text
from satchel.model.outcome import Code


class Refusal(Exception):
    """The changeset is refused: an outcome code, a sentence, and facts for programs."""

    def __init__(self, code: Code, message: str, facts: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.detail: dict[str, Any] = {"message": message, **(facts or {})}

    @classmethod
    def dependent(cls, cause: Dot) -> Refusal:
        """DEP: refused only because ``cause``, which it stands on, was refused."""
        return cls(
            Code.DEP,
            f"It stands on change {dot_text(cause)}, which was refused.",
            {"cause": [cause.replica, cause.ctr]},
        )

    @classmethod
    def of_invalid(cls, invalid: Invalid) -> Refusal:
        """A rule of the schema as an outcome; the rule's own code travels in the detail."""
        code = Code.TOO_BIG if invalid.code == "TOO_BIG" else Code.INVALID
        return cls(code, invalid.message, {"rule_code": invalid.code, **invalid.details})
