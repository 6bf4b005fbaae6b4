"""Security Hub: on and off, and findings that others import."""

import contextlib
import json

import botocore.exceptions
import pytest

from session import behaviour, document, refused, statement, unique


@pytest.fixture
def hub(aws):
    """Security Hub, switched on."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("compared with the twin and moto only")
    client = aws.client("securityhub")
    with contextlib.suppress(botocore.exceptions.ClientError):
        client.enable_security_hub()
    return client


def finding(aws, **change) -> dict:
    """Return a finding of the account's own product that is in order."""
    made = {
        "SchemaVersion": "2018-10-08",
        "Id": unique("finding"),
        "ProductArn": f"arn:aws:securityhub:us-east-1:{aws.account}:product/{aws.account}/default",
        "GeneratorId": "suite",
        "AwsAccountId": aws.account,
        "Types": ["Software and Configuration Checks/Industry and Regulatory Standards"],
        "CreatedAt": "2026-01-02T03:04:05Z",
        "UpdatedAt": "2026-01-02T03:04:05Z",
        "Severity": {"Label": "HIGH"},
        "Title": "A key is old",
        "Description": "It was made a year ago.",
        "Resources": [{"Type": "AwsIamUser", "Id": f"arn:aws:iam::{aws.account}:user/a"}],
    }
    made |= change
    return {k: v for k, v in made.items() if v is not None}


@behaviour("Findings are imported and found again by their id, active and new")
def test_import(aws, hub):
    mine = finding(aws)
    got = hub.batch_import_findings(Findings=[mine])
    assert (got["SuccessCount"], got["FailedCount"], got["FailedFindings"]) == (1, 0, [])
    pages = hub.get_paginator("get_findings").paginate()
    (found,) = [f for p in pages for f in p["Findings"] if f["Id"] == mine["Id"]]
    assert (found["Title"], found["Severity"]["Label"]) == ("A key is old", "HIGH")


@behaviour("An imported finding is active and new until somebody says otherwise", moto="it has neither state")
def test_states(aws, hub):
    mine = finding(aws)
    hub.batch_import_findings(Findings=[mine])
    (found,) = hub.get_findings(Filters={"Id": [{"Value": mine["Id"], "Comparison": "EQUALS"}]})["Findings"]
    assert (found["RecordState"], found["Workflow"]["Status"]) == ("ACTIVE", "NEW")


@behaviour("The same id again replaces the finding", moto="it does not filter")
def test_update(aws, hub):
    mine = finding(aws)
    hub.batch_import_findings(Findings=[mine])
    hub.batch_import_findings(Findings=[mine | {"Title": "Older still", "UpdatedAt": "2026-02-02T03:04:05Z"}])
    (found,) = hub.get_findings(Filters={"Id": [{"Value": mine["Id"], "Comparison": "EQUALS"}]})["Findings"]
    assert found["Title"] == "Older still"


@behaviour(
    "What Amazon's format does not allow fails by itself, the rest is imported", moto="it does not check findings"
)
def test_failures(aws, hub):
    for change, why in (
        ({"Title": "x" * 257}, "data.Title should NOT be longer than 256"),
        ({"Severity": {"Label": "BAD"}}, "data.Severity.Label"),
        ({"Types": ["Nonsense"]}, "data.Types[0]"),
        ({"Types": None}, "FindingProviderFields"),
        ({"Resources": []}, "data.Resources"),
        ({"CreatedAt": "yesterday"}, "data.CreatedAt"),
        ({"SchemaVersion": "1"}, "data.SchemaVersion"),
        ({"AwsAccountId": "999988887777"}, "data.AwsAccountId"),
        ({"Remediation": {"Recommendation": {"Text": "x" * 513}}}, "data.Remediation.Recommendation.Text"),
        ({"ProductFields": {f"k{i}": "x" * 2000 for i in range(130)}}, "larger than"),
    ):
        good, bad = finding(aws), finding(aws, **change)
        got = hub.batch_import_findings(Findings=[good, bad])
        assert (got["SuccessCount"], got["FailedCount"]) == (1, 1), change
        (failed,) = got["FailedFindings"]
        assert (failed["Id"], failed["ErrorCode"]) == (bad["Id"], "InvalidInput")
        assert why in failed["ErrorMessage"], failed


@behaviour(
    "More than a hundred findings in a call are InvalidInputException, a hundred are not", moto="it takes any number"
)
def test_batch(aws, hub):
    many = [finding(aws) for _ in range(101)]
    with refused("InvalidInputException", status=400):
        hub.batch_import_findings(Findings=many)
    assert hub.batch_import_findings(Findings=many[:100])["SuccessCount"] == 100


@behaviour("Findings come by pages and are filtered", moto="it does not filter")
def test_pages(aws, hub):
    title = unique("title")
    wanted = [finding(aws, Title=title + str(i)) for i in range(5)]
    hub.batch_import_findings(Findings=[*wanted, finding(aws)])
    pages = hub.get_paginator("get_findings").paginate(
        Filters={"Title": [{"Value": title, "Comparison": "PREFIX"}]}, PaginationConfig={"PageSize": 2}
    )
    assert [f["Id"] for p in pages for f in p["Findings"]] == [f["Id"] for f in wanted]


@behaviour("Another region's product is InvalidInputException", moto="it is taken")
def test_wrong_product(aws, hub):
    other = f"arn:aws:securityhub:eu-west-1:{aws.account}:product/{aws.account}/default"
    with refused("InvalidInputException"):
        hub.batch_import_findings(Findings=[finding(aws, ProductArn=other)])


@behaviour("The caller's policies decide", moto="AccessDenied, where the service says AccessDeniedException")
@pytest.mark.usefixtures("hub")
def test_permissions(aws):
    product = f"arn:aws:securityhub:us-east-1:{aws.account}:product/{aws.account}/default"
    other, _ = aws.as_user(document(statement("Allow", "securityhub:BatchImportFindings", product)))
    assert other.client("securityhub").batch_import_findings(Findings=[finding(aws)])["SuccessCount"] == 1
    with refused("AccessDeniedException", status=403):
        other.client("securityhub").get_findings()


@behaviour(
    "Security Hub is enabled once in a region; where it is off, everything is InvalidAccessException",
    moto="it has findings where it is off",
)
def test_on_and_off(aws, hub):
    assert hub.describe_hub()["HubArn"] == f"arn:aws:securityhub:us-east-1:{aws.account}:hub/default"
    there = aws.there("securityhub")
    with refused("InvalidAccessException", "is not subscribed to AWS Security Hub", status=401):
        there.describe_hub()
    with refused("InvalidAccessException", status=401):
        there.get_findings()
    there.enable_security_hub()
    with refused("ResourceConflictException", status=409):
        there.enable_security_hub()
    there.disable_security_hub()
    with refused("InvalidAccessException", status=401):
        there.describe_hub()


@behaviour("The AWS CLI imports findings", moto="another HTTP status")
@pytest.mark.usefixtures("hub")
def test_cli(aws):
    mine = finding(aws)
    got = aws.cli("securityhub", "batch-import-findings", "--findings", json.dumps([mine]))
    assert got["SuccessCount"] == 1
    aws.cli("securityhub", "disable-security-hub")
    aws.cli("securityhub", "enable-security-hub")
    assert aws.cli("securityhub", "describe-hub")["AutoEnableControls"] is True
