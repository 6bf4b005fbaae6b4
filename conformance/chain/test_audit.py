"""Schedule, function, report in the bucket, message: the template audit, in the account of the guard's stack."""

import json
import subprocess

import template
from conftest import WARDEN, ZIP, until


def test_audits_by_its_schedule(direct):
    """The schedule begins the function, which becomes the auditor, stores the report and tells people."""
    text = subprocess.run([WARDEN, "deploy", "template", "audit"], check=True, capture_output=True).stdout
    parameters = {
        "LambdaS3BucketName": "code", "LambdaZipfileName": ZIP.name, "LambdaArchitecture": "x86_64",
        "Schedule": "rate(1 minute)",
    }  # fmt: skip
    cf = direct.client("cloudformation")
    cf.create_stack(
        StackName="warden-audit",
        TemplateBody=json.dumps(template.for_ministack(text)),
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
    )

    def stack():
        s = cf.describe_stacks(StackName="warden-audit")["Stacks"][0]
        return None if s["StackStatus"].endswith("IN_PROGRESS") else s

    made = until(stack)
    assert made["StackStatus"] == "CREATE_COMPLETE", made
    outputs = {o["OutputKey"]: o["OutputValue"] for o in made["Outputs"]}
    inbox = f"arn:aws:sqs:us-east-1:{direct.account}:inbox"
    direct.client("sns").subscribe(TopicArn=outputs["TopicArn"], Protocol="sqs", Endpoint=inbox)
    try:
        told = until(lambda: direct.messages("warden audit", direct.account), seconds=180)
    finally:
        cf.delete_stack(StackName="warden-audit")  # it would begin again every minute
    message = json.loads(told[0]["Message"])
    assert message["kind"] == "audit", message
    report = message["report"]
    assert report["unknown"] > 0, "ministack has no credential report, and that was not said"
    kept = {o["what"]: o["uri"].removeprefix(f"s3://{outputs['ReportBucket']}/") for o in report["objects"]}
    assert set(kept) == {"html", "json", "csv"}
    body = direct.client("s3").get_object(Bucket=outputs["ReportBucket"], Key=kept["json"])["Body"].read()
    assert json.loads(body)["account"] == direct.account
