"""What a raw file says of its portfolio as a whole, as JSON in the file's own metadata."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, date, datetime
from decimal import Decimal

from expectations.contract.keys import ContractError
from expectations.contract.statement import Statement
from flows.b3.portfolio import MAX_QUANTITY, MAX_RECORDS, Portfolio, shown

_MOST_SHARE = 1000  # percent


@dataclass(frozen=True, slots=True)
class RawFacts:
    """What a raw file says of its portfolio as a whole.

    Attributes:
        statement: what B3 states once for all of it.
        source: where it came from, as in `Portfolio`.
        collected_at: instant of the collection (UTC).
        fingerprint: `Portfolio.fingerprint`.
        has_sectors: whether any row carries a sector.
        payloads: landing keys of the payloads that the portfolio was parsed from.
        evidence: of a portfolio that was computed, what it rests on, one line each.
    """

    statement: Statement
    source: str
    collected_at: datetime
    fingerprint: str
    has_sectors: bool
    payloads: tuple[str, ...]
    evidence: tuple[str, ...] = ()

    @property
    def index(self) -> str:
        """Index code."""
        return self.statement.index

    @property
    def session(self) -> date:
        """The trading day."""
        return self.statement.session

    @classmethod
    def of(cls, portfolio: Portfolio, collected_at: datetime, payloads: Sequence[str]) -> RawFacts:
        """The facts of a portfolio that was collected at an instant from payloads in landing."""
        return cls(
            statement=portfolio.statement,
            source=portfolio.source,
            collected_at=collected_at.astimezone(UTC),
            fingerprint=portfolio.fingerprint(),
            has_sectors=portfolio.has_sectors,
            payloads=tuple(payloads),
        )

    def to_json(self) -> str:
        """The facts as JSON text, one flat object; the same facts are always the same text."""
        body = asdict(self)
        if not self.evidence:
            del body["evidence"]
        return json.dumps(body | body.pop("statement"), default=str, sort_keys=True)

    @classmethod
    def from_json(cls, text: str | bytes) -> RawFacts:
        """Read the facts back.

        Raises:
            ContractError: the text is not a raw file's metadata.
        """
        try:
            body = json.loads(text)
            stated = {field.name: body[field.name] for field in fields(Statement)}
            rest = {name: value for name, value in body.items() if name not in stated}
            stated["session"] = date.fromisoformat(stated["session"])
            stated["total_share"] = Decimal(stated["total_share"])
            stated["divisor"] = None if stated["divisor"] is None else Decimal(stated["divisor"])
            rest["collected_at"] = datetime.fromisoformat(rest["collected_at"])
            rest["payloads"] = tuple(rest["payloads"])
            rest["evidence"] = tuple(rest.get("evidence", ()))
            facts = cls(statement=Statement(**stated), **rest)
            _check(facts)
        except (ArithmeticError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise ContractError(f"raw metadata: not readable ({type(error).__name__}: {shown(str(error))})") from error
        return facts


def _check(facts: RawFacts) -> None:
    """Refuse figures that no portfolio has; what comes later computes with them.

    Raises:
        TypeError: a fact is of another type.
        ValueError: a number is not within its bounds.
    """
    stated = facts.statement
    texts = (stated.index, facts.source, facts.fingerprint, *facts.payloads, *facts.evidence)
    if not all(isinstance(text, str) for text in texts) or not isinstance(facts.has_sectors, bool):
        raise TypeError("index, source, fingerprint, payloads and evidence are texts, has_sectors is true or false")
    records = 0 if stated.total_records is None else stated.total_records
    whole = (stated.total_quantity, records)
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in whole):
        raise TypeError("total_quantity and total_records are whole numbers")
    bounded: tuple[tuple[int | Decimal, int], ...] = (
        (stated.total_quantity, MAX_QUANTITY),
        (records, MAX_RECORDS),
        (stated.total_share, _MOST_SHARE),
        (stated.divisor or 0, MAX_QUANTITY),
    )
    for number, most in bounded:
        if not 0 <= number <= most:
            raise ValueError(f"{number} where a number from 0 to {most} was expected")
