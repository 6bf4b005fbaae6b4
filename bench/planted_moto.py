"""Serve a planted account by moto: python bench/planted_moto.py FOLDER PORT.

The folder is what `go run ./bench/plant` writes. The account is put into moto's own models, because no API sets ages.
The credential report is the planted one, word for word: moto's own has no line for the root user, and other words than
AWS's.

GET /__calls answers how many calls of which operation came since the last time it was asked.
"""

import collections
import io
import json
import os
import sys
import threading
import urllib.parse
from datetime import datetime
from pathlib import Path
from typing import Any

ACCOUNT = "111122223333"
os.environ["MOTO_ACCOUNT_ID"] = ACCOUNT  # before moto is imported

from moto.core.responses import ActionResult  # noqa: E402
from moto.iam.models import (  # noqa: E402
    AccessKey,
    AccessKeyLastUsed,
    AccountPasswordPolicy,
    AWSManagedPolicy,
    Group,
    IAMBackend,
    InstanceProfile,
    ManagedPolicy,
    MFADevice,
    Role,
    User,
    VirtualMfaDevice,
    iam_backends,
)
from moto.iam.responses import IamResponse  # noqa: E402
from moto.moto_server.werkzeug_app import (  # noqa: E402
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import run_simple  # noqa: E402

REGION = "us-east-1"


def when(text: str) -> datetime:
    """Read a time as moto keeps it: in UTC, without a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=None)


def is_date(text: str) -> bool:
    """Tell a date of the credential report from the words that stand there instead."""
    return text[:1].isdigit()


class Loader:
    """Puts an account into moto's model of IAM."""

    def __init__(self, account: dict[str, Any], backend: IAMBackend) -> None:
        """Take the account as `warden` writes it."""
        self.account, self.backend = account, backend

    def load(self) -> None:
        """Load policies before those who have them."""
        for p in self.account["policies"]:
            self.policy(p)
        for g in self.account["groups"]:
            group = Group(ACCOUNT, REGION, g["name"], g["path"])
            self.backend.groups[g["name"]] = self.holder(group, g)
        rows = {r["user"]: r for r in self.account["credentialReport"]["rows"]}
        for u in self.account["users"]:
            self.user(u, rows[u["name"]])
        for r in self.account["roles"]:
            self.role(r)
        self.settings()

    def policy(self, p: dict[str, Any]) -> None:
        """Make a managed policy, AWS's or the account's."""
        kind = AWSManagedPolicy if ":iam::aws:" in p["arn"] else ManagedPolicy
        document = json.dumps(p["versions"][0]["document"])
        made = kind(p["name"], account_id=ACCOUNT, region=REGION, path=p["path"], document=document)
        made.id, made.create_date, made.update_date = p["id"], when(p["createDate"]), when(p["updateDate"])
        self.backend.managed_policies[made.arn] = made

    def holder(self, made: Any, of: dict[str, Any]) -> Any:
        """Give somebody id, date and policies."""
        made.id, made.create_date = of["id"], when(of["createDate"])
        for p in of.get("inline", []):
            made.policies[p["name"]] = json.dumps(p["document"])
        for arn in of.get("attached", []):
            self.backend.managed_policies[arn].attach_to(made)
        return made

    def user(self, u: dict[str, Any], row: dict[str, Any]) -> None:
        """Make a user with the credentials that the report tells of."""
        made = self.holder(User(ACCOUNT, REGION, u["name"], u["path"]), u)
        if row["passwordEnabled"].lower() == "true":
            made.password = "planted"
            if is_date(row["passwordLastUsed"]):
                made.password_last_used = when(row["passwordLastUsed"])
        if row["mfa"].lower() == "true":
            serial = f"arn:aws:iam::{ACCOUNT}:mfa/{u['name']}"
            made.mfa_devices[serial] = MFADevice(serial, "123456", "654321")
        for k in row["keys"]:
            if not is_date(k["lastRotated"]):
                continue
            key = AccessKey(u["name"], "AKIA", ACCOUNT, "Active" if k["active"].lower() == "true" else "Inactive")
            key.create_date = when(k["lastRotated"])
            if is_date(k["lastUsed"]):
                key.last_used = AccessKeyLastUsed(when(k["lastUsed"]), k["service"], k["region"])
            made.access_keys.append(key)
            self.backend.access_keys[key.physical_resource_id] = key
        if u.get("boundary"):  # moto knows those of roles only
            kind = "PermissionsBoundaryPolicy"
            made.permissions_boundary = {"PermissionsBoundaryType": kind, "PermissionsBoundaryArn": u["boundary"]}
        self.backend.users[u["name"]] = made
        for name in u.get("groups", []):
            self.backend.groups[name].users.append(made)
        tags = [{"Key": k, "Value": v} for k, v in u.get("tags", {}).items()]
        self.backend.tagger.tag_resource(made.arn, tags)

    def role(self, r: dict[str, Any]) -> None:
        """Make a role, with the instance profile that holds it."""
        trust = json.dumps(r["trust"])
        made = Role(ACCOUNT, "aws", r["id"], r["name"], trust, r["path"], r.get("boundary"), "", {}, "3600")
        self.holder(made, r)
        if r.get("lastUsed"):
            made.last_used, made.last_used_region = when(r["lastUsed"]["date"]), r["lastUsed"]["region"]
        self.backend.roles[made.id] = made
        if r.get("profiles"):
            profile = InstanceProfile(ACCOUNT, REGION, "AIPA" + r["name"], r["name"], "/", [made])
            self.backend.instance_profiles[r["name"]] = profile

    def settings(self) -> None:
        """Set password policy, summary and virtual devices."""
        policy = self.account["passwordPolicy"]["value"]
        if policy["set"]:
            self.backend.account_password_policy = AccountPasswordPolicy(
                allow_change_password=policy.get("allowUsersToChangePassword", False),
                hard_expiry=0,
                max_password_age=policy.get("maxAge", 0),
                minimum_password_length=policy.get("minimumLength", 6),
                password_reuse_prevention=policy.get("reusePrevention") or None,
                require_lowercase_characters=policy.get("requireLowercase", False),
                require_numbers=policy.get("requireNumbers", False),
                require_symbols=policy.get("requireSymbols", False),
                require_uppercase_characters=policy.get("requireUppercase", False),
            )
        counters = self.account["summary"]["value"]
        summary = type(self.backend.account_summary)
        theirs = summary.summary_map.fget
        summary.summary_map = property(lambda s: theirs(s) | counters)
        for d in self.account["virtualMFA"]["value"]:
            if d["serial"].endswith("root-account-mfa-device"):
                device = VirtualMfaDevice(ACCOUNT, REGION, "/root-account-mfa-device")
                device.enable_date = when(d["enabled"])
                device.user_attribute = {"Arn": f"arn:aws:iam::{ACCOUNT}:root", "UserId": ACCOUNT}
                self.backend.virtual_mfa_devices[device.serial_number] = device


class Counter:
    """Counts the calls that go through to an application, by operation."""

    def __init__(self, application: Any) -> None:
        """Stand before an application."""
        self.application, self.lock, self.calls = application, threading.Lock(), collections.Counter()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        """Answer for the numbers, or count and pass on."""
        if environ["PATH_INFO"] == "/__calls":
            with self.lock:
                body, self.calls = json.dumps(self.calls).encode(), collections.Counter()
            start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
            return [body]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        name = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2]
        if not name:
            form = urllib.parse.parse_qs(body.decode("latin-1"))
            name = form.get("Action", [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}"])[0]
        with self.lock:
            self.calls[name] += 1
        return self.application(environ, start_response)


def main(folder: Path, port: int) -> None:
    """Load the account and serve it."""
    account = json.loads((folder / "account.json").read_text())
    report = (folder / "report.csv").read_text()
    made = account["credentialReport"]["at"]
    Loader(account, iam_backends[ACCOUNT]["aws"]).load()
    IamResponse.get_credential_report = lambda _: ActionResult(
        {"Content": report, "ReportFormat": "text/csv", "GeneratedTime": made}
    )
    application = Counter(DomainDispatcherApplication(create_backend_app))
    run_simple("127.0.0.1", port, application, threaded=True, request_handler=MotoRequestHandler)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
