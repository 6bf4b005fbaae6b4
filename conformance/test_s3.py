"""Amazon S3: objects, and the settings that say who can reach a bucket."""

import json
import urllib.error
import urllib.request

import boto3
import botocore.auth
import botocore.awsrequest
import botocore.credentials
import pytest

from session import behaviour, document, refused, statement, unique


@pytest.fixture
def bucket(aws):
    """A new bucket in us-east-1."""
    compared(aws)
    name = unique("bucket")
    aws.client("s3").create_bucket(Bucket=name)
    return name


def compared(aws):
    """Skip where nobody has looked yet."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("compared with the twin and moto only")


def everybody(bucket: str, **condition) -> str:
    """Return a bucket policy that lets everybody read."""
    allow = statement("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal="*")
    return document(allow | ({"Condition": condition} if condition else {}))


def opened(aws, bucket: str) -> str:
    """Switch the bucket's public access block off and return its name."""
    aws.client("s3").delete_public_access_block(Bucket=bucket)
    return bucket


@behaviour("An object comes back as it was put, with its type, metadata and ETag")
def test_object(aws, bucket):
    s3, key = aws.client("s3"), "reports/2026 é+1%.json"
    put = s3.put_object(
        Bucket=bucket, Key=key, Body=b'{"a":1}', ContentType="application/json", Metadata={"by": "audit"}
    )
    got = s3.get_object(Bucket=bucket, Key=key)
    assert got["Body"].read() == b'{"a":1}'
    assert (got["ContentType"], got["Metadata"], got["ETag"]) == ("application/json", {"by": "audit"}, put["ETag"])
    head = s3.head_object(Bucket=bucket, Key=key)
    assert (head["ContentLength"], head["ETag"]) == (7, put["ETag"])


@behaviour("A key that is not there is NoSuchKey, 404 without words for HeadObject, and deleting it is no error")
def test_no_object(aws, bucket):
    s3 = aws.client("s3")
    with refused("NoSuchKey", status=404):
        s3.get_object(Bucket=bucket, Key="none")
    with refused("404", status=404):
        s3.head_object(Bucket=bucket, Key="none")
    s3.delete_object(Bucket=bucket, Key="none")


@behaviour("A bucket that nobody has is NoSuchBucket, 404")
def test_no_bucket(aws):
    compared(aws)
    with refused("NoSuchBucket", status=404):
        aws.client("s3").list_objects_v2(Bucket=unique("none"))
    with refused("NoSuchBucket", status=404):
        aws.client("s3").get_bucket_policy(Bucket=unique("none"))
    with refused("404", status=404):
        aws.client("s3").head_bucket(Bucket=unique("none"))


@behaviour("With If-None-Match: * an object that is there is not replaced")
def test_only_if_new(aws, bucket):
    s3 = aws.client("s3")
    s3.put_object(Bucket=bucket, Key="k", Body=b"1", IfNoneMatch="*")
    with refused("PreconditionFailed", status=412):
        s3.put_object(Bucket=bucket, Key="k", Body=b"2", IfNoneMatch="*")
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


@behaviour("A body that does not fit its Content-MD5 is BadDigest", moto="it does not look at it")
def test_digest(aws, bucket):
    with refused("BadDigest", status=400):
        aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"1", ContentMD5="1B2M2Y8AsgTpgAmY7PhCfg==")


@behaviour("Keys are listed in order, by pages, below a prefix, and folded at a delimiter")
def test_listing(aws, bucket):
    s3 = aws.client("s3")
    for key in ("b/1", "a/é 1", "a/2", "c", "b/x/y"):
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [o["Key"] for p in pages for o in p.get("Contents", [])] == ["a/2", "a/é 1", "b/1", "b/x/y", "c"]
    folded = s3.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert [p["Prefix"] for p in folded["CommonPrefixes"]] == ["a/", "b/"]
    assert [o["Key"] for o in folded["Contents"]] == ["c"]
    assert folded["KeyCount"] == 3
    below = s3.list_objects_v2(Bucket=bucket, Prefix="b/", StartAfter="b/1")
    assert [o["Key"] for o in below["Contents"]] == ["b/x/y"]


@behaviour("A bucket in us-east-1 has no location constraint, another one its region; a bucket with objects stays")
def test_location(aws, bucket):
    s3 = aws.client("s3")
    assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] is None
    away = unique("bucket")
    s3.create_bucket(Bucket=away, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    assert s3.get_bucket_location(Bucket=away)["LocationConstraint"] == "eu-west-1"
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    with refused("BucketNotEmpty", status=409):
        s3.delete_bucket(Bucket=bucket)
    s3.delete_object(Bucket=bucket, Key="k")
    s3.delete_bucket(Bucket=bucket)
    with refused("404"):
        s3.head_bucket(Bucket=bucket)


@behaviour("A new bucket blocks all public access", moto="it has no public access block")
def test_new_buckets_are_closed(aws, bucket):
    got = aws.client("s3").get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert got == dict.fromkeys(got, True)
    assert len(got) == 4


@behaviour("A public access block is what was put, and NoSuchPublicAccessBlockConfiguration without one")
def test_public_access_block(aws, bucket):
    s3 = aws.client("s3")
    want = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": False,
    }
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=want)
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == want
    s3.delete_public_access_block(Bucket=bucket)
    with refused("NoSuchPublicAccessBlockConfiguration", status=404):
        s3.get_public_access_block(Bucket=bucket)


