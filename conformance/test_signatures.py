"""Requests that are not signed as they should be."""

import dataclasses
import datetime
import urllib.error
import urllib.parse
import urllib.request

import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from servers import Credentials
from session import behaviour, document, refused, statement

ALLOW_ALL = document(statement("Allow", "*"))


@behaviour(
    "A bad secret is SignatureDoesNotMatch, 403",
    localemu="signatures are not verified",
    awsim="signatures are not verified",
)
def test_bad_secret(aws):
    user, _ = aws.as_user(ALLOW_ALL)
    user.iam.list_users(MaxItems=1)
    bad = aws.be(dataclasses.replace(user.who, secret="x" * 40))
    with refused("SignatureDoesNotMatch", status=403):
        bad.iam.list_users(MaxItems=1)
    with refused("SignatureDoesNotMatch", status=403):
        bad.sts.get_caller_identity()


@behaviour(
    "An unknown key is InvalidClientTokenId, 403",
    localemu="refused, but as AccessDenied",
    awsim="signatures are not verified",
)
def test_unknown_key(aws):
    nobody = aws.be(Credentials("AKIA" + "Z" * 16, "x" * 40))
    with refused("InvalidClientTokenId", "The security token included in the request is invalid", status=403):
        nobody.iam.list_users(MaxItems=1)


@behaviour(
    "An inactive key is InvalidClientTokenId until it is active again",
    moto="an inactive key works on",
    localemu="refused, but as AccessDenied",
    awsim="an inactive key works on",
)
def test_inactive_key(aws):
    user, name = aws.as_user(ALLOW_ALL)
    user.iam.list_users(MaxItems=1)
    aws.iam.update_access_key(UserName=name, AccessKeyId=user.who.key, Status="Inactive")
    with refused("InvalidClientTokenId", status=403):
        user.iam.list_users(MaxItems=1)
    aws.iam.update_access_key(UserName=name, AccessKeyId=user.who.key, Status="Active")
    user.iam.list_users(MaxItems=1)


@behaviour(
    "A temporary key without its token, or with another's, is InvalidClientTokenId",
    localemu="refused, but as AccessDenied",
    awsim="the caller's name is taken to be the key's id",
)
def test_bad_token(aws):
    one, two = (aws.as_role(ALLOW_ALL)[1].who for _ in "ab")
    aws.be(one).iam.list_users(MaxItems=1)
    with refused("InvalidClientTokenId", status=403):
        aws.be(dataclasses.replace(one, token=None)).iam.list_users(MaxItems=1)
    with refused("InvalidClientTokenId", status=403):
        aws.be(dataclasses.replace(one, token=two.token)).iam.list_users(MaxItems=1)


@behaviour(
    "Services of the JSON protocols have names of their own: UnrecognizedClientException, 400",
    moto="answers in XML with the query protocol's code",
    localemu="refused, but as AccessDenied",
    awsim="signatures are not verified",
)
def test_unknown_key_json(aws):
    nobody = aws.be(Credentials("AKIA" + "Z" * 16, "x" * 40))
    with refused("UnrecognizedClientException", status=400):
        nobody.client("events").list_rules()
    with refused("UnrecognizedClientException", status=400):
        nobody.client("cloudtrail").lookup_events()


def post(aws, body, who=None, service="iam", when=None, tamper=None):
    """Send one call of the query protocol, signed by hand, and return status and body."""
    data = urllib.parse.urlencode(body)
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    request = botocore.awsrequest.AWSRequest("POST", aws.server.url + "/", headers, data)
    if who is not None:
        signer = botocore.auth.SigV4Auth(botocore.credentials.Credentials(who.key, who.secret), service, "us-east-1")
        with pytest.MonkeyPatch.context() as m:
            if when is not None:
                m.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: when, raising=True)
            signer.add_auth(request)
    if tamper is not None:
        tamper(request)
    sent = urllib.request.Request(  # noqa: S310
        request.url, request.data.encode() if isinstance(request.data, str) else request.data, dict(request.headers)
    )
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(sent, timeout=30) as got:
            return got.status, got.read().decode()
    except urllib.error.HTTPError as e:
        return e.code, e.read().decode()


LIST = {"Action": "ListUsers", "Version": "2010-05-08", "MaxItems": "1"}


@behaviour("An answer of the query protocol is XML in the service's namespace, with a request id")
def test_signed_by_hand(aws):
    status, text = post(aws, LIST, aws.who)
    assert status == 200
    assert "https://iam.amazonaws.com/doc/2010-05-08/" in text
    assert "<RequestId>" in text


@behaviour(
    "A request without a signature is MissingAuthenticationToken, 403",
    moto="500",
    localemu="refused, but as AccessDenied",
    awsim="refused, with another code",
)
def test_unsigned(aws):
    status, text = post(aws, LIST)
    assert (status, "MissingAuthenticationToken" in text) == (403, True)


@behaviour(
    "A body changed after signing is SignatureDoesNotMatch",
    localemu="signatures are not verified",
    awsim="signatures are not verified",
)
def test_tampered_body(aws):
    def tamper(request):
        request.data = urllib.parse.urlencode(LIST | {"MaxItems": "2"})

    status, text = post(aws, LIST, aws.who, tamper=tamper)
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


@behaviour(
    "A signature of another service is SignatureDoesNotMatch",
    localemu="signatures are not verified",
    awsim="signatures are not verified",
)
def test_wrong_scope(aws):
    def tamper(request):
        request.headers.replace_header("Authorization", request.headers["Authorization"].replace("/sts/", "/iam/"))

    status, text = post(aws, LIST, aws.who, service="sts", tamper=tamper)
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)


@behaviour(
    "A signature of an hour ago is SignatureDoesNotMatch: Signature expired",
    moto="the date is not looked at",
    localemu="signatures are not verified",
    awsim="signatures are not verified",
)
def test_old_signature(aws):
    when = datetime.datetime.now(datetime.UTC).replace(tzinfo=None) - datetime.timedelta(hours=1)
    status, text = post(aws, LIST, aws.who, when=when)
    assert (status, "SignatureDoesNotMatch" in text) == (403, True)
    assert "Signature expired" in text


@behaviour(
    "A call that the service does not have is InvalidAction, 400",
    moto="500",
    localemu="500",
    awsim="refused, with another code",
)
def test_unknown_action(aws):
    status, text = post(aws, LIST | {"Action": "FlyToTheMoon"}, aws.who)
    assert (status, "InvalidAction" in text) == (400, True)
