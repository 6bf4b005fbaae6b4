"""The forms of an audit, held to schemas that others publish, and findings pushed to a Security Hub."""

import json
import os
import subprocess

import botocore.exceptions
import jsonschema
import pytest
from ocsf_json_schema import OcsfJsonSchemaEmbedded, get_ocsf_schema
from py_ocsf_models.events.findings.compliance_finding import ComplianceFinding
from py_ocsf_models.events.findings.detection_finding import DetectionFinding

import environment
import servers
from session import behaviour, document, statement

REGION = "eu-west-3"
# The schema of OASIS as Microsoft ships it; make fetches it.
SARIF = ".tools/sarif/package/lib/schemas/sarif-2.1.0-rtm.5.json"


@pytest.fixture(scope="module")
def top(request):
    """The folder of the project."""
    return request.config.rootpath.parent


@pytest.fixture(scope="module")
def warden(aws, top):
    """Run warden as the administrator, and return its exit status, output and errors."""

    def run(*words, status=0):
        env = environment.clean(
            AWS_ACCESS_KEY_ID=aws.who.key,
            AWS_SECRET_ACCESS_KEY=aws.who.secret,
            AWS_ENDPOINT_URL=aws.server.url,
            HOME=os.devnull,
        )
        done = subprocess.run(
            [str(top / "bin/warden"), *map(str, words)],
            env=env,
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )
        assert done.returncode == status, done.stderr
        return done.stdout, done.stderr

    return run


@pytest.fixture(scope="module")
def account(aws, warden, tmp_path_factory):
    """What warden collects of the target, in which somebody can become an administrator."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("shown with the twin and moto")
    aws.new_user(document(statement("Allow", ["iam:AttachUserPolicy", "iam:CreateAccessKey"])))
    file = tmp_path_factory.mktemp("audit") / "account.json"
    warden("collect", "--out", file)
    return file


@behaviour("The form ocsf is what OCSF's own schema and Prowler's models take")
def test_ocsf(warden, account):
    out, _ = warden("audit", "--from", account, "-o", "ocsf", "--fail-on", "none")
    events = [json.loads(line) for line in out.splitlines()]
    assert {e["class_uid"] for e in events} == {2003, 2004}
    for version in ("1.5.0", "1.6.0"):
        schema = OcsfJsonSchemaEmbedded(get_ocsf_schema(version))
        names = {2003: "compliance_finding", 2004: "detection_finding"}
        check = {
            uid: jsonschema.Draft202012Validator(schema.get_class_schema(n, ["cloud"])) for uid, n in names.items()
        }
        for event in events:
            check[event["class_uid"]].validate(event)
    for event in events:
        {2003: ComplianceFinding, 2004: DetectionFinding}[event["class_uid"]](**event)
    # The check is one.
    del events[0]["finding_info"]
    with pytest.raises(jsonschema.ValidationError):
        check[events[0]["class_uid"]].validate(events[0])


@behaviour("The form sarif is what the schema of SARIF 2.1.0 takes, of audit and of lint")
def test_sarif(warden, account, top):
    file = top / SARIF
    if not file.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"{SARIF} is missing: run this by make, which fetches it")
        pytest.skip(f"no {SARIF}: make fetches it where npm is")
    schema = json.loads(file.read_text())
    check = jsonschema.validators.validator_for(schema)(schema)
    for words in (["audit", "--from", account], ["audit", "--all", "--from", account], ["lint", account]):
        out, _ = warden(*words, "-o", "sarif", "--fail-on", "none")
        log = json.loads(out)
        check.validate(log)
        assert log["runs"][0]["results"]
    log["runs"][0]["results"][0]["level"] = "bad"
    assert not check.is_valid(log)


@behaviour("The form json is what warden's own schema takes")
def test_json(warden, account, top):
    schema = json.loads((top / "report/schema.json").read_text())
    check = jsonschema.Draft202012Validator(schema, format_checker=jsonschema.FormatChecker())
    for words in ([], ["--benchmark", "cis-7.0"], ["--inventory"]):
        out, _ = warden("audit", "--from", account, "-o", "json", "--fail-on", "none", *words)
        check.validate(json.loads(out))


@behaviour("The form asff is what BatchImportFindings takes, by boto3's own check of it and by the server's")
def test_asff(aws, warden, account):
    region = "eu-west-2"
    out, _ = warden("audit", "--from", account, "-o", "asff", "--region", region, "--fail-on", "none")
    findings = json.loads(out)
    assert {f["Compliance"]["Status"] for f in findings} == {"FAILED", "PASSED", "WARNING", "NOT_AVAILABLE"}
    hub = servers.client(aws.server.url, aws.who, "securityhub", region)
    hub.enable_security_hub()
    for start in range(0, len(findings), 100):
        batch = findings[start : start + 100]
        got = hub.batch_import_findings(Findings=batch)
        assert (got["FailedCount"], got["SuccessCount"]) == (0, len(batch)), got
    with pytest.raises(botocore.exceptions.ParamValidationError):
        hub.batch_import_findings(Findings=[findings[0] | {"Warden": 1}])


@behaviour("Security Hub takes every finding, keeps the date of those it had, and sees them end")
def test_push(aws, warden, account, tmp_path):
    hub = servers.client(aws.server.url, aws.who, "securityhub", REGION)
    push = (
        "audit",
        "--push-security-hub",
        "--region",
        REGION,
        "--fail-on",
        "none",
        "-o",
        "csv",
        "--control",
        "user.mfa,root.mfa,principal.admin",
    )
    if aws.name == "twin":
        _, said = warden(*push, "--from", account, status=1)
        assert f"no Security Hub is enabled in account {aws.account}, region {REGION}" in said
    hub.enable_security_hub()

    def has():
        pages = hub.get_paginator("get_findings").paginate()
        return {f["Id"]: f for page in pages for f in page["Findings"] if f["GeneratorId"].startswith("warden/")}

    _, said = warden(*push, "--from", account)
    assert "nothing was sent; --apply sends" in said
    assert not has()
    warden(*push, "--from", account, "--apply")
    first = has()
    assert {f["Compliance"]["Status"] for f in first.values()} <= {"FAILED", "WARNING"}
    assert f"warden/{aws.account}/" in next(iter(first))
    # Again, and then with evidence in which nobody is an administrator any more.
    warden(*push, "--from", account, "--apply")
    again = has()
    assert again.keys() == first.keys()
    assert all(
        again[i]["CreatedAt"] == first[i]["CreatedAt"] and again[i]["UpdatedAt"] > first[i]["UpdatedAt"] for i in first
    )
    snapshot = json.loads(account.read_text())
    for kind in ("users", "groups", "roles"):
        for who in snapshot[kind]:
            who.pop("attached", None)
            who.pop("inline", None)
    later = tmp_path / "later.json"
    later.write_text(json.dumps(snapshot))
    warden(*push, "--from", later, "--apply")
    ended = {f["RecordState"] for f in has().values() if f["GeneratorId"] == "warden/principal.admin"}
    assert ended == {"ARCHIVED"}
