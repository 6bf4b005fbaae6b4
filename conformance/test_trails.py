"""Trails: what is logged, and that events need one."""

import contextlib

import botocore.exceptions
import pytest

from session import behaviour, refused, unique


@pytest.fixture
def trail(aws):
    """A trail that does not log yet. The twin asks for no bucket, others do."""
    bucket, name = unique("bucket"), unique("trail")
    with contextlib.suppress(botocore.exceptions.ClientError):
        aws.client("s3").create_bucket(Bucket=bucket)
    made = aws.client("cloudtrail").create_trail(
        Name=name, S3BucketName=bucket, IsMultiRegionTrail=True, EnableLogFileValidation=True
    )
    yield name, made["TrailARN"]
    with contextlib.suppress(botocore.exceptions.ClientError):
        aws.client("cloudtrail").delete_trail(Name=name)


@behaviour("A trail is described with what it was made with")
def test_described(aws, trail):
    name, arn = trail
    (got,) = [t for t in aws.client("cloudtrail").describe_trails()["trailList"] if t["TrailARN"] == arn]
    assert (got["Name"], got["HomeRegion"], got["IsMultiRegionTrail"]) == (name, "us-east-1", True)
    assert got["LogFileValidationEnabled"]
    assert got["IncludeGlobalServiceEvents"]


@behaviour("A new trail does not log until it is started, and not after it was stopped")
def test_started_and_stopped(aws, trail):
    name, arn = trail
    client = aws.client("cloudtrail")
    assert not client.get_trail_status(Name=name)["IsLogging"]
    client.start_logging(Name=name)
    assert client.get_trail_status(Name=arn)["IsLogging"]
    client.stop_logging(Name=arn)
    assert not client.get_trail_status(Name=name)["IsLogging"]


@behaviour(
    "A new trail logs all management events",
    awsim="it has no selectors",
    localemu="it has no selectors",
    moto="it has no selectors",
)
def test_default_selectors(aws, trail):
    (got,) = aws.client("cloudtrail").get_event_selectors(TrailName=trail[0])["EventSelectors"]
    assert (got["IncludeManagementEvents"], got["ReadWriteType"]) == (True, "All")


@behaviour("Selectors are replaced by those that are put")
def test_selectors(aws, trail):
    client, mine = aws.client("cloudtrail"), {"IncludeManagementEvents": True, "ReadWriteType": "WriteOnly"}
    client.put_event_selectors(TrailName=trail[0], EventSelectors=[mine])
    (got,) = client.get_event_selectors(TrailName=trail[0])["EventSelectors"]
    assert got["ReadWriteType"] == "WriteOnly"


@behaviour("A trail that there is none of is TrailNotFoundException", awsim="another HTTP status")
def test_no_such_trail(aws):
    with refused("TrailNotFoundException", status=400):
        aws.client("cloudtrail").get_trail_status(Name="none-of-this-name")
