"""A session's portfolio held against B3's own closing prices, which say again what the portfolio says. Pure.

On a day without an event every weight follows from quantities and closes, to the thousandth, and the divisor is the day before's.
Where shares go ex, their prices are not known before B3 states the weights: they are computed from the weights, and from the
divisors, which are exact where a single share is concerned; then all other weights must follow, and the computed prices must be
such as an event makes. What B3's rounding is held to be is told in `weights`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING

from expectations.contract.outcomes import Verdict
from flows.b3.ex_events import CASH, ExSign, ShareFacts, distribution, ex_sign
from flows.b3.solving import Known, Solution, Unknown, solve
from flows.b3.verification import WEIGHT_STEP, ExEvent, Prices, Verification, WeightDifference
from flows.b3.weights import Position, level, next_divisor, rounded, total_value, weights, worth_of

if TYPE_CHECKING:
    from expectations.contract.quotes import Quote
    from flows.b3.portfolio import Holding, Portfolio

_LEVEL_DECIMALS = 2
_SAME_DIVISOR = Fraction(1, 10**12)  # relative: of a divisor with eight decimals, whatever its size
_UNSEEN = Fraction(
    1, 10**5
)  # of the portfolio: what a payment may be that moves no weight by a thousandth of a percent


def judge(portfolio: Portfolio, prices: Prices) -> Verification:
    """Hold a portfolio against prices.

    Args:
        portfolio: with at least one row; its weights sum to 100.
    """
    return _Case(portfolio, prices).judged()


@dataclass(frozen=True)
class _Case:
    """One portfolio, and what is known besides it."""

    portfolio: Portfolio
    prices: Prices

    def judged(self) -> Verification:
        if not self.closes:
            return self._verification(Verdict.WITHOUT_PRICES)
        if not self.unpriced and not self._differences(self.closes):
            return self._plain()
        tried = [self._solved(self.signed)]
        for paying in self._paying(tried[0]):
            if not tried[-1].fits:
                tried.append(self._solved(self.signed | paying))
        if not tried[-1].fits and tried[-1].worth is None:
            return self._verification(
                Verdict.WITHOUT_PRICES, remarks=("every share may have gone ex: no price is certain",)
            )
        return self._of_solution(tried[-1] if tried[-1].fits else tried[0])

    # --- what is there ---------------------------------------------------------------------------------------------------

    @cached_property
    def rows(self) -> dict[str, Holding]:
        return {row.codigo: row for row in self.portfolio.holdings}

    @cached_property
    def formerly(self) -> dict[str, str]:
        """The ticker of the session before of a share that was renamed: the only two with that quantity, of one class."""
        return renamed(self.prices.before, self.portfolio) if self.prices.before else {}

    @cached_property
    def quotes(self) -> dict[str, Quote]:
        found = {ticker: self._quote(ticker) for ticker in self.rows}
        return {ticker: quote for ticker, quote in found.items() if quote}

    def _quote(self, ticker: str) -> Quote | None:
        return self.prices.closes.get(ticker) or self.prices.closes.get(self.formerly.get(ticker, ""))

    @cached_property
    def closes(self) -> dict[str, Fraction]:
        return {ticker: quote.price for ticker, quote in self.quotes.items()}

    @cached_property
    def unpriced(self) -> frozenset[str]:
        return frozenset(self.rows.keys() - self.closes.keys())

    @cached_property
    def before(self) -> dict[str, Holding]:
        """The rows of the session before, by the tickers of today."""
        if self.prices.before is None:
            return {}
        now = {was: ticker for ticker, was in self.formerly.items()}
        return {now.get(row.codigo, row.codigo): row for row in self.prices.before.holdings}

    @cached_property
    def signs(self) -> dict[str, ExSign]:
        return {ticker: self._sign(ticker) for ticker in self.rows}

    def _sign(self, ticker: str) -> ExSign:
        row, was, close = self.rows[ticker], self.before.get(ticker), self.quotes.get(ticker)
        now = ShareFacts(row.tipo, row.qtde_teorica, distribution(self.prices.opened.get(ticker)))
        dismes = distribution(close)
        if was:
            return ex_sign(now, ShareFacts(was.tipo, was.qtde_teorica, dismes))
        return ex_sign(now, ShareFacts(close.especi if close else row.tipo, None, dismes))

    @cached_property
    def signed(self) -> frozenset[str]:
        return frozenset(ticker for ticker, sign in self.signs.items() if sign.any) | self.unpriced

    @cached_property
    def worth_before(self) -> Fraction | None:
        """What the portfolio of the session before was worth at its close; None where that is not wholly known."""
        before = self.prices.before
        if before is None:
            return None
        values = [
            row.qtde_teorica * quote.price for row in before.holdings if (quote := self.prices.closes.get(row.codigo))
        ]
        return sum(values, Fraction(0)) if len(values) == len(before.holdings) else None

    @cached_property
    def worth_by_divisor(self) -> Fraction | None:
        """What the portfolio is worth by the two divisors, whatever the ex-prices."""
        before, divisor = self.prices.before, self.portfolio.statement.divisor
        if before is None or self.worth_before is None or not divisor or not before.statement.divisor:
            return None
        return worth_of(divisor, before.statement.divisor, self.worth_before)

    def _positions(self, prices: Mapping[str, Fraction]) -> list[Position]:
        return [Position(row.codigo, row.acao, row.qtde_teorica, prices[row.codigo]) for row in self.portfolio.holdings]

    def _differences(self, prices: Mapping[str, Fraction]) -> tuple[WeightDifference, ...]:
        made = weights(self._positions(prices))
        return tuple(
            WeightDifference(ticker, row.participacao_pct, made[ticker])
            for ticker, row in self.rows.items()
            if row.participacao_pct != made[ticker]
        )

    # --- a day on which every weight follows from the closes -----------------------------------------------------------------

    def _plain(self) -> Verification:
        worth = total_value(self._positions(self.closes))
        before, divisor = self.prices.before, self.portfolio.statement.divisor
        if self.worth_by_divisor is None or before is None or before.statement.divisor is None or divisor is None:
            return self._verification(Verdict.VERIFIED, worth=worth)
        fall = 1 - self.worth_by_divisor / worth
        if abs(fall) <= _SAME_DIVISOR:
            return self._verification(Verdict.VERIFIED, worth=worth)
        follows = next_divisor(before.statement.divisor, self.worth_before or worth, worth)
        remark = f"divisor {divisor:,} where {follows:,} follows from the closes"
        if 0 < fall <= _UNSEEN * (len(self.signed) or bool(self._flagged)):
            why = f"{remark}: a payment too small for the weights to show"
            return self._verification(Verdict.WITH_EVENTS, worth=self.worth_by_divisor, remarks=(why,))
        return self._verification(Verdict.DIVERGENT, worth=worth, remarks=(remark,))

    # --- a day on which they do not ------------------------------------------------------------------------------------------

    @cached_property
    def _flagged(self) -> frozenset[str]:
        """Shares that may pay again under a flag that is still on, as far as the distribution's number does not deny it."""
        return frozenset(
            ticker
            for ticker, sign in self.signs.items()
            if sign.letters & CASH and sign.distribution is not False and not sign.any
        )

    def _paying(self, tried: Solution) -> list[frozenset[str]]:
        """Which of them to solve too, where a weight is too small by more than rounding: those, and all.

        What is damaged makes another weight too great, which no payment does.
        """
        smaller = frozenset(
            ticker
            for ticker in self._flagged
            if tried.computed.get(ticker, 0) - self.rows[ticker].participacao_pct > WEIGHT_STEP
        )
        return [smaller, self._flagged] if smaller else []

    def _solved(self, unknown: frozenset[str]) -> Solution:
        known = [
            Known(ticker, row.acao, row.qtde_teorica, row.participacao_pct, self.closes[ticker])
            for ticker, row in self.rows.items()
            if ticker not in unknown
        ]
        missing = [
            Unknown(
                ticker,
                row.acao,
                row.qtde_teorica,
                row.participacao_pct,
                close=self.closes.get(ticker),
                value_before=self._value_before(ticker),
                free=not (self.signs[ticker].only_cash or self._value_before(ticker)),
            )
            for ticker, row in self.rows.items()
            if ticker in unknown
        ]
        return solve(known, missing, self.worth_by_divisor)

    def _value_before(self, ticker: str) -> Fraction | None:
        """What the position was worth at the close, where an event may have changed its quantity."""
        was, close = self.before.get(ticker), self.closes.get(ticker)
        if was is None or close is None or self.signs[ticker].only_cash:
            return None
        return was.qtde_teorica * close

    def _of_solution(self, solved: Solution) -> Verification:
        differences = tuple(
            WeightDifference(ticker, self.rows[ticker].participacao_pct, computed)
            for ticker, computed in solved.computed.items()
            if self.rows[ticker].participacao_pct != computed
        )
        events = tuple(
            ExEvent(ticker, self.closes[ticker], price, solved.precision[ticker], self._why(ticker))
            for ticker, price in solved.prices.items()
            if ticker in self.closes and abs(self.closes[ticker] - price) > solved.precision[ticker]
        )
        verdict = Verdict.DIVERGENT
        if solved.fits:
            verdict = Verdict.WITHOUT_PRICES if self.unpriced else Verdict.WITH_EVENTS
        return self._verification(
            verdict,
            worth=solved.worth,
            is_exact=solved.is_exact,
            differences=differences,
            events=events,
            remarks=tuple(solved.problems),
        )

    def _why(self, ticker: str) -> str:
        sign = self.signs[ticker]
        return str(sign) if sign.any else "its flag is still on"

    def _verification(
        self,
        verdict: Verdict,
        *,
        worth: Fraction | None = None,
        is_exact: bool = True,
        differences: tuple[WeightDifference, ...] = (),
        events: tuple[ExEvent, ...] = (),
        remarks: tuple[str, ...] = (),
    ) -> Verification:
        points = self._level(worth)
        return Verification(
            verdict,
            self.prices.session_before,
            shares=len(self.rows),
            differences=differences,
            events=events,
            level=rounded(points, _LEVEL_DECIMALS if is_exact or self._has_level_before else 0) if points else None,
            level_is_exact=is_exact or self._has_level_before,
            unpriced=tuple(sorted(self.unpriced)),
            remarks=remarks,
        )

    @property
    def _has_level_before(self) -> bool:
        before = self.prices.before
        return self.worth_before is not None and before is not None and bool(before.statement.divisor)

    def _level(self, worth: Fraction | None) -> Fraction | None:
        """Of the portfolio that was in force at that close, where it is known: no event comes between."""
        before, divisor = self.prices.before, self.portfolio.statement.divisor
        if self.worth_before is not None and before is not None and before.statement.divisor:
            return level(self.worth_before, before.statement.divisor)
        return level(worth, divisor) if worth is not None and divisor else None


def renamed(before: Portfolio, after: Portfolio) -> dict[str, str]:
    """Shares that have another ticker than in the session before: from the one now to the one then.

    Only one share left and one entered with the very same quantity, and both are of one class.
    """
    gone, came = _only_in(before, after), _only_in(after, before)
    found: dict[str, str] = {}
    for row in came:
        alike = [was for was in gone if was.qtde_teorica == row.qtde_teorica and was.tipo[:4] == row.tipo[:4]]
        rivals = [other for other in came if other.qtde_teorica == row.qtde_teorica]
        if len(alike) == len(rivals) == 1:
            found[row.codigo] = alike[0].codigo
    return found


def _only_in(one: Portfolio, other: Portfolio) -> list[Holding]:
    there = {row.codigo for row in other.holdings}
    return [row for row in one.holdings if row.codigo not in there]
