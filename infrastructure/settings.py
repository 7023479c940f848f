"""Every setting of the Pulumi program, read once from the stack's configuration."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self, TypeVar

import pulumi
import pulumi_aws as aws
from pulumi.runtime.config import CONFIG, get_config_env

from expectations.contract.names import (
    DEFAULT_INDEX,
    ENVIRONMENT_PATTERN,
    INDEX_PATTERN,
    QUERY_RESULTS_BUCKET,
    RAW_BUCKET,
    REFINED_BUCKET,
    database_of,
    in_environment,
)

PROJECT = "pipeline-bovespa"
ENVIRONMENT_TAG = "environment"
"""Of the default environment, nothing has it."""

_T = TypeVar("_T")

_NAMES = frozenset(
    {
        *("environment", "bucketSuffix", "workers", "timeoutMinutes", "maxConcurrentRuns"),
        *("scanLimitMegabytes", "logRetentionDays"),
        *("flexExecution", "alarmEmail", "encryptAlarms", "monthlyBudgetUsd"),
        *("watchedIndices", "glueMode", "athenaNotebooks", "ecsOrchestration", "vpcId", "subnetIds"),
    }
)
_SUFFIX = re.compile(r"(-[a-z0-9](?:[a-z0-9-]{0,28}[a-z0-9])?)?")
_EMAIL = re.compile(r"([^@\s]+@[^@\s]+\.[^@\s]+)?")
_VPC = re.compile(r"(vpc-[0-9a-f]{8,17})?")
_SUBNET = re.compile(r"subnet-[0-9a-f]{8,17}")
_LEAST_WORKERS = 2
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
_RETENTIONS = frozenset(
    {1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653}
)
_LEAST_SCAN_LIMIT = 10  # Athena's own, in megabytes
_LONGEST_BUCKET = 63  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
NOTEBOOK_REGIONS = frozenset(
    {
        *("ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "eu-central-1", "eu-west-1"),
        *("us-east-1", "us-east-2", "us-west-2"),
    }
)
"""Where Athena has PySpark engine version 3:
https://docs.aws.amazon.com/athena/latest/ug/notebooks-spark-considerations-and-limitations.html."""


