"""A published home of which files are cut, emptied, deleted, or another's: each is told in a line, nothing wrong is answered, and
the named command brings the sample back to published.

Files of one kind are spoilt together, each kind in a copy of the home of its own. In the normal suite the modules that judge the
files have tests of their own: `tests/flows/session/test_intact.py`, `tests/flows/backfill/test_verification.py`,
`tests/local/account/test_condition.py`.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from homes import DAMAGES, KINDS, Home

pytestmark = [pytest.mark.account, pytest.mark.whole_matrix, pytest.mark.timeout(1500)]


@pytest.fixture(scope="session")
def published(tmp_path_factory: pytest.TempPathFactory) -> Home:
    return Home(tmp_path_factory.mktemp("published") / "home").with_the_sample()


@pytest.fixture
def home(published: Home, tmp_path: Path) -> Iterator[Home]:
    """A copy of the published home, for one kind of damage."""
    found = Home(tmp_path / "home")
    shutil.copytree(published.root, found.root, symlinks=True)
    yield found
    found.bovespa("down")
    shutil.rmtree(found.root)


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_spoilt_is_told_answers_nothing_wrong_and_is_mended(
    home: Home, kind: str, damage: Callable[[Path], None]
) -> None:
    spoilt = home.files(KINDS[kind])
    assert spoilt
    for file in spoilt:
        damage(file)
    home.tells_nothing_wrong()
    home.is_mended()
