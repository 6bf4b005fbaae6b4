"""Runs last: nothing that the twin serves has gone undriven by the AWS CLI or boto3."""

import re
import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import session
from session import behaviour

SERVICES = (
    "iam",
    "sts",
    "sqs",
    "sns",
    "events",
    "cloudtrail",
    "organizations",
    "s3",
    "securityhub",
    "logs",
    "cloudwatch",
    "config",
    "accessanalyzer",
    "kms",
    "ec2",
)
# What a service says about an operation that it does not have.
UNKNOWN = ("InvalidAction", "UnknownOperation", "NotImplemented")
# What on the wire differs from an operation of the twin only by parameters, with which the twin refuses it.
HIDDEN = (
    "CopyObject",
    "AbortMultipartUpload",
    "ListDirectoryBuckets",
    "ListParts",
    "SelectObjectContent",
    "UploadPart",
    "UploadPartCopy",
)


def answer(aws, service, operation) -> str:
    """Send the operation without parameters, signed by hand, and return the body of the answer."""
    model = aws.client(service).meta.service_model
    if model.metadata["protocol"].startswith("rest"):
        http = model.operation_model(operation).http
        path = re.sub(r"\{[^}]+\}", "none-of-this-name", http["requestUri"])
        return sent(aws, model, botocore.awsrequest.AWSRequest(http["method"], aws.server.url + path))
    headers, body = {"Content-Type": "application/x-www-form-urlencoded"}, ""
    if model.metadata["protocol"] == "json":
        headers = {
            "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
        }
        body = "{}"
    else:
        body = urllib.parse.urlencode({"Action": operation, "Version": model.api_version})
    return sent(aws, model, botocore.awsrequest.AWSRequest("POST", aws.server.url + "/", headers, body))


def sent(aws, model, request) -> str:
    """Sign and send a request and return the body of the answer."""
    who = botocore.credentials.Credentials(aws.who.key, aws.who.secret)
    auth = botocore.auth.S3SigV4Auth if model.service_name == "s3" else botocore.auth.SigV4Auth
    auth(who, model.signing_name, "us-east-1").add_auth(request)
    body = request.data.encode() if request.data else None
    made = urllib.request.Request(request.url, body, dict(request.headers), method=request.method)  # noqa: S310
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(made, timeout=30) as got:
            return got.read().decode()
    except urllib.error.HTTPError as e:
        return e.read().decode() + e.headers.get("x-amzn-errortype", "")


@behaviour("Every operation that the twin serves is driven by this suite")
def test_every_operation_is_driven(aws, request):
    if aws.name != "twin" or not request.config.getoption("--complete"):
        pytest.skip("only after the whole suite, against the twin")
    served = {
        (service, operation)
        for service in SERVICES
        for operation in aws.client(service).meta.service_model.operation_names
        if (service, operation) not in session.driven
        and operation not in HIDDEN
        and not any(code in answer(aws, service, operation) for code in UNKNOWN)
    }
    assert not served, f"served and not driven: {sorted(served)}"
