"""What all documents from a conductor have in common: they may be newer, older or odd.

Unknown keys are kept aside (`extra`), unknown statuses stay text, and an optional value of the
wrong type counts as not reported: one odd field must not hide a whole job. Only what a document
cannot do without makes it unreadable.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr
from pydantic import ValidationError as Invalid
from pydantic_core import ErrorDetails

from jobs.errors import ProtocolViolation


def _moment(value: Any) -> Any:
    """Epoch seconds to a moment: pydantic alone would take big ones for milliseconds."""
    if isinstance(value, bool):
        raise ValueError("not a moment")
    if isinstance(value, int | float):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError) as error:
            raise ValueError("not a moment") from error
    return value


def _aware(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("not a finite number")
    return value


Moment = Annotated[datetime, BeforeValidator(_moment), AfterValidator(_aware)]
"""ISO 8601 text or epoch seconds on the wire, aware UTC inside."""

Whole = Annotated[int, Field(ge=-(2**31), lt=2**31)]
"""A count, number or code, in the range of a database's integer."""

Pid = Annotated[int, Field(gt=0, lt=2**31)]

Tokens = Annotated[int, Field(ge=0, lt=2**63)]

Finite = Annotated[float, AfterValidator(_finite)]
"""A number that JSON, databases and people can write down: no NaN, no infinity."""


class Document(BaseModel):
    """Base of what conductors send."""

    model_config = ConfigDict(frozen=True, extra="allow", protected_namespaces=())

    _misfits: tuple[str, ...] = PrivateAttr(default=())

    @property
    def extra(self) -> Mapping[str, Any]:
        """Keys that Podium does not know, as they came."""
        return self.model_extra or {}

    @property
    def misfits(self) -> tuple[str, ...]:
        """Dotted places of values that could not be read and count as not reported."""
        return self._misfits

    @classmethod
    def from_wire(cls, raw: Any) -> Self:
        """The document in a decoded JSON value.

        Raises:
            ProtocolViolation: `wrong_shape`, when a required part is missing or unreadable.
        """
        places: set[str] = set()
        for _ in range(_ROUNDS):
            try:
                document = cls.model_validate(raw)
            except Invalid as error:
                if error.error_count() > _MAX_FAULTS:
                    break
                faults = [_fault(fault) for fault in _errors(error)]
                places.update(".".join(map(str, loc)) for loc in faults)
                if () in faults:
                    break
                raw = _without(raw, faults)
            else:
                document._misfits = tuple(sorted(places))
                return document
        named = ", ".join(sorted(filter(None, places)))[:300]
        raise ProtocolViolation(
            f"The conductor's answer is not a readable {cls.__name__}"
            f"{f' ({named})' if named else ''}.",
            "wrong_shape",
        )


# Each round takes out what the one before laid bare, such as an entry whose number was taken out.
_ROUNDS = 4
_MAX_FAULTS = 1000


def _errors(error: Invalid) -> list[ErrorDetails]:
    return error.errors(include_url=False, include_context=False, include_input=False)


def _fault(fault: ErrorDetails) -> tuple[int | str, ...]:
    """The place to take out: of a missing part or a bad key it is the whole around it."""
    loc = fault["loc"]
    return loc[:-1] if fault["type"] == "missing" or loc[-1:] == ("[key]",) else loc


def _without(raw: Any, faults: list[tuple[int | str, ...]]) -> Any:
    """A copy of `raw` that lacks the faulty values; only the paths to them are copied."""
    heads: dict[str, list[tuple[int | str, ...]]] = {}
    for head, *rest in faults:
        heads.setdefault(str(head), []).append(tuple(rest))

    def pruned(key: Any, value: Any) -> list[Any]:
        tails = heads.get(str(key))
        if tails is None:
            return [value]
        if () in tails or not isinstance(value, Mapping | list):
            return []
        return [_without(value, tails)]

    if isinstance(raw, Mapping):
        return {key: kept for key, value in raw.items() for kept in pruned(key, value)}
    return [kept for index, value in enumerate(raw) for kept in pruned(index, value)]
