"""What is answered without moto's web application is what moto answers: a header that nobody knows makes moto answer the same."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from local.account.client import Account
from local.account.gateway import HEADERS
from local.account.home import Home
from local.s3.objects import ObjectStore
from local.s3.plain import PlainObjects

RAW, REFINED = "bovespa-raw-data-bucket", "bovespa-refined-data-bucket"
UNKNOWN = {"X-Nobody-Knows": "1"}
OWN = {"server", "date", "last-modified", "x-amzn-requestid", "connection"}
"""Headers of a single answer."""

_OWN_ELEMENTS = re.compile(rb"<(LastModified|RequestId|HostId)>.*?</\1>")

Send = Callable[..., requests.Response]


@pytest.fixture(scope="module")
def send(account: Account) -> Send:
    """Sends a signed request to the running account."""

    def send(method: str, bucket: str, key: str, query: str = "", **headers: str) -> requests.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        address = f"{account.endpoint_url}/{bucket}/{quote(key)}" if key else f"{account.endpoint_url}/{bucket}"
        request = AWSRequest(method, f"{address}?{query}" if query else address, named)
        S3SigV4Auth(Credentials(*account.keys()), "s3", account.region).add_auth(request)
        prepared = request.prepare()
        return requests.request(method, prepared.url, headers=dict(prepared.headers), timeout=30)

    return send


def comparable(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
    headers = {name.lower(): value for name, value in answer.headers.items() if name.lower() not in OWN}
    return answer.status_code, headers, _OWN_ELEMENTS.sub(b"", answer.content)


OBJECTS: dict[str, dict[str, Any]] = {
    "plain": {},
    "é a+b%20&c=1/'(k).txt": {"ContentType": "text/plain"},
    "described": {"Metadata": {"of_whom": "me", "b-c": "2"}, "CacheControl": "no-store", "ContentLanguage": "pt"},
    "checked": {"ChecksumAlgorithm": "SHA256"},
    "tagged": {"Tagging": "a=1&b=2"},
    "cold": {"StorageClass": "GLACIER"},
    "rare": {"StorageClass": "STANDARD_IA"},
    "encrypted": {"ServerSideEncryption": "aws:kms"},
    "elsewhere": {"WebsiteRedirectLocation": "/there"},
}


@pytest.fixture(scope="module", params=OBJECTS)
def key(request: pytest.FixtureRequest, clients: Any) -> str:  # noqa: ANN401 - boto3's
    """An object in the refined bucket and in the raw one, which is versioned."""
    name = f"answers/{request.param}"
    for bucket in (REFINED, RAW):
        clients("s3").put_object(Bucket=bucket, Key=name, Body=b"content", **OBJECTS[request.param])
    return name


@pytest.mark.account
@pytest.mark.parametrize("bucket", [REFINED, RAW])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("mode", [{}, {"x_amz_checksum_mode": "ENABLED"}])
def test_a_read_is_answered_as_moto_answers_it(
    send: Send, key: str, bucket: str, method: str, mode: dict[str, str]
) -> None:
    assert comparable(send(method, bucket, key, **mode)) == comparable(send(method, bucket, key, **mode, **UNKNOWN))


@pytest.mark.account
@pytest.mark.parametrize("bucket", [REFINED, RAW])
@pytest.mark.parametrize("condition", [{}, {"If_None_Match": "*"}, {"If_Match": '"another"'}])
def test_a_copy_is_answered_and_made_as_moto_does_it(
    send: Send, key: str, bucket: str, condition: dict[str, str]
) -> None:
    source = quote(f"{bucket}/{key}")

    ours = send("PUT", REFINED, f"{key}.ours", x_amz_copy_source=source, **condition)
    motos = send("PUT", REFINED, f"{key}.moto", x_amz_copy_source=source, **condition, **UNKNOWN)

    def of_source(answer: requests.Response) -> tuple[int, dict[str, str], bytes]:
        status, headers, body = comparable(answer)
        return status, headers, body.replace(b".moto", b".ours")

    assert of_source(ours) == of_source(motos)
    made = [send("GET", REFINED, f"{key}.{whose}", x_amz_checksum_mode="ENABLED") for whose in ("ours", "moto")]
    assert of_source(made[0]) == of_source(made[1])


LISTED = quote("lists/", safe="")
LISTS = {
    "all": "",
    "below a prefix": f"prefix={LISTED}",
    "names encoded": f"encoding-type=url&prefix={LISTED}",
    "a prefix with what is written otherwise": f"encoding-type=url&prefix={quote('lists/é a+b%20&c', safe='')}",
    "the same, plainly": f"prefix={quote('lists/é a+b%20&c', safe='')}",
    "a plus for a blank": f"prefix={LISTED}%C3%A9+a",
    "nothing": "prefix=none",
    "an empty prefix": "prefix=",
    "after a key": f"prefix={LISTED}&start-after={quote('lists/described', safe='')}",
    "after a key that is not there": f"start-after={quote('lists/<é>', safe='')}&encoding-type=url",
    "after all": "start-after=zz",
    "one": f"prefix={LISTED}&max-keys=1",
    "none": f"prefix={LISTED}&max-keys=0",
    "a number with noughts before it": f"prefix={LISTED}&max-keys=002",
    "more than a page": f"prefix={LISTED}&max-keys=5000",
    "by folder": "delimiter=%2F",
    "whose": f"prefix={LISTED}&fetch-owner=true",
    "what nobody knows": f"prefix={LISTED}&nobody-knows=1",
    "twice": f"prefix={LISTED}&prefix=none",
    "a token of nobody": "continuation-token=x",
    "no token": "continuation-token=",
    "no text": "prefix=%FF",
    "no number": "max-keys=x",
}


@pytest.fixture(scope="module")
def listed(clients: Any) -> None:  # noqa: ANN401 - boto3's
    """Objects of all kinds, and one that was deleted."""
    for bucket in (REFINED, RAW):
        for name, described in OBJECTS.items():
            clients("s3").put_object(Bucket=bucket, Key=f"lists/{name}", Body=b"content", **described)
        clients("s3").put_object(Bucket=bucket, Key="lists/deleted", Body=b"content")
        clients("s3").delete_object(Bucket=bucket, Key="lists/deleted")


@pytest.mark.account
@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("bucket", [REFINED, RAW])
@pytest.mark.parametrize("query", LISTS.values(), ids=LISTS)
def test_a_list_is_answered_as_moto_answers_it(send: Send, bucket: str, query: str) -> None:
    asked = f"list-type=2&{query}" if query else "list-type=2"
    assert comparable(send("GET", bucket, "", asked)) == comparable(send("GET", bucket, "", asked, **UNKNOWN))


@pytest.mark.account
@pytest.mark.usefixtures("listed")
@pytest.mark.parametrize("most", [1, 2, 3])
def test_the_pages_of_a_list_are_those_of_moto(clients: Any, send: Send, most: int) -> None:  # noqa: ANN401 - boto3's
    token, names = "", list[str]()
    while token is not None:
        query = f"list-type=2&max-keys={most}&prefix={LISTED}" + (f"&continuation-token={token}" if token else "")
        ours, motos = send("GET", RAW, "", query), send("GET", RAW, "", query, **UNKNOWN)
        assert comparable(ours) == comparable(motos)
        names += re.findall("<Key>(.*?)</Key>", ours.text)
        token = next(iter(re.findall("<NextContinuationToken>(.*?)<", ours.text)), None)
    assert len(names) == len(set(names)) == len(OBJECTS)
    found = clients("s3").list_objects_v2(Bucket=RAW, Prefix="lists/")["Contents"]
    assert [item["Key"] for item in found] == sorted(f"lists/{name}" for name in OBJECTS)


# --- what is plain -----------------------------------------------------------------------------------------------------


class Moto:
    """Stands for moto: counts what it is asked."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self, environ: Any, start_response: Any) -> Any:  # noqa: ANN401 - WSGI's
        self.asked += 1
        start_response("200 OK", [])
        return []


