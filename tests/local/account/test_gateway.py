from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote, urlsplit

import pytest
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.account.client import Account
from local.account.gateway import Gateway, ServiceError, respond
from local.account.http_server import listen


class Served:
    """A gateway on a port of its own, with one operation and a service that it owns."""

    def __init__(self) -> None:
        self.commits = 0
        gateway = Gateway({"AWSGlue.Echo": self.echo}, ("AWSGlue.",), self.invoke, self.moto, self.commit)
        self.server = listen(gateway)
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def echo(self, request: dict[str, Any]) -> dict[str, Any]:
        if "fail" in request:
            raise ServiceError("EntityNotFoundException", request["fail"])
        return {"Echo": request}

    def invoke(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's
        return respond(start_response, "200 OK", {"Path": environ["PATH_INFO"]})

    def moto(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's
        if environ["PATH_INFO"].endswith("/nothing"):
            raise NotImplementedError
        if environ["PATH_INFO"].endswith("/broken"):
            raise KeyError("a")
        return respond(start_response, "200 OK", {"Moto": environ["PATH_INFO"]})

    def commit(self) -> None:
        self.commits += 1

    def post(self, target: str, body: object = None, path: str = "/") -> tuple[int, dict[str, Any]]:
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port)
        headers = {"X-Amz-Target": target} if target else {}
        connection.request("POST", path, json.dumps(body or {}), headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())


@pytest.fixture
def served() -> Iterator[Served]:
    made = Served()
    yield made
    made.server.shutdown()


def test_an_operation_gets_the_request_and_its_answer_is_the_response(served: Served) -> None:
    assert served.post("AWSGlue.Echo", {"a": [1]}) == (200, {"Echo": {"a": [1]}})


def test_an_error_has_awss_form(served: Served) -> None:
    status, body = served.post("AWSGlue.Echo", {"fail": "Table x not found."})

    assert status == 400
    assert (body["__type"], body["message"]) == ("EntityNotFoundException", "Table x not found.")


def test_an_operation_of_an_owned_service_that_is_not_offered_is_refused_and_not_pretended(served: Served) -> None:
    status, body = served.post("AWSGlue.StartCrawler", {"Name": "c"})

    assert (status, body["__type"]) == (400, "InvalidInputException")
    assert body["message"] == "AWSGlue.StartCrawler is not offered by the account on the laptop"


def answer_of(served: Served, path: str, body: str, headers: dict[str, str]) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", served.server.server_port)
    connection.request("POST", path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


@pytest.mark.parametrize(
    ("path", "headers", "said"),
    [
        (
            "/nothing",
            {"X-Amz-Target": "Logs_20140328.StopQuery"},
            '"message": "Logs_20140328.StopQuery is not offered by',
        ),
        ("/broken", {"X-Amz-Target": "AWSEvents.X"}, '"AWSEvents.X with these arguments is not offered by the account'),
        ("/2015-03-31/functions/nothing", {}, '"POST /2015-03-31/functions/nothing is not offered by the account'),
        ("/bucket/nothing?acl=&x=1", {}, "<Error><Code>NotImplemented</Code><Message>POST /bucket/nothing?acl is not"),
    ],
)
def test_what_nobody_answers_is_refused_in_the_services_form(
    served: Served, path: str, headers: dict[str, str], said: str
) -> None:
    status, body = answer_of(served, path, "{}", headers)

    assert (status, said in body) == (501, True), body


def test_an_operation_that_a_form_names_is_refused_by_its_name(served: Served) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}

    status, body = answer_of(served, "/nothing", "Action=TagMFADevice&Version=2010-05-08", headers)

    assert (status, "<ErrorResponse><Error>" in body, "TagMFADevice is not offered" in body) == (501, True, True), body


def test_invoke_is_answered_by_the_functions(served: Served) -> None:
    path = "/2015-03-31/functions/f/invocations"

    assert served.post("", path=path) == (200, {"Path": path})


def test_everything_else_is_motos_and_is_durable_before_it_is_answered(served: Served) -> None:
    assert served.post("", path="/bucket/key") == (200, {"Moto": "/bucket/key"})
    assert served.commits == 1


# --- paths -------------------------------------------------------------------------------------------------------------


def raw_put(account: Account, path: str) -> int:
    """Put with a path that no client would send, rightly signed."""
    address = urlsplit(account.endpoint_url).netloc
    # S3's signature is of the path encoded once, however it is sent.
    request = AWSRequest("PUT", f"http://{address}{quote(unquote(path), safe='/~')}", data=b"x")
    S3SigV4Auth(Credentials(*account.keys()), "s3", account.region).add_auth(request)
    connection = http.client.HTTPConnection(address)
    connection.putrequest("PUT", path)
    for name, value in request.headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", "1")
    connection.endheaders(b"x")
    return connection.getresponse().status


@pytest.mark.account
@pytest.mark.parametrize("path", ["/b-escape/../../escaped", "/b-escape/%2e%2e/%2e%2e/escaped", "/b-escape/a//b"])
def test_no_request_writes_outside_its_bucket(account: Account, clients: Any, path: str) -> None:  # noqa: ANN401
    s3 = clients("s3")
    if "b-escape" not in [bucket["Name"] for bucket in s3.list_buckets()["Buckets"]]:
        s3.create_bucket(Bucket="b-escape", CreateBucketConfiguration={"LocationConstraint": account.region})

    assert 400 <= raw_put(account, path) != 403
    assert not list(account.home.parent.rglob("escaped"))
    assert s3.list_objects_v2(Bucket="b-escape")["KeyCount"] == 0
