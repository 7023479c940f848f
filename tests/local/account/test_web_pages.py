"""What a page that is open in the user's browser can do to the account: nothing.

A real Chromium tries it where there is one; what a browser puts on the wire is sent again by hand, wherever the tests run.
"""

from __future__ import annotations

import http.client
import json
import queue
import shutil
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
import requests
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from expectations.contract.names import ARTIFACTS_BUCKET, GLUE_JOB_NAME, RAW_BUCKET
from infrastructure.etl import SCRIPT
from local.b3 import standin
from local.deploy_check import webhook

if TYPE_CHECKING:
    from local.account.client import Account

pytestmark = pytest.mark.account

CHROMIUM = next(
    (found for name in ("chromium", "chromium-browser", "google-chrome") if (found := shutil.which(name))), ""
)
MADE_UP = "AWS4-HMAC-SHA256 Credential=local/20250630/sa-east-1/s3/aws4_request, SignedHeaders=host, Signature=x"
FORM_KEY = "scripts/of_a_page.py"
STOLEN_RAW = "raw-data/year=2025/month=06/day=30/page.parquet"
PAGE = """<!doctype html><title>a page</title><script>
const account = ACCOUNT, prefect = PREFECT, said = {};
async function attempt(name, act) {
  try { said[name] = "done: " + await act(); } catch (error) { said[name] = "refused: " + error; }
}
function form(key, content) {
  const fields = new FormData();
  fields.append("key", key);
  fields.append("file", new Blob([content]));
  return fields;
}
const blind = (url, body) => fetch(url, {method: "POST", mode: "no-cors", body}).then(answer => answer.type);
const read = (url, options) => fetch(url, options).then(answer => answer.text());
(async () => {
  await attempt("put the script", () => blind(account + "/ARTIFACTS", form("SCRIPT", "print('from a page')")));
  await attempt("put a raw file", () => blind(account + "/RAW", form("RAW_KEY", "PAR1")));
  await attempt("make a variable", () => blind(prefect + "/api/variables/", new Blob(['{"name": "of_a_page", "value": "1"}'])));
  await attempt("read a bucket", () => read(account + "/ARTIFACTS?list-type=2"));
  await attempt("read as somebody", () => read(account + "/ARTIFACTS?list-type=2", {headers: {Authorization: "MADE_UP"}}));
  await attempt("read Prefect", () => read(prefect + "/api/variables/filter", {method: "POST", body: new Blob(["{}"])}));
  await attempt("read Prefect's settings", () => read(prefect + "/api/admin/settings"));
  await fetch("/said", {method: "POST", body: JSON.stringify(said)});
})();
</script>"""


def page_for(account: Account, script: str) -> str:
    filled = {
        "ACCOUNT": json.dumps(account.endpoint_url),
        "PREFECT": json.dumps(account.prefect_ui_url),
        "RAW_KEY": STOLEN_RAW,
        "ARTIFACTS": ARTIFACTS_BUCKET,
        "RAW": RAW_BUCKET,
        "SCRIPT": script,
        "MADE_UP": MADE_UP,
    }
    page = PAGE
    for name, value in filled.items():
        page = page.replace(name, value)
    return page