@pytest.fixture
def moto() -> Moto:
    return Moto()


@pytest.fixture
def plain(store: ObjectStore, moto: Moto) -> PlainObjects:
    store.write("plain", "k", b"content")
    return PlainObjects(store, moto)


SIGNED = ("Authorization", "AWS4-HMAC-SHA256 Credential=a/20261129/sa-east-1/s3/aws4_request, SignedHeaders=host")


def asked(plain: PlainObjects, method: str, path: str, *headers: tuple[str, str], query: str = "") -> bytes:
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "QUERY_STRING": query, HEADERS: [SIGNED, *headers]}
    return b"".join(plain(environ, lambda *_: lambda _: None))


def test_a_plain_read_is_answered_without_moto(plain: PlainObjects, moto: Moto) -> None:
    assert asked(plain, "GET", "/plain/k") == b"content"
    assert asked(plain, "HEAD", "/plain/k") == b""
    assert moto.asked == 0


def test_a_plain_copy_is_made_without_moto(plain: PlainObjects, moto: Moto, store: ObjectStore) -> None:
    assert b"<ETag>" in asked(plain, "PUT", "/plain/new", ("x-amz-copy-source", "plain/k"), ("If-None-Match", "*"))
    assert (store.read("plain", "new"), moto.asked) == (b"content", 0)


