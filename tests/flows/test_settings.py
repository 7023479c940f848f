"""Settings: read once from the environment, closed, and explained when they are wrong."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from expectations.contract.keys import ContractError
from flows.errors import SettingsError
from flows.settings import Settings, default_home, load_settings


def test_without_any_setting_production_s_defaults_hold() -> None:
    settings = load_settings({})
    assert str(settings.b3_base_url) == "https://sistemaswebb3-listados.b3.com.br/"
    assert (settings.raw_bucket, settings.refined_bucket) == ("bovespa-raw-data-bucket", "bovespa-refined-data-bucket")
    assert settings.glue_job_name == "bovespa-etl-job"


def test_the_home_is_the_projects_from_wherever_a_command_is_called(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings({}).home == Path(__file__).resolve().parents[2] / ".bovespa"


def test_without_a_project_the_home_is_in_the_users_own_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_home(tmp_path) == tmp_path / "data" / "bovespa"
    (tmp_path / "Pulumi.yaml").touch()
    assert default_home(tmp_path) == tmp_path / ".bovespa"


def test_every_default_is_within_its_own_limits() -> None:
    assert Settings.model_validate(load_settings({}).model_dump()) == load_settings({})


def test_the_environment_s_values_are_read_with_their_types() -> None:
    settings = load_settings(
        {
            "B3_BASE_URL": "http://127.0.0.1:8000",
            "BOVESPA_B3_ATTEMPTS": "3",
            "BOVESPA_ETL_TIMEOUT": "1.5",
            "BOVESPA_HOME": "/x",
        }
    )
    assert (str(settings.b3_base_url), settings.b3_attempts, settings.etl_timeout, settings.home) == (
        "http://127.0.0.1:8000/",
        3,
        1.5,
        Path("/x"),
    )


def test_a_suffix_is_on_every_bucket() -> None:
    settings = load_settings({"BOVESPA_BUCKET_SUFFIX": "-dev1"})
    assert {settings.raw_bucket, settings.refined_bucket, settings.artifacts_bucket} == {
        "bovespa-raw-data-bucket-dev1",
        "bovespa-refined-data-bucket-dev1",
        "bovespa-artifacts-bucket-dev1",
    }


def test_an_environment_is_in_every_name() -> None:
    settings = load_settings({"BOVESPA_ENVIRONMENT": "dev", "BOVESPA_BUCKET_SUFFIX": "-acme"})
    assert settings.raw_bucket == "bovespa-raw-data-bucket-dev-acme"
    assert (settings.database, settings.workgroup, settings.glue_job_name) == (
        "bovespa_dev",
        "bovespa-dev",
        "bovespa-etl-job-dev",
    )
    assert (settings.lambda_name, settings.metrics_namespace) == ("trigger-glue-job-dev", "Bovespa-dev")


def test_a_name_that_is_stated_is_taken_as_it_is() -> None:
    assert load_settings({"BOVESPA_ENVIRONMENT": "dev", "BOVESPA_DATABASE": "mine"}).database == "mine"


@pytest.mark.parametrize(
    ("value", "indices"),
    [
        pytest.param(None, ("IBOV",), id="by default the Ibovespa"),
        pytest.param("IBXX", ("IBXX",), id="one"),
        pytest.param("IBOV,ifix, SMLL,", ("IBOV", "IFIX", "SMLL"), id="several, as people write them"),
        pytest.param("IBOV,IBXX,IBOV", ("IBOV", "IBXX"), id="one twice"),
    ],
)
def test_the_indices_to_collect_are_a_list(value: str | None, indices: tuple[str, ...]) -> None:
    assert load_settings({} if value is None else {"BOVESPA_INDICES": value}).indices == indices


def test_an_index_that_is_none_of_b3s_is_refused_with_what_was_meant_unless_it_was_added() -> None:
    with pytest.raises(SettingsError, match="'IBVO': none of the 36 that are known; near are IBOV"):
        load_settings({"BOVESPA_INDICES": "IBOV,IBVO"})
    settings = load_settings({"BOVESPA_INDICES": "IBOV,IBVO", "BOVESPA_EXTRA_INDICES": "ibvo"})
    assert settings.indices == ("IBOV", "IBVO")
    assert settings.known_index("IBVO") == "IBVO"
    with pytest.raises(ContractError, match="'XXXX'"):
        settings.known_index("XXXX")


@pytest.mark.parametrize("value", ["", " , ", "IBOV;IBXX", "IBOVESPA", "../x", "XXXX"])
def test_what_is_no_list_of_indices_is_refused(value: str) -> None:
    with pytest.raises(SettingsError, match="BOVESPA_INDICES = "):
        load_settings({"BOVESPA_INDICES": value})


def test_names_of_other_programs_are_left_alone() -> None:
    assert load_settings({"PATH": "/bin", "AWS_REGION": "sa-east-1"}) == load_settings({})


@pytest.mark.parametrize("name", ["BOVESPA_B3_ATEMPTS", "BOVESPA_", "BOVESPA_RAW_BUCKET", "BOVESPA_b3_attempts"])
def test_a_misspelt_name_is_refused_and_the_known_ones_are_told(name: str) -> None:
    with pytest.raises(SettingsError, match=r"no such setting; known are .*BOVESPA_B3_ATTEMPTS") as refused:
        load_settings({name: "1"})
    assert name in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BOVESPA_B3_ATTEMPTS", "0"),
        ("BOVESPA_B3_ATTEMPTS", "many"),
        ("BOVESPA_B3_TOTAL_TIMEOUT", "-1"),
        ("BOVESPA_B3_TOTAL_TIMEOUT", "nan"),
        ("BOVESPA_B3_BACKOFF", "-0.1"),
        ("BOVESPA_B3_MAX_BYTES", "0"),
        ("BOVESPA_BUCKET_SUFFIX", "dev"),
        ("BOVESPA_BUCKET_SUFFIX", "-Dev"),
        ("BOVESPA_BUCKET_SUFFIX", "-a/b"),
        ("B3_BASE_URL", "ftp://b3"),
        ("B3_BASE_URL", ""),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name_and_value_in_one_line(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load_settings({name: value})
    assert str(refused.value).startswith(f"{name} = {value!r}: ")
    assert "\n" not in str(refused.value)


def test_settings_cannot_be_changed_after_they_are_read() -> None:
    settings = load_settings({})
    with pytest.raises(ValidationError, match="frozen"):
        settings.b3_attempts = 9  # type: ignore[misc]


def test_a_field_that_is_none_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Settings.model_validate({"b3_atempts": 1})


def test_the_process_s_environment_is_read_where_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOVESPA_B3_ATTEMPTS", "7")
    assert load_settings().b3_attempts == 7