class Site(BaseHTTPRequestHandler):
    """Somebody's site: one page, and what the page says that it could do."""

    page = ""
    said: queue.SimpleQueue[dict[str, str]] = queue.SimpleQueue()

    def do_GET(self) -> None:
        content = self.page.encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def do_POST(self) -> None:
        self.said.put(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        self.send_response(204)
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        pass


@pytest.fixture
def script_key(clients: Any) -> str:  # noqa: ANN401
    """The key of the script that the Glue job runs."""
    location = clients("glue").get_job(JobName=GLUE_JOB_NAME)["Job"]["Command"]["ScriptLocation"]
    return str(location).removeprefix(f"s3://{ARTIFACTS_BUCKET}/")


@pytest.fixture
def site(account: Account, script_key: str) -> Iterator[str]:
    Site.page = page_for(account, script_key)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()


@pytest.fixture
def attempts(site: str, tmp_path: Path) -> dict[str, str]:
    """What the page could do in a real browser."""
    if not CHROMIUM:
        pytest.skip("there is no Chromium on this machine: apt-get install chromium")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", f"--user-data-dir={tmp_path}"]
    browser = subprocess.Popen([CHROMIUM, *options, site], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        return Site.said.get(timeout=90)
    finally:
        browser.terminate()
        browser.wait(30)


def test_a_page_in_chromium_writes_nothing_and_reads_nothing(
    account: Account,
    clients: Any,  # noqa: ANN401
    script_key: str,
    attempts: dict[str, str],
) -> None:
    s3 = clients("s3")

    script = s3.get_object(Bucket=ARTIFACTS_BUCKET, Key=script_key)["Body"].read()
    assert script == SCRIPT.read_bytes()
    assert s3.list_objects_v2(Bucket=RAW_BUCKET, Prefix=STOLEN_RAW)["KeyCount"] == 0
    assert variables(account) == []
    assert len(attempts) == 7
    readings = {name: said for name, said in attempts.items() if name.startswith("read")}
    assert set(readings.values()) == {"refused: TypeError: Failed to fetch"}


def variables(account: Account) -> list[str]:
    user, _, password = account.prefect_auth.partition(":")
    address = f"{account.prefect_api_url}/variables/filter"
    return [found["name"] for found in requests.post(address, json={}, auth=(user, password), timeout=30).json()]


# --- the same by hand ----------------------------------------------------------------------------------------------------

BOUNDARY = "----WebKitFormBoundaryabc"
FORM = (
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="key"\r\n\r\n{FORM_KEY}\r\n'
    f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="blob"\r\n'
    f"Content-Type: application/octet-stream\r\n\r\nprint('from a page')\r\n--{BOUNDARY}--\r\n"
)
OF_A_PAGE = {"Origin": "http://pages.example", "Sec-Fetch-Mode": "no-cors", "Sec-Fetch-Site": "cross-site"}
MULTIPART = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def send(url: str, method: str, path: str, body: str = "", **headers: str) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)
    connection.request(method, path, body.encode(), headers)
    answer = connection.getresponse()
    answer.read()
    return answer


def assert_refused(answer: http.client.HTTPResponse) -> None:
    assert answer.status == 403
    assert [name for name, _ in answer.getheaders() if name.lower().startswith("access-control")] == []


@pytest.mark.parametrize(
    ("method", "path", "body", "headers"),
    [
        ("POST", f"/{ARTIFACTS_BUCKET}", FORM, {**OF_A_PAGE, **MULTIPART}),
        ("POST", f"/{ARTIFACTS_BUCKET}", FORM, MULTIPART),
        ("GET", f"/{ARTIFACTS_BUCKET}?list-type=2", "", {**OF_A_PAGE, "Authorization": MADE_UP}),
        ("GET", f"/{ARTIFACTS_BUCKET}?list-type=2", "", {"Authorization": MADE_UP}),
        ("OPTIONS", f"/{ARTIFACTS_BUCKET}", "", {**OF_A_PAGE, "Access-Control-Request-Headers": "authorization"}),
        ("POST", "/", "{}", {"X-Amz-Target": "AWSGlue.GetJobs"}),
        ("POST", "/", "Action=ListRoles&Version=2010-05-08", {"Content-Type": "application/x-www-form-urlencoded"}),
        ("POST", "/2015-03-31/functions/bovespa-trigger-glue-job/invocations", "{}", {}),
        ("POST", "/moto-api/reset", "", {}),
        ("GET", "/moto-api/data.json", "", {}),
        ("GET", "/latest/meta-data/iam/security-credentials/", "", {}),
        ("GET", "/", "", {}),
    ],
    ids=[
        *("a page's form", "a form", "a page that makes up a signature", "a made-up signature", "a preflight", "Glue"),
        *("IAM", "Lambda", "moto's reset", "moto's data", "an instance's credentials", "the buckets"),
    ],
)
def test_a_request_without_a_signature_is_403_whatever_it_asks(
    account: Account, method: str, path: str, body: str, headers: dict[str, str]
) -> None:
    assert_refused(send(account.endpoint_url, method, path, body, **headers))


def signed(account: Account, method: str = "GET", path: str = "/", *, host: str = "") -> dict[str, str]:
    """The headers of a rightly signed request to a host, which need not be the account's own name."""
    request = AWSRequest(method, f"http://{host or urlsplit(account.endpoint_url).netloc}{path}")
    S3SigV4Auth(Credentials(*account.keys()), "s3", account.region).add_auth(request)
    return dict(request.headers.items())


def test_a_name_that_is_made_to_lead_here_is_not_answered_however_it_is_signed(account: Account) -> None:
    port = urlsplit(account.endpoint_url).port
    assert send(account.endpoint_url, "GET", "/", **signed(account)).status == 200

    for host in (f"pages.example:{port}", f"localhost:{port}", "127.0.0.1"):
        assert_refused(send(account.endpoint_url, "GET", "/", Host=host, **signed(account, host=host)))


@pytest.mark.parametrize("origin", ["http://pages.example", "null", "http://127.0.0.1"])
def test_a_page_with_the_keys_is_not_answered_either(account: Account, origin: str) -> None:
    assert_refused(send(account.endpoint_url, "GET", "/", Origin=origin, **signed(account)))


def test_prefects_api_answers_only_who_knows_the_homes_secret(account: Account) -> None:
    for path in ("/api/variables/filter", "/api/flows/filter", "/api/deployments/filter"):
        assert send(account.prefect_ui_url, "POST", path, "{}").status == 401
        basic = {"Authorization": "Basic YWRtaW46YWRtaW4="}
        assert send(account.prefect_ui_url, "POST", path, "{}", **basic).status == 401
    allowed = send(account.prefect_ui_url, "GET", "/api/health", **OF_A_PAGE).getheader("Access-Control-Allow-Origin")
    assert allowed is None


@pytest.mark.parametrize("headers", [OF_A_PAGE, {"Host": "pages.example"}], ids=["origin", "host"])
def test_the_stand_in_and_the_webhook_answer_no_page(headers: dict[str, str]) -> None:
    with standin.serving() as stand_in, webhook.receiving() as inbox:
        assert send(stand_in.url, "GET", "/indexPage/day/IBOV", **headers).status == 403
        assert send(inbox.url, "POST", "/hook", '{"text": "from a page"}', **headers).status == 403
        with pytest.raises(queue.Empty):
            inbox.next(0)
    assert stand_in.requests == []