@behaviour("A bucket policy comes back as it was put, and without one there is NoSuchBucketPolicy")
def test_policy(aws, bucket):
    s3 = aws.client("s3")
    with refused("NoSuchBucketPolicy", status=404):
        s3.get_bucket_policy(Bucket=bucket)
    text = document(
        statement(
            "Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*", Principal={"AWS": f"arn:aws:iam::{aws.account}:root"}
        )
    )
    s3.put_bucket_policy(Bucket=bucket, Policy=text)
    assert json.loads(s3.get_bucket_policy(Bucket=bucket)["Policy"]) == json.loads(text)
    s3.delete_bucket_policy(Bucket=bucket)
    with refused("NoSuchBucketPolicy"):
        s3.get_bucket_policy(Bucket=bucket)


@behaviour("Without a policy there is no policy status: NoSuchBucketPolicy")
def test_no_policy_status(aws, bucket):
    with refused("NoSuchBucketPolicy", status=404):
        aws.client("s3").get_bucket_policy_status(Bucket=bucket)


@behaviour("A policy for everybody is public")
def test_public_policy(aws, bucket):
    s3 = aws.client("s3")
    s3.put_bucket_policy(Bucket=opened(aws, bucket), Policy=everybody(bucket))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True


@behaviour(
    "A policy for everybody with a condition on wide addresses, or on a pattern, is public too",
    moto="its policy status is always false",
)
def test_widely_public_policy(aws, bucket):
    s3 = aws.client("s3")
    opened(aws, bucket)
    for condition in (
        {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}},
        {"StringLike": {"aws:PrincipalOrgID": "o-*"}},
        {"StringNotEquals": {"aws:SourceVpc": "vpc-1"}},
        {"StringEquals": {"aws:UserAgent": "x"}},
    ):
        s3.put_bucket_policy(Bucket=bucket, Policy=everybody(bucket, **condition))
        assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True, condition


@behaviour("A policy for everybody from a fixed network, organisation or account is not public")
def test_narrow_policy(aws, bucket):
    s3 = aws.client("s3")
    for condition in (
        {"IpAddress": {"aws:SourceIp": ["192.0.2.0/24", "198.51.100.1"]}},
        {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        {"StringEquals": {"aws:SourceVpce": "vpce-1a2b3c4d"}},
    ):
        s3.put_bucket_policy(Bucket=bucket, Policy=everybody(bucket, **condition))
        assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False, condition


@behaviour("While public policies are blocked, a public one is refused", moto="it is taken")
def test_blocked_policy(aws, bucket):
    with refused("AccessDenied", "BlockPublicPolicy", status=403):
        aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=everybody(bucket))


@behaviour("New buckets have access control lists switched off", moto="they have them on")
def test_acls_are_off(aws, bucket):
    with refused("AccessControlListNotSupported", status=400):
        aws.client("s3").put_bucket_acl(Bucket=opened(aws, bucket), ACL="public-read")


@behaviour("An access control list names its grants, beside the owner's full control")
def test_acl(aws):
    compared(aws)
    s3, name = aws.client("s3"), unique("bucket")
    s3.create_bucket(Bucket=name, ObjectOwnership="ObjectWriter")
    (own,) = s3.get_bucket_acl(Bucket=name)["Grants"]
    assert (own["Permission"], own["Grantee"]["Type"]) == ("FULL_CONTROL", "CanonicalUser")
    s3.put_bucket_acl(Bucket=opened(aws, name), ACL="public-read")
    got = s3.get_bucket_acl(Bucket=name)["Grants"]
    groups = {(g["Grantee"]["URI"], g["Permission"]) for g in got if g["Grantee"]["Type"] == "Group"}
    assert groups == {("http://acs.amazonaws.com/groups/global/AllUsers", "READ")}


