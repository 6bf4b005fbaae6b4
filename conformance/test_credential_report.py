"""The credential report, the password policy, and which services somebody used."""

import contextlib
import csv
import io
import time

import pytest

from session import behaviour, document, refused, statement

COLUMNS = 22


@pytest.fixture
def no_password_policy(aws):
    """An account without a password policy, before and after."""

    def delete():
        with contextlib.suppress(aws.iam.exceptions.NoSuchEntityException):
            aws.iam.delete_account_password_policy()

    delete()
    yield
    delete()


def last_accessed(aws, arn: str) -> dict:
    """Wait for the job about an identity."""
    job = aws.iam.generate_service_last_accessed_details(Arn=arn)["JobId"]
    for _ in range(20):
        got = aws.iam.get_service_last_accessed_details(JobId=job)
        if got["JobStatus"] != "IN_PROGRESS":
            return got
        time.sleep(0.5)
    raise AssertionError("the job is not done")


@behaviour("A credential report is started, is complete later, and has a row for each user, in 22 columns by name")
def test_credential_report(aws):
    name = aws.new_user()
    for _ in range(20):
        if aws.iam.generate_credential_report()["State"] == "COMPLETE":
            break
        time.sleep(0.5)
    got = aws.iam.get_credential_report()
    assert got["ReportFormat"] == "text/csv"
    content = got["Content"]
    rows = {r["user"]: r for r in csv.DictReader(io.StringIO(content.decode()))}
    assert all(len(r) >= COLUMNS for r in rows.values())
    if name in rows:  # a report of up to four hours ago is given out again
        assert rows[name]["password_enabled"] == "false"
        assert rows[name]["access_key_1_active"] == "false"


@behaviour("The credential report has a row of the root user", moto="there is none", localemu="there is none")
def test_credential_report_root(aws):
    aws.iam.generate_credential_report()
    time.sleep(0.5)
    assert b"<root_account>,arn:aws:iam::" in aws.iam.get_credential_report()["Content"]


@behaviour("An account has no password policy until it sets one, which it does as a whole")
@pytest.mark.usefixtures("no_password_policy")
def test_password_policy(aws):
    with refused("NoSuchEntity", status=404):
        aws.iam.get_account_password_policy()
    aws.iam.update_account_password_policy(MinimumPasswordLength=14, RequireSymbols=True, MaxPasswordAge=90)
    got = aws.iam.get_account_password_policy()["PasswordPolicy"]
    assert (got["MinimumPasswordLength"], got["RequireSymbols"], got["MaxPasswordAge"]) == (14, True, 90)
    assert got["ExpirePasswords"]
    aws.iam.update_account_password_policy(MinimumPasswordLength=8)
    got = aws.iam.get_account_password_policy()["PasswordPolicy"]
    assert not got["RequireSymbols"]
    assert not got["ExpirePasswords"]
    aws.iam.delete_account_password_policy()
    with refused("NoSuchEntity"):
        aws.iam.delete_account_password_policy()


@behaviour(
    "Last accessed information lists the services that the policies allow",
    moto="is not served",
    localemu="is not served",
    awsim="is not served",
)
def test_last_accessed(aws):
    name = aws.new_user()
    aws.iam.put_user_policy(UserName=name, PolicyName="p", PolicyDocument=document(statement("Allow", "s3:GetObject")))
    got = last_accessed(aws, aws.iam.get_user(UserName=name)["User"]["Arn"])
    assert got["JobStatus"] == "COMPLETED"
    assert [s["ServiceNamespace"] for s in got["ServicesLastAccessed"]] == ["s3"]
    assert "LastAuthenticated" not in got["ServicesLastAccessed"][0]
    with refused("NoSuchEntity"):
        aws.iam.generate_service_last_accessed_details(Arn=f"arn:aws:iam::{aws.account}:user/nobody-at-all")


@behaviour("An account without TLS certificates lists none")
def test_no_server_certificates(aws):
    assert aws.iam.list_server_certificates()["ServerCertificateMetadataList"] == []


@behaviour(
    "Whoever is in no organization is told so when he asks for central root access",
    moto="is not served",
    localemu="is not served",
    awsim="is not served",
)
def test_organizations_features(aws):
    if aws.name != "twin":
        pytest.skip("the account of the sandbox may be in an organization")
    with refused("OrganizationNotFoundException"):
        aws.iam.list_organizations_features()
