"""Runs last: nothing that the twin serves has gone undriven by the AWS CLI or boto3."""

import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

import session
from session import behaviour

SERVICES = ("iam", "sts", "sqs", "sns", "events", "cloudtrail", "organizations")
# What a service says about an operation that it does not have.
UNKNOWN = ("InvalidAction", "UnknownOperation")


def answer(aws, service, operation) -> str:
    """Send the operation without parameters, signed by hand, and return the body of the answer."""
    model = aws.client(service).meta.service_model
    headers, body = {"Content-Type": "application/x-www-form-urlencoded"}, ""
    if model.metadata["protocol"] == "json":
        headers = {
            "Content-Type": f"application/x-amz-json-{model.metadata['jsonVersion']}",
            "X-Amz-Target": f"{model.metadata['targetPrefix']}.{operation}",
        }
        body = "{}"
    else:
        body = urllib.parse.urlencode({"Action": operation, "Version": model.api_version})
    request = botocore.awsrequest.AWSRequest("POST", aws.server.url + "/", headers, body)
    who = botocore.credentials.Credentials(aws.who.key, aws.who.secret)
    botocore.auth.SigV4Auth(who, model.signing_name, "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, body.encode(), dict(request.headers))  # noqa: S310
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=30) as got:
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
        and not any(code in answer(aws, service, operation) for code in UNKNOWN)
    }
    assert not served, "served and not driven"