@behaviour("Access logs go to another bucket of the same region, once it is told")
def test_logging(aws, bucket):
    s3, target = aws.client("s3"), unique("bucket")
    assert "LoggingEnabled" not in s3.get_bucket_logging(Bucket=bucket)
    on = {"LoggingEnabled": {"TargetBucket": target, "TargetPrefix": "logs/"}}
    with refused("InvalidTargetBucketForLogging", status=400):
        s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=on)
    s3.create_bucket(Bucket=target, ObjectOwnership="ObjectWriter")
    s3.put_bucket_acl(Bucket=target, ACL="log-delivery-write")
    s3.put_bucket_logging(Bucket=bucket, BucketLoggingStatus=on)
    got = s3.get_bucket_logging(Bucket=bucket)["LoggingEnabled"]
    assert (got["TargetBucket"], got["TargetPrefix"]) == (target, "logs/")


@behaviour("The caller's policies decide about each object")
def test_permissions(aws, bucket):
    mine, _ = aws.as_user(
        document(statement("Allow", ["s3:PutObject", "s3:GetObject"], f"arn:aws:s3:::{bucket}/mine/*"))
    )
    s3 = mine.client("s3")
    s3.put_object(Bucket=bucket, Key="mine/1", Body=b"1")
    assert s3.get_object(Bucket=bucket, Key="mine/1")["Body"].read() == b"1"
    with refused("AccessDenied", status=403):
        s3.put_object(Bucket=bucket, Key="yours/1", Body=b"1")
    with refused("AccessDenied", status=403):
        s3.list_objects_v2(Bucket=bucket)
    with refused("AccessDenied", status=403):
        s3.get_bucket_policy(Bucket=bucket)


@behaviour("Whoever may not list a bucket does not learn that an object is missing", moto="he gets NoSuchKey")
def test_missing_is_hidden(aws, bucket):
    mine, _ = aws.as_user(document(statement("Allow", "s3:GetObject", f"arn:aws:s3:::{bucket}/*")))
    with refused("AccessDenied", status=403):
        mine.client("s3").get_object(Bucket=bucket, Key="none")


@behaviour("A bucket policy lets in whom the caller's own policies do not", moto="bucket policies grant nothing")
def test_policy_grants(aws, bucket):
    other, name = aws.as_user()
    key = f"arn:aws:s3:::{bucket}/*"
    aws.client("s3").put_object(Bucket=bucket, Key="k", Body=b"1")
    text = document(statement("Allow", "s3:GetObject", key, Principal={"AWS": aws.arn("user", name)}))
    aws.client("s3").put_bucket_policy(Bucket=bucket, Policy=text)
    assert other.client("s3").get_object(Bucket=bucket, Key="k")["Body"].read() == b"1"


@behaviour("Buckets are listed, by pages and by what their names begin with")
def test_buckets(aws, bucket):
    s3 = aws.client("s3")
    assert bucket in [b["Name"] for b in s3.list_buckets()["Buckets"]]
    (got,) = s3.list_buckets(Prefix=bucket, MaxBuckets=1)["Buckets"]
    assert got["Name"] == bucket


@behaviour("A presigned URL works without credentials", moto="it fails with 500")
def test_presigned(aws, bucket):
    aws.client("s3").put_object(Bucket=bucket, Key="a b", Body=b"1")
    config = boto3.session.Config(signature_version="s3v4")
    session = boto3.Session(aws.who.key, aws.who.secret, aws.who.token, "us-east-1")
    signer = session.client("s3", endpoint_url=aws.server.url, config=config)
    url = signer.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "a b"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(url, timeout=10) as got:
        assert got.read() == b"1"


@behaviour("The AWS CLI copies a file there and back, and lists it")
def test_cli(aws, bucket, tmp_path):
    (tmp_path / "a.txt").write_text("hello")
    aws.cli("s3api", "put-object", "--bucket", bucket, "--key", "x/a.txt", "--body", str(tmp_path / "a.txt"))
    aws.cli("s3api", "get-object", "--bucket", bucket, "--key", "x/a.txt", str(tmp_path / "b.txt"))
    assert (tmp_path / "b.txt").read_text() == "hello"
    assert [o["Key"] for o in aws.cli("s3api", "list-objects-v2", "--bucket", bucket)["Contents"]] == ["x/a.txt"]


@behaviour("A bucket of another region is a redirect that names it", moto="it answers in every region")
def test_redirect(aws):
    compared(aws)
    away = unique("bucket")
    aws.client("s3").create_bucket(Bucket=away, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
    there = aws.there("s3")
    there.put_bucket_logging(Bucket=away, BucketLoggingStatus={})
    request = botocore.awsrequest.AWSRequest("GET", f"{aws.server.url}/{away}?logging")
    who = botocore.credentials.Credentials(aws.who.key, aws.who.secret)
    botocore.auth.S3SigV4Auth(who, "s3", "us-east-1").add_auth(request)
    sent = urllib.request.Request(request.url, headers=dict(request.headers))  # noqa: S310
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.build_opener(urllib.request.ProxyHandler({})).open(sent, timeout=10)
    assert (caught.value.code, caught.value.headers["x-amz-bucket-region"]) == (301, "eu-west-1")
