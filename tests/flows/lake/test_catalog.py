"""The catalog's partitions: where each points to, and what becomes of one that Glue refuses, has already, or has no longer."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any, cast

import pytest
from botocore.exceptions import ClientError

from expectations.contract.catalog import session_expression
from expectations.contract.names import DATABASE, REFINED_BUCKET
from expectations.contract.partitions import partition_prefix, partition_values
from expectations.contract.tables import REFINED_TABLE, SUMMARY_TABLE
from flows.errors import AwsError, PublishError
from flows.lake.catalog import Catalog, Values

if TYPE_CHECKING:
    from collections.abc import Callable

    from mypy_boto3_glue import GlueClient

MONDAY = date(2025, 6, 30)
JUNE = {("2025", "6", "27"): "resumo-data/27/", ("2025", "6", "30"): "resumo-data/30/"}
ALL = "year = 2025"
OPERATIONS = {
    "create": ("batch_create_partition", "PartitionInputList"),
    "point": ("batch_update_partition", "Entries"),
    "delete": ("batch_delete_partition", "PartitionsToDelete"),
}


@pytest.fixture
def catalog(glue: GlueClient) -> Catalog:
    return Catalog(glue, DATABASE, REFINED_BUCKET)


class Refusing:
    """Glue that refuses the first entry of a batch with a code, and notes the size of every batch."""

    def __init__(self, code: str = "") -> None:
        self.code, self.sizes = code, list[int]()

    def __getattr__(self, name: str) -> Callable[..., dict[str, Any]]:
        (entries,) = [entries for operation, entries in OPERATIONS.values() if operation == name]

        def answer(**request: Any) -> dict[str, Any]:  # noqa: ANN401 - boto3's
            self.sizes.append(len(request[entries]))
            errors = [{"PartitionValues": ["2025", "6", "27"], "ErrorDetail": {"ErrorCode": self.code}}]
            return {"Errors": errors if self.code else []}

        return answer

    def catalog(self) -> Catalog:
        return Catalog(cast("GlueClient", self), DATABASE, REFINED_BUCKET)


class TestListing:
    def test_tells_the_prefix_that_each_partition_points_to(self, catalog: Catalog) -> None:
        catalog.create(SUMMARY_TABLE, JUNE)
        assert catalog.partitions(SUMMARY_TABLE, ALL) == JUNE

    def test_is_of_the_partitions_that_the_expression_chooses(self, catalog: Catalog) -> None:
        catalog.create(SUMMARY_TABLE, JUNE | {("2024", "6", "30"): "resumo-data/2024/"})
        assert catalog.partitions(SUMMARY_TABLE, "year = 2025 AND day = 30") == {("2025", "6", "30"): "resumo-data/30/"}

    def test_of_a_table_without_partitions_is_empty(self, catalog: Catalog) -> None:
        assert catalog.partitions(SUMMARY_TABLE, ALL) == {}

    def test_is_of_one_session_by_the_contracts_expression(self, catalog: Catalog) -> None:
        wanted = partition_values(REFINED_TABLE, "IBOV", MONDAY, "VALE3")
        prefix = partition_prefix(REFINED_TABLE, "IBOV", MONDAY, "VALE3")
        catalog.create(REFINED_TABLE, {wanted: prefix, ("2025", "6", "27", "VALE3"): "elsewhere/"})
        assert catalog.partitions(REFINED_TABLE, session_expression(REFINED_TABLE, "IBOV", MONDAY)) == {wanted: prefix}


class TestCreating:
    def test_of_one_that_is_there_already_is_refused(self, catalog: Catalog) -> None:
        catalog.create(SUMMARY_TABLE, JUNE)
        with pytest.raises(PublishError, match="creating partitions of bovespa_resumo_setor: 2 refused, the first"):
            catalog.create(SUMMARY_TABLE, dict.fromkeys(JUNE, "elsewhere/"))
        assert catalog.partitions(SUMMARY_TABLE, ALL) == JUNE

    def test_of_one_that_may_be_there_already_leaves_it_as_it_is_and_adds_the_others(self, catalog: Catalog) -> None:
        first, *_ = JUNE
        catalog.create(SUMMARY_TABLE, {first: JUNE[first]})
        catalog.create(SUMMARY_TABLE, JUNE | {first: "elsewhere/"}, anew=False)
        assert catalog.partitions(SUMMARY_TABLE, ALL) == JUNE

    def test_that_glue_refuses_otherwise_is_an_error_though_it_may_be_there_already(self) -> None:
        with pytest.raises(PublishError, match=r"1 refused, the first .*InternalServiceException"):
            Refusing("InternalServiceException").catalog().create(SUMMARY_TABLE, JUNE, anew=False)


class TestPointing:
    def test_moves_exactly_those_that_are_named(self, catalog: Catalog) -> None:
        first, second = JUNE
        catalog.create(SUMMARY_TABLE, JUNE)
        catalog.point(SUMMARY_TABLE, {first: "staging/hidden/"})
        assert catalog.partitions(SUMMARY_TABLE, ALL) == {first: "staging/hidden/", second: JUNE[second]}

    @pytest.mark.parametrize("code", ["AlreadyExistsException", "EntityNotFoundException", "InternalServiceException"])
    def test_that_glue_refuses_is_an_error_whatever_the_reason(self, code: str) -> None:
        with pytest.raises(PublishError, match=f"updating partitions of bovespa_resumo_setor: 1 refused.*{code}"):
            Refusing(code).catalog().point(SUMMARY_TABLE, JUNE)

    def test_of_one_that_is_not_there_is_refused(self, catalog: Catalog) -> None:
        with pytest.raises(PublishError, match="updating partitions of bovespa_resumo_setor: 2 refused"):
            catalog.point(SUMMARY_TABLE, JUNE)


class TestDeleting:
    def test_takes_those_that_are_named_and_minds_none_that_is_gone(self, catalog: Catalog) -> None:
        first, *_ = JUNE
        catalog.create(SUMMARY_TABLE, {first: JUNE[first]})
        catalog.delete(SUMMARY_TABLE, JUNE)
        assert catalog.partitions(SUMMARY_TABLE, ALL) == {}

    @pytest.mark.parametrize("code", ["AlreadyExistsException", "InternalServiceException"])
    def test_that_glue_refuses_otherwise_is_an_error(self, code: str) -> None:
        with pytest.raises(PublishError, match=f"deleting partitions of bovespa_resumo_setor: 1 refused.*{code}"):
            Refusing(code).catalog().delete(SUMMARY_TABLE, JUNE)


@pytest.mark.parametrize(("method", "sizes"), [("create", [100, 2]), ("point", [100, 2]), ("delete", [25] * 4 + [2])])
def test_glues_limits_of_a_batch_are_kept(method: str, sizes: list[int]) -> None:
    glue = Refusing()
    many: dict[Values, str] = {("2025", "6", str(number)): "x/" for number in range(102)}
    getattr(glue.catalog(), method)(SUMMARY_TABLE, many)
    assert glue.sizes == sizes


@pytest.mark.parametrize("method", OPERATIONS)
def test_of_nothing_asks_nothing(method: str) -> None:
    glue = Refusing("InternalServiceException")
    getattr(glue.catalog(), method)(SUMMARY_TABLE, {})
    assert glue.sizes == []


@pytest.mark.parametrize(
    ("act", "message"),
    [
        pytest.param(lambda catalog: catalog.partitions(SUMMARY_TABLE, ALL), "reading partitions of", id="reading"),
        pytest.param(lambda catalog: catalog.create(SUMMARY_TABLE, JUNE), "creating partitions of", id="creating"),
        pytest.param(lambda catalog: catalog.point(SUMMARY_TABLE, JUNE), "updating partitions of", id="pointing"),
        pytest.param(lambda catalog: catalog.delete(SUMMARY_TABLE, JUNE), "deleting partitions of", id="deleting"),
    ],
)
def test_what_glue_does_not_do_at_all_is_an_error_of_aws_that_names_the_table(
    act: Callable[[Catalog], object], message: str
) -> None:
    class Down:
        def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a client's
            raise ClientError({"Error": {"Code": "ThrottlingException", "Message": "no"}}, name)

    with pytest.raises(AwsError, match=f"{message} bovespa_resumo_setor: .*ThrottlingException"):
        act(Catalog(cast("GlueClient", Down()), DATABASE, REFINED_BUCKET))