def test_a_plain_list_is_made_without_moto(plain: PlainObjects, moto: Moto) -> None:
    assert b"<Key>k</Key>" in asked(plain, "GET", "/plain", query="list-type=2&prefix=k&encoding-type=url")
    assert moto.asked == 0


@pytest.mark.parametrize(
    "query",
    ["", "list-type=1", "prefix=k", "uploads", "versions", "list-type=2&delimiter=k", "list-type=2&list-type=2"],
)
def test_what_else_is_asked_of_a_bucket_is_motos(plain: PlainObjects, moto: Moto, query: str) -> None:
    assert (asked(plain, "GET", "/plain", query=query), moto.asked) == (b"", 1)


def test_a_plain_list_has_the_files_that_others_wrote(plain: PlainObjects, store: ObjectStore, home: Home) -> None:
    (home.mirror / "plain" / "n").write_bytes(b"of Spark")
    assert b"<Key>n</Key>" in asked(plain, "GET", "/plain", query="list-type=2")
    assert store.read("plain", "n") == b"of Spark"


COPY = ("x-amz-copy-source", "plain/k")


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(("GET", "/plain/k", ("Range", "bytes=0-1")), id="a part of an object"),
        pytest.param(("GET", "/plain/k", ("If-None-Match", "*")), id="a read on a condition"),
        pytest.param(("GET", "/plain/k", ("Origin", "http://a")), id="a web page's"),
        pytest.param(("GET", "/plain/k", ("Host", "a"), ("host", "b")), id="a header twice"),
        pytest.param(("GET", "/plain/none"), id="an object that is not there"),
        pytest.param(("GET", "/none/k"), id="a bucket that is not there"),
        pytest.param(("GET", "/plain"), id="a bucket"),
        pytest.param(("GET", "//plain/k"), id="an empty name of a bucket"),
        pytest.param(("GET", "/plain/\xff"), id="a key that is no text"),
        pytest.param(("DELETE", "/plain/k"), id="another method"),
        pytest.param(("PUT", "/plain/k"), id="a put"),
        pytest.param(("PUT", "/plain/k", COPY), id="a copy onto itself"),
        pytest.param(("PUT", "/plain/k/under", COPY), id="a copy to where no file can be"),
        pytest.param(("PUT", "/plain/new", ("x-amz-copy-source", "plain/none")), id="a copy of nothing"),
        pytest.param(("PUT", "/plain/new", ("x-amz-copy-source", "plain/k?versionId=1")), id="a copy of a version"),
        pytest.param(("PUT", "/plain/new", COPY, ("x-amz-metadata-directive", "REPLACE")), id="a copy with an option"),
        pytest.param(("PUT", "/plain/new", COPY, ("If-Match", "a")), id="a copy whose condition does not hold"),
    ],
)
def test_all_else_is_motos(plain: PlainObjects, moto: Moto, store: ObjectStore, request_: tuple[Any, ...]) -> None:
    assert asked(plain, *request_) == b""

    assert (moto.asked, [*store.get_bucket("plain").keys]) == (1, ["k"])


def test_what_of_an_object_is_named_in_the_query_is_motos(plain: PlainObjects, moto: Moto) -> None:
    assert (asked(plain, "GET", "/plain/k", query="tagging"), moto.asked) == (b"", 1)


def test_what_a_buckets_policy_refuses_is_motos(plain: PlainObjects, moto: Moto, store: ObjectStore) -> None:
    policy = b'{"Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*", "Principal": "*"}]}'
    store.put_bucket_policy("plain", policy)

    asked(plain, "GET", "/plain/k")
    asked(plain, "GET", "/plain", query="list-type=2")

    assert moto.asked == 2
