from __future__ import annotations

import stat
from pathlib import Path

from local.account.home import Home, private


def test_everything_of_an_account_is_below_its_home(tmp_path: Path) -> None:
    home = Home(tmp_path)

    places = [getattr(home, name) for name in dir(Home) if isinstance(getattr(Home, name), property)]

    assert len(places) == len(set(places)) == 18
    assert all(place.is_relative_to(tmp_path) for place in places)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_home_is_closed_to_other_users_also_one_from_before(tmp_path: Path) -> None:
    new, old = tmp_path / "new", tmp_path / "old"
    for folder in (old, old / "s3"):
        folder.mkdir()
        folder.chmod(0o755)
    (old / "state.db").touch()

    homes = [Home(new).create(), Home(old).create()]

    assert {mode(home.root) for home in homes} == {mode(home.mirror) for home in homes} == {0o700}
    assert mode(private(new / "users.lock")) == 0o600


def test_a_folder_that_is_not_the_accounts_alone_stays_as_open_as_it_is(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    shared.chmod(0o755)
    (shared / "somebody's file").touch()

    home = Home(shared).create()

    assert (mode(shared), mode(home.logs), mode(home.mirror)) == (0o755, 0o700, 0o700)


def test_a_home_can_be_created_twice(tmp_path: Path) -> None:
    Home(tmp_path / "home").create()

    assert (Home(tmp_path / "home").create().logs / "glue").is_dir()