class GlueMode(StrEnum):
    """The form that the Glue job has."""

    SCRIPT = "script"
    VISUAL = "visual"


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The program's settings; `Pulumi.yaml` describes each of them.

    Raises:
        ValueError: a value cannot be; the message names it.
    """

    environment: str = ""
    region: str = ""
    bucket_suffix: str = ""
    workers: int = 2
    timeout_minutes: int = 15
    max_concurrent_runs: int = 3
    scan_limit_megabytes: int = 1024
    log_retention_days: int = 90
    flex_execution: bool = False
    alarm_email: str = ""
    encrypt_alarms: bool = True
    monthly_budget_usd: int = 5
    watched_indices: tuple[str, ...] = (DEFAULT_INDEX,)
    glue_mode: str = GlueMode.SCRIPT
    athena_notebooks: bool = False
    ecs_orchestration: bool = False
    vpc_id: str = ""
    subnet_ids: tuple[str, ...] = ()
    tags: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._check_names()
        self._check_run()
        self._check_monitoring()
        self._check_switches()

    def _check_names(self) -> None:
        wanted = "a word of lower case letters and digits, twelve at most: dev"
        _demand(re.fullmatch(ENVIRONMENT_PATTERN, self.environment), "environment", self.environment, wanted)
        suffix = self.bucket_suffix
        _demand(_SUFFIX.fullmatch(suffix), "bucketSuffix", suffix, "lower case, with its hyphen: -acme")
        longest = max(len(self.bucket(name)) for name in (RAW_BUCKET, REFINED_BUCKET, QUERY_RESULTS_BUCKET))
        fits = longest <= _LONGEST_BUCKET
        _demand(fits, "bucketSuffix", suffix, f"{longest - _LONGEST_BUCKET} characters less, for a bucket's name")

    def _check_run(self) -> None:
        _demand(self.workers >= _LEAST_WORKERS, "workers", self.workers, f"at least {_LEAST_WORKERS}")
        _demand(self.timeout_minutes > 0, "timeoutMinutes", self.timeout_minutes, "at least 1")
        _demand(self.max_concurrent_runs > 0, "maxConcurrentRuns", self.max_concurrent_runs, "at least 1")
        least = _LEAST_SCAN_LIMIT
        _demand(
            self.scan_limit_megabytes >= least, "scanLimitMegabytes", self.scan_limit_megabytes, f"at least {least}"
        )

    def _check_monitoring(self) -> None:
        retention = self.log_retention_days
        _demand(retention in _RETENTIONS, "logRetentionDays", retention, f"one of {sorted(_RETENTIONS)}")
        _demand(_EMAIL.fullmatch(self.alarm_email), "alarmEmail", self.alarm_email, "an address: name@example.com")
        _demand(self.monthly_budget_usd > 0, "monthlyBudgetUsd", self.monthly_budget_usd, "at least 1")
        _demand(self.watched_indices, "watchedIndices", "", "one index at least")
        for index in self.watched_indices:
            _demand(re.fullmatch(INDEX_PATTERN, index), "watchedIndices", index, "codes with commas between: IBOV,IBXX")

    def _check_switches(self) -> None:
        _demand(self.glue_mode in set(GlueMode), "glueMode", self.glue_mode, " or ".join(GlueMode))
        _demand(_VPC.fullmatch(self.vpc_id), "vpcId", self.vpc_id, "a VPC's id: vpc-0123456789abcdef0")
        for subnet in self.subnet_ids:
            _demand(_SUBNET.fullmatch(subnet), "subnetIds", subnet, "subnets' ids, with commas between them")
        _demand(
            self.vpc_id or not self.subnet_ids, "subnetIds", ",".join(self.subnet_ids), "vpcId to say whose they are"
        )
        somewhere = self.region in NOTEBOOK_REGIONS
        _demand(
            somewhere or not self.athena_notebooks,
            "athenaNotebooks",
            self.athena_notebooks,
            f"aws:region to be one that has Athena's PySpark engine, not {self.region!r}: {', '.join(sorted(NOTEBOOK_REGIONS))}",
        )

    def named(self, name: str) -> str:
        """What something is called in the stack's environment."""
        return in_environment(name, self.environment)

    def bucket(self, name: str) -> str:
        """A bucket's name, which is unique in all of AWS."""
        return self.named(name) + self.bucket_suffix

    @property
    def database(self) -> str:
        """The catalog's database of the stack's environment."""
        return database_of(self.environment)

    @classmethod
    def of_stack(cls) -> Self:
        """The settings of the stack that is being deployed; what it does not state has the default.

        Raises:
            ValueError: the stack states a setting that there is none of, or a value that cannot be.
            ConfigTypeError: a value is not of the setting's type.
        """
        _refuse_unknown()
        config, default = pulumi.Config(PROJECT), cls()
        environment = config.get("environment") or default.environment
        return cls(
            environment=environment,
            region=aws.config.region or default.region,
            bucket_suffix=config.get("bucketSuffix") or default.bucket_suffix,
            workers=_given(config.get_int("workers"), default.workers),
            timeout_minutes=_given(config.get_int("timeoutMinutes"), default.timeout_minutes),
            max_concurrent_runs=_given(config.get_int("maxConcurrentRuns"), default.max_concurrent_runs),
            scan_limit_megabytes=_given(config.get_int("scanLimitMegabytes"), default.scan_limit_megabytes),
            log_retention_days=_given(config.get_int("logRetentionDays"), default.log_retention_days),
            flex_execution=_given(config.get_bool("flexExecution"), default.flex_execution),
            alarm_email=config.get("alarmEmail") or default.alarm_email,
            encrypt_alarms=_given(config.get_bool("encryptAlarms"), default.encrypt_alarms),
            monthly_budget_usd=_given(config.get_int("monthlyBudgetUsd"), default.monthly_budget_usd),
            watched_indices=_listed(config.get("watchedIndices")) or default.watched_indices,
            glue_mode=config.get("glueMode") or default.glue_mode,
            athena_notebooks=_given(config.get_bool("athenaNotebooks"), default.athena_notebooks),
            ecs_orchestration=_given(config.get_bool("ecsOrchestration"), default.ecs_orchestration),
            vpc_id=config.get("vpcId") or default.vpc_id,
            subnet_ids=_listed(config.get("subnetIds")),
            tags=_tags(environment),
        )


def _refuse_unknown() -> None:
    # Pulumi itself passes a misspelt setting over, and the default is deployed.
    stated = {**get_config_env(), **CONFIG.get()}
    names = {name.removeprefix(f"{PROJECT}:") for name in stated if name.startswith(f"{PROJECT}:")}
    if unknown := sorted(names - _NAMES):
        raise ValueError(f"{PROJECT}: unknown settings {', '.join(unknown)}; there are {', '.join(sorted(_NAMES))}")


def _tags(environment: str) -> dict[str, str]:
    own = {"project": PROJECT, "stack": pulumi.get_stack()}
    return own | {ENVIRONMENT_TAG: environment} if environment else own


def _listed(text: str | None) -> tuple[str, ...]:
    return tuple(dict.fromkeys(part.strip() for part in (text or "").split(",") if part.strip()))


def _given(value: _T | None, default: _T) -> _T:
    return default if value is None else value


def _demand(holds: object, name: str, value: object, expected: str) -> None:
    if not holds:
        raise ValueError(f"{PROJECT}:{name} = {value!r}: expected {expected}")
