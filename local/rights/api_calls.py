"""What a request to AWS does, as IAM sees it: its actions and the ARNs that they are for.

Source: the service authorization reference, https://docs.aws.amazon.com/service-authorization/latest/reference/. What is not
known is asked for on every resource, `*`, which no policy here grants: refused rather than overlooked.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, unquote

from local.account import ACCOUNT_ID, REGION
from local.account.gateway import HEADERS
from local.rights.iam import Call
from local.rights.s3_calls import s3_calls

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from wsgiref.types import WSGIEnvironment

_SERVICES = {
    "AWSGlue": "glue",
    "AmazonAthena": "athena",
    "Logs_20140328": "logs",
    "AmazonSQS": "sqs",
    "secretsmanager": "secretsmanager",
    "GraniteServiceVersion20100801": "cloudwatch",
}
_SIGNED_AS = {"monitoring": "cloudwatch"}
_FREE = frozenset({"sts:GetCallerIdentity"})
"""What every identity may do, whatever its policies say."""


@dataclass(frozen=True)
class Request:
    """One HTTP request, as far as signatures and IAM care.

    Attributes:
        path: decoded.
        raw_path: as it was sent.
        headers: by lower-case name; values of one name are joined by commas.
    """

    method: str
    path: str
    raw_path: str
    query: str
    headers: Mapping[str, str]
    body: bytes

    @classmethod
    def of(cls, environ: WSGIEnvironment) -> Request:
        """The request of a WSGI environment, whose body stays readable."""
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        headers: dict[str, str] = {}
        for name, value in environ[HEADERS]:
            lower = name.lower()
            headers[lower] = f"{headers[lower]},{value}" if lower in headers else value
        # WSGI's text is bytes in Latin-1's clothes.
        path = environ.get("PATH_INFO", "/").encode("latin-1").decode(errors="replace")
        raw_path = str(environ["RAW_URI"]).partition("?")[0]
        return cls(environ["REQUEST_METHOD"], path, raw_path, environ.get("QUERY_STRING", ""), headers, body)

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The query, decoded; of a name that is given several times the last value."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def service(self) -> str:
        """The service that the request was signed for, by IAM's name; S3 without a signature of version 4."""
        _, found, rest = self.headers.get("authorization", "").partition("Credential=")
        credential = (rest if found else self.parameters.get("X-Amz-Credential", "")).partition(",")[0].split("/")
        signed = credential[3] if len(credential) > 3 else "s3"  # noqa: PLR2004 - key, day, region, service
        return _SIGNED_AS.get(signed, signed)


@dataclass(frozen=True, slots=True)
class AccountPlace:
    """Where an account's resources are."""

    region: str = REGION
    account_id: str = ACCOUNT_ID

    def arn(self, service: str, resource: str) -> str:
        """The ARN of a resource here."""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{resource}"

    def glue_arns(self, database: str, table: str = "") -> list[str]:
        """What an action on a database or a table must be allowed on: it, and all that it is in."""
        path = [f"table/{database}/{table}".lower()] if table else []
        return [self.arn("glue", name) for name in ("catalog", f"database/{database.lower()}", *path)]


def calls_of(request: Request, place: AccountPlace, workgroup_of: Callable[[str], str | None]) -> list[Call]:
    """What the request does; all of it must be allowed.

    Args:
        request: the request.
        place: of the account.
        workgroup_of: the workgroup of a query, by its id; None where there is no such query.
    """
    if request.service == "s3":
        return s3_calls(request.method, request.path, request.query, request.headers, request.body)
    if request.path.startswith("/2015-03-31/functions/"):
        return [_of_lambda(request, place)]
    service, operation, body = _operation(request)
    action = f"{service}:{operation}"
    if action in _FREE:
        return []
    context = (
        {"cloudwatch:namespace": str(body["Namespace"])} if service == "cloudwatch" and "Namespace" in body else {}
    )
    if service == "athena" and "QueryExecutionId" in body:
        # A query that there is none of has no workgroup; that it is not found is Athena's to say.
        name = workgroup_of(str(body["QueryExecutionId"]))
        return [] if name is None else [Call(action, place.arn("athena", f"workgroup/{name}"))]
    return [Call(action, resource, context) for resource in _resources(service, operation, body, place)]


def _operation(request: Request) -> tuple[str, str, dict[str, Any]]:
    target, _, operation = request.headers.get("x-amz-target", "").partition(".")
    if operation:
        return _SERVICES.get(target, target), operation, json.loads(request.body or b"{}")
    form = {name: values[0] for name, values in parse_qs(request.body.decode(errors="replace")).items()}
    return request.service, form.get("Action", f"({request.method} {request.path})"), form


def _of_lambda(request: Request, place: AccountPlace) -> Call:
    name, _, rest = request.path.removeprefix("/2015-03-31/functions/").partition("/")
    function = unquote(name).rpartition(":")[2]
    action = "InvokeFunction" if rest == "invocations" else f"({request.method} {rest})"
    return Call(f"lambda:{action}", place.arn("lambda", f"function:{function}"))


def _resources(service: str, operation: str, body: Mapping[str, Any], place: AccountPlace) -> list[str]:
    if service == "glue":
        return _of_glue(operation, body, place)
    if service == "athena":
        named = f"datacatalog/{body['CatalogName']}" if "CatalogName" in body else None
        return [place.arn("athena", named or f"workgroup/{body.get('WorkGroup') or 'primary'}")]
    if service == "logs" and "logGroupName" in body:
        stream = f":log-stream:{body['logStreamName']}" if "logStreamName" in body else ""
        return [place.arn("logs", f"log-group:{body['logGroupName']}{stream}")]
    if service == "sqs" and "QueueUrl" in body:
        return [place.arn("sqs", str(body["QueueUrl"]).rpartition("/")[2])]
    if service == "sts" and "RoleArn" in body:
        return [str(body["RoleArn"])]
    return [str(body.get("TopicArn", "*"))]


def _of_glue(operation: str, body: Mapping[str, Any], place: AccountPlace) -> list[str]:
    if "JobName" in body:
        return [place.arn("glue", f"job/{body['JobName']}")]
    if operation in ("GetDatabase", "UpdateDatabase", "DeleteDatabase"):
        return place.glue_arns(str(body["Name"]))
    if "DatabaseName" in body:
        table = body.get("TableName") or body.get("Name") or body.get("TableInput", {}).get("Name") or "*"
        return place.glue_arns(body["DatabaseName"], table)
    return ["*"]
