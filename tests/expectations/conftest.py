"""What both gates are tried on: the recorded sample as a raw file."""

from __future__ import annotations

from datetime import date

import hypothesis
import pytest

from flows.session.raw_file import RawFacts, RawFile, decode, encode
from local.b3.sample import collected_at, recorded

# A busy machine must not make a property fail, nor a run leave files behind.
hypothesis.settings.register_profile("bovespa", deadline=None, database=None)
hypothesis.settings.load_profile("bovespa")


@pytest.fixture(scope="session")
def raw_file() -> RawFile:
    """The raw file of the sample session of 2025-06-30, as the flow reads it back."""
    session = date(2025, 6, 30)
    portfolio = recorded(session)
    return decode(encode(portfolio, RawFacts.of(portfolio, collected_at(session), ["landing/x.json.gz"])))
