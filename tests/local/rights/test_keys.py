from __future__ import annotations

import stat
from pathlib import Path

import pytest

from local.rights.keys import HomeKeys, KeysError


def test_a_homes_keys_are_made_once_at_random_and_readable_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    made = HomeKeys.make(file)

    assert HomeKeys.make(file) == HomeKeys.read(file) == made
    assert HomeKeys.make(tmp_path / "other") != made
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert made.secret.hex() not in made.of().secret


def test_a_file_that_others_could_read_is_closed(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    HomeKeys.make(file)
    file.chmod(0o644)

    HomeKeys.make(file)

    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_each_role_has_a_secret_of_its_own() -> None:
    keys = HomeKeys(bytes(32))
    secrets = {keys.of().secret, keys.of("etl").secret, keys.of("trigger").secret, keys.secret_for("prefect")}

    assert len(secrets) == 4
    assert keys.find("role.etl") == keys.of("etl")
    assert keys.find("administrator") == keys.of()


@pytest.mark.parametrize("access_key", ["local", "", "etl", "AKIAIOSFODNN7EXAMPLE"])
def test_other_access_keys_belong_to_nobody(access_key: str) -> None:
    assert HomeKeys(bytes(32)).find(access_key) is None


@pytest.mark.parametrize("content", [b"", b"00ff", b"\xff\xfe", b"z" * 64, b"0" * 70])
def test_a_damaged_file_is_refused_with_the_way_out_and_made_anew_by_the_next_start(
    tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "secret"
    file.write_bytes(content)

    with pytest.raises(KeysError, match="holds no secret: end the account, and the next start makes a new one"):
        HomeKeys.read(file)
    assert len(HomeKeys.make(file).secret) == 32
