"""What the account keeps of the descriptions of AWS's services serves as well as the whole of it."""

from __future__ import annotations

import json
import subprocess
import sys

LOOK = """
import json, sys
if "lean" in sys.argv:
    from local.account.service_models import load_leanly
    load_leanly()
import botocore.session
from moto.core.utils import get_service_model

def shape(found, seen=()):
    members = getattr(found, "members", {}) if found and found.name not in seen else {}
    return {name: shape(item, (*seen, found.name)) for name, item in members.items()}

session = botocore.session.get_session()
known = {}
for service in ("s3", "glue", "sns"):
    get_service_model(service)  # moto adds operations to what it has read
    model = session.get_service_model(service)
    for name in model.operation_names:
        operation = model.operation_model(name)
        known[f"{service} {name}"] = [operation.http, shape(operation.input_shape), shape(operation.output_shape)]
told = [session.get_service_model("s3").operation_model("PutObject").documentation, get_service_model("s3").documentation]
print(json.dumps({"known": known, "told": told}))
"""


def look(*arguments: str) -> dict[str, object]:
    done = subprocess.run([sys.executable, "-c", LOOK, *arguments], capture_output=True, text=True, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_of_a_description_all_but_the_documentation_is_there() -> None:
    whole, lean = look(), look("lean")
    assert lean["known"] == whole["known"]
    assert lean["told"] == ["", ""]
    assert whole["told"] != ["", ""]
