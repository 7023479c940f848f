"""Every setting of the flows, in one typed record.

Settings are read once from the environment: `B3_BASE_URL`, and `BOVESPA_<NAME>` for the rest. An unknown
`BOVESPA_` name is refused, so that a misspelt setting cannot be silently without effect.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from platformdirs import user_data_path
from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    HttpUrl,
    ValidationError,
    ValidationInfo,
    field_validator,
    model_validator,
)

from expectations.contract import metrics, names
from expectations.contract.indices import check_known
from expectations.contract.keys import check_index
from flows.errors import SettingsError

PREFIX = "BOVESPA_"
_PROJECT = Path(__file__).resolve().parents[1]


def default_home(project: Path) -> Path:
    """The folder of the account on the laptop, the same from wherever a command is called.

    Args:
        project: the folder that has the flows: the project's, or one of installed packages.
    """
    return project / ".bovespa" if (project / "Pulumi.yaml").is_file() else user_data_path("bovespa", appauthor=False)


class Settings(BaseModel):
    """The flows' settings. Durations are in seconds, sizes in bytes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    b3_base_url: HttpUrl = Field(
        HttpUrl("https://sistemaswebb3-listados.b3.com.br"),
        description="Where B3's site is; a stand-in may serve it",
    )
    b3_connect_timeout: float = Field(10.0, gt=0, description="Limit to connect, and between two pieces of an answer")
    b3_call_timeout: float = Field(60.0, gt=0, description="Limit of one call, whole")
    b3_total_timeout: float = Field(300.0, gt=0, description="Limit of one collection: all calls, retries and pauses")
    b3_attempts: int = Field(5, ge=1, description="Attempts of each call")
    b3_backoff: float = Field(1.0, ge=0, description="First pause between attempts; it doubles, with jitter")
    b3_max_bytes: int = Field(5 * 1024 * 1024, gt=0, description="Limit of one answer, unpacked")

    prices_base_url: HttpUrl = Field(
        HttpUrl("https://bvmf.bmfbovespa.com.br/InstDados/SerHist"),
        description="Where B3's files of prices (COTAHIST) are; a stand-in may serve them",
    )
    prices_timeout: float = Field(600.0, gt=0, description="Limit of one file of prices: all calls, retries and pauses")
    prices_max_bytes: int = Field(256 * 1024 * 1024, gt=0, description="Limit of one file of prices, packed")
    prices_max_unpacked: int = Field(2 * 1024**3, gt=0, description="Limit of one file of prices, unpacked")
    prices_days: int = Field(
        10, ge=1, description="Sessions, up to the newest, whose prices the flow `prices` looks after by itself"
    )

    environment: str = Field(
        "", pattern=names.ENVIRONMENT_PATTERN, description="As in the Pulumi program; it is a part of the names below"
    )
    bucket_suffix: str = Field(
        "", pattern=r"^(-[a-z0-9]([a-z0-9-]{0,28}[a-z0-9])?)?$", description="As in the Pulumi program, with its hyphen"
    )
    database: str = names.DATABASE
    workgroup: str = names.WORKGROUP
    glue_job_name: str = names.GLUE_JOB_NAME

    extra_indices: tuple[str, ...] = Field(
        (), description="Index codes of B3's that are known besides the contract's list, comma separated"
    )
    indices: tuple[str, ...] = Field(
        (names.DEFAULT_INDEX,), min_length=1, description="Index codes to collect, comma separated: IBOV,IBXX,IFIX"
    )

    etl_start_timeout: float = Field(120.0, gt=0, description="Limit for the Glue run of an upload to appear")
    etl_reattach_timeout: float = Field(
        20.0, ge=0, description="Age up to which an upload of another flow may still be without its Glue run"
    )
    etl_timeout: float = Field(1800.0, gt=0, description="Limit of the wait for a Glue run")
    query_timeout: float = Field(120.0, gt=0, description="Limit of one Athena query")
    lease_timeout: float = Field(600.0, gt=0, description="Age at which another flow's claim on a session is void")

    reconcile_after: float = Field(
        600.0, ge=0, description="Age from which what is not published counts as left behind, not as still at work on"
    )

    lang: str = Field("", description="Language of the command line, `pt` or `en`; by default LANG's")
    keep_up: float = Field(
        300.0, ge=0, description="How long the account on the laptop stays when no command uses it any more"
    )
    home: Path = Field(
        default_factory=lambda: default_home(_PROJECT),
        description="Folder of the account on the laptop; by default the project's .bovespa, or the user's data folder",
    )

    @model_validator(mode="before")
    @classmethod
    def _named_by_environment(cls, given: dict[str, Any]) -> dict[str, Any]:
        environment = str(given.get("environment", ""))
        named = {
            "database": names.database_of(environment),
            "workgroup": names.in_environment(names.WORKGROUP, environment),
            "glue_job_name": names.in_environment(names.GLUE_JOB_NAME, environment),
        }
        return named | given

    @field_validator("extra_indices", "indices", mode="before")
    @classmethod
    def _indices(cls, value: object) -> object:
        """Codes as the environment states them, each once."""
        codes = [code.strip().upper() for code in value.split(",") if code.strip()] if isinstance(value, str) else value
        return tuple(dict.fromkeys(codes)) if isinstance(codes, list | tuple) else codes

    @field_validator("extra_indices")
    @classmethod
    def _are_codes(cls, codes: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(check_index(code) for code in codes)

    @field_validator("indices")
    @classmethod
    def _are_known(cls, codes: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        return tuple(check_known(code, info.data.get("extra_indices", ())) for code in codes)

    def known_index(self, index: str) -> str:
        """The index code itself, when it is one of B3's.

        Raises:
            ContractError: it is none that is known; near ones are named.
        """
        return check_known(index, self.extra_indices)

    @cached_property
    def raw_bucket(self) -> str:
        """Name of the raw bucket."""
        return self._bucket(names.RAW_BUCKET)

    @cached_property
    def refined_bucket(self) -> str:
        """Name of the refined bucket."""
        return self._bucket(names.REFINED_BUCKET)

    @cached_property
    def artifacts_bucket(self) -> str:
        """Name of the bucket that holds the job's script and the data-quality reports."""
        return self._bucket(names.ARTIFACTS_BUCKET)

    @cached_property
    def buckets(self) -> tuple[str, ...]:
        """Names of all buckets of the pipeline."""
        unsuffixed = (names.RAW_BUCKET, names.REFINED_BUCKET, names.ARTIFACTS_BUCKET, names.QUERY_RESULTS_BUCKET)
        return tuple(self._bucket(name) for name in unsuffixed)

    @property
    def lambda_name(self) -> str:
        """Name of the Lambda that starts the Glue job."""
        return names.in_environment(names.LAMBDA_NAME, self.environment)

    @property
    def metrics_namespace(self) -> str:
        """Namespace of the flows' metrics in CloudWatch."""
        return names.in_environment(metrics.NAMESPACE, self.environment)

    def _bucket(self, name: str) -> str:
        return names.in_environment(name, self.environment) + self.bucket_suffix


def load_settings(environ: Mapping[str, str] | None = None) -> Settings:
    """The settings that the environment states.

    Raises:
        SettingsError: a `BOVESPA_` name is unknown, or a value cannot be.
    """
    names = os.environ if environ is None else environ
    known = {_variable(field): field for field in Settings.model_fields}
    if unknown := sorted(name for name in names if name.startswith(PREFIX) and name not in known):
        raise SettingsError(f"{', '.join(unknown)}: no such setting; known are {', '.join(sorted(known))}")
    try:
        return Settings.model_validate({field: names[name] for name, field in known.items() if name in names})
    except ValidationError as error:
        first = error.errors()[0]
        raise SettingsError(f"{_variable(str(first['loc'][0]))} = {first['input']!r}: {first['msg']}") from error


def _variable(field: str) -> str:
    return field.upper() if field == "b3_base_url" else PREFIX + field.upper()
