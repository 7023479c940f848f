from __future__ import annotations

from pathlib import Path

from local.account.home import Home


def test_everything_of_an_account_is_below_its_home(tmp_path: Path) -> None:
    home = Home(tmp_path)

    places = [getattr(home, name) for name in dir(Home) if isinstance(getattr(Home, name), property)]

    assert len(places) == len(set(places)) == 12
    assert all(place.is_relative_to(tmp_path) for place in places)


def test_a_home_can_be_created_twice(tmp_path: Path) -> None:
    Home(tmp_path / "home").create()

    assert (Home(tmp_path / "home").create().logs / "glue").is_dir()
