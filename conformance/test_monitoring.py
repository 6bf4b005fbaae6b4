"""What watches an account: trails in several regions, metric filters, alarms, recorders, analyzers."""

import contextlib

import botocore.exceptions
import pytest

from session import behaviour, document, refused, statement, unique


@pytest.fixture(autouse=True)
def compared(aws):
    """Skip where nobody has looked yet."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("compared with the twin and moto only")


def new_trail(aws, **options) -> str:
    """Create a trail and return its ARN; the limit is five of them in a region."""
    bucket, name = unique("bucket"), unique("trail")
    aws.client("s3").create_bucket(Bucket=bucket)
    return aws.client("cloudtrail").create_trail(Name=name, S3BucketName=bucket, **options)["TrailARN"]


def drop(aws, arn: str) -> None:
    with contextlib.suppress(botocore.exceptions.ClientError):
        aws.client("cloudtrail").delete_trail(Name=arn)


@behaviour("A trail of all regions is shown in each, as a shadow that may be left out; one of a single region is not")
def test_shadow_trails(aws):
    everywhere, here = new_trail(aws, IsMultiRegionTrail=True), new_trail(aws)
    there = aws.there("cloudtrail")
    try:
        shown = {t["TrailARN"] for t in there.describe_trails()["trailList"]}
        assert everywhere in shown
        assert here not in shown
        own = {t["TrailARN"] for t in there.describe_trails(includeShadowTrails=False)["trailList"]}
        assert everywhere not in own
        assert there.get_trail_status(Name=everywhere)["IsLogging"] is False
    finally:
        drop(aws, everywhere)
        drop(aws, here)


@behaviour("A trail is changed at home only: InvalidHomeRegionException elsewhere", moto="it is changed everywhere")
def test_home_region(aws):
    arn = new_trail(aws, IsMultiRegionTrail=True)
    try:
        with refused("InvalidHomeRegionException", status=400):
            aws.there("cloudtrail").stop_logging(Name=arn)
    finally:
        drop(aws, arn)


@behaviour("UpdateTrail changes what it names and leaves the rest; a deleted trail is TrailNotFoundException")
def test_update_and_delete(aws):
    arn, client = new_trail(aws, IsMultiRegionTrail=True), aws.client("cloudtrail")
    name = arn.rsplit("/", 1)[1]
    client.update_trail(Name=name, EnableLogFileValidation=True)
    (got,) = [t for t in client.describe_trails()["trailList"] if t["TrailARN"] == arn]
    assert (got["LogFileValidationEnabled"], got["IsMultiRegionTrail"]) == (True, True)
    client.delete_trail(Name=name)
    with refused("TrailNotFoundException", status=400):
        client.get_trail_status(Name=name)


@behaviour("Advanced selectors take the place of basic ones")
def test_advanced_selectors(aws):
    arn, client = new_trail(aws), aws.client("cloudtrail")
    mine = [
        {"Name": "m", "FieldSelectors": [{"Field": "eventCategory", "Equals": ["Management"]}]},
        {
            "Name": "d",
            "FieldSelectors": [
                {"Field": "eventCategory", "Equals": ["Data"]},
                {"Field": "resources.type", "Equals": ["AWS::S3::Object"]},
                {"Field": "readOnly", "Equals": ["false"]},
            ],
        },
    ]
    try:
        client.put_event_selectors(TrailName=arn, AdvancedEventSelectors=mine)
        got = client.get_event_selectors(TrailName=arn)
        assert got["AdvancedEventSelectors"] == mine
        assert not got.get("EventSelectors")
    finally:
        drop(aws, arn)


@behaviour("An advanced selector needs a category, and one of data events a type", moto="it does not check them")
def test_bad_selectors(aws):
    arn, client = new_trail(aws), aws.client("cloudtrail")
    try:
        for field in ({"Field": "readOnly", "Equals": ["true"]}, {"Field": "eventCategory", "Equals": ["Data"]}):
            with refused("InvalidEventSelectorsException", status=400):
                client.put_event_selectors(TrailName=arn, AdvancedEventSelectors=[{"FieldSelectors": [field]}])
    finally:
        drop(aws, arn)


@pytest.fixture
def group(aws):
    """A log group."""
    name = unique("group")
    aws.client("logs").create_log_group(logGroupName=name)
    return name


def new_filter(aws, group: str, name: str, pattern: str = "{ $.x = 1 }") -> dict:
    """Put a metric filter and return its transformation."""
    counted = {"metricName": name, "metricNamespace": "CIS", "metricValue": "1"}
    aws.client("logs").put_metric_filter(
        logGroupName=group, filterName=name, filterPattern=pattern, metricTransformations=[counted]
    )
    return counted


@behaviour(
    "A metric filter is described with its pattern and metric, and replaced by the next of its name",
    moto="it keeps both",
)
def test_metric_filter(aws, group):
    logs, name = aws.client("logs"), unique("filter")
    counted = new_filter(aws, group, name)
    new_filter(aws, group, name, '{ ($.eventName = "A") || ($.eventName = "B") }')
    (got,) = logs.describe_metric_filters(logGroupName=group)["metricFilters"]
    assert (got["filterName"], got["logGroupName"]) == (name, group)
    assert got["filterPattern"] == '{ ($.eventName = "A") || ($.eventName = "B") }'
    assert got["metricTransformations"][0] == counted | got["metricTransformations"][0]
    by = logs.describe_metric_filters(metricName=name, metricNamespace="CIS")["metricFilters"]
    assert [f["filterName"] for f in by] == [name]
    logs.delete_metric_filter(logGroupName=group, filterName=name)
    assert logs.describe_metric_filters(logGroupName=group)["metricFilters"] == []


@behaviour("Metric filters come by pages", moto="all at once, whatever the limit")
def test_filter_pages(aws, group):
    for i in range(5):
        new_filter(aws, group, f"f{i}")
    pages = aws.client("logs").get_paginator("describe_metric_filters")
    got = list(pages.paginate(logGroupName=group, PaginationConfig={"PageSize": 2}))
    assert [f["filterName"] for p in got for f in p["metricFilters"]] == ["f0", "f1", "f2", "f3", "f4"]
    assert len(got) == 3


@behaviour("A filter needs its log group: ResourceNotFoundException", moto="it makes filters on nothing")
def test_no_log_group(aws):
    with refused("ResourceNotFoundException", status=400):
        new_filter(aws, unique("none"), "x")


@behaviour("A second log group of the same name is ResourceAlreadyExistsException")
def test_group_exists(aws, group):
    with refused("ResourceAlreadyExistsException", status=400):
        aws.client("logs").create_log_group(logGroupName=group)


def new_alarm(aws, name: str, **change) -> None:
    """Put an alarm on a counted metric."""
    options = {
        "AlarmName": name, "Namespace": "CIS", "MetricName": "Root", "Statistic": "Sum", "Period": 300,
        "EvaluationPeriods": 1, "Threshold": 1.0, "ComparisonOperator": "GreaterThanOrEqualToThreshold",
    } | change  # fmt: skip
    aws.client("cloudwatch").put_metric_alarm(**options)


@behaviour("An alarm is described as it was put, with its actions switched on, and insufficient data at first")
def test_alarm(aws):
    topic, name = f"arn:aws:sns:us-east-1:{aws.account}:people", unique("alarm")
    new_alarm(aws, name, AlarmActions=[topic])
    (got,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (got["Namespace"], got["MetricName"], got["Statistic"], got["Period"]) == ("CIS", "Root", "Sum", 300)
    assert (got["Threshold"], got["ComparisonOperator"]) == (1.0, "GreaterThanOrEqualToThreshold")
    assert (got["AlarmActions"], got["ActionsEnabled"]) == ([topic], True)
    assert got["AlarmArn"] == f"arn:aws:cloudwatch:us-east-1:{aws.account}:alarm:{name}"
    new_alarm(aws, name, ActionsEnabled=False, Threshold=2.5)
    (got,) = aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
    assert (got["ActionsEnabled"], got["Threshold"]) == (False, 2.5)
    aws.client("cloudwatch").delete_alarms(AlarmNames=[name])
    assert aws.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"] == []


@behaviour("Alarms come by pages and by prefix, and each region has its own")
def test_alarm_pages(aws):
    prefix = unique("alarm")
    for i in range(5):
        new_alarm(aws, f"{prefix}-{i}")
    pages = aws.client("cloudwatch").get_paginator("describe_alarms")
    got = list(pages.paginate(AlarmNamePrefix=prefix, PaginationConfig={"PageSize": 2}))
    assert [a["AlarmName"] for p in got for a in p["MetricAlarms"]] == [f"{prefix}-{i}" for i in range(5)]
    assert aws.there("cloudwatch").describe_alarms(AlarmNamePrefix=prefix)["MetricAlarms"] == []


@behaviour("A page of more than a hundred alarms is refused", moto="it takes any number")
def test_too_many_alarms(aws):
    with pytest.raises(botocore.exceptions.ClientError):
        aws.client("cloudwatch").describe_alarms(MaxRecords=101)


@behaviour("The AWS CLI describes alarms, filters, recorders and analyzers", moto="it has no analyzers: 500")
def test_cli(aws, group):
    name = unique("alarm")
    new_alarm(aws, name)
    got = aws.cli("cloudwatch", "describe-alarms", "--alarm-names", name)
    assert got["MetricAlarms"][0]["AlarmName"] == name
    assert aws.cli("logs", "describe-metric-filters", "--log-group-name", group)["metricFilters"] == []
    assert "ConfigurationRecorders" in aws.cli("configservice", "describe-configuration-recorders")
    assert "analyzers" in aws.cli("accessanalyzer", "list-analyzers")


@behaviour("An account without a recorder has an empty list, and no recorder of a name")
def test_no_recorder(aws):
    config = aws.there("config", "us-west-2")
    assert config.describe_configuration_recorders()["ConfigurationRecorders"] == []
    assert config.describe_configuration_recorder_status()["ConfigurationRecordersStatus"] == []
    with refused("NoSuchConfigurationRecorderException", status=400):
        config.describe_configuration_recorders(ConfigurationRecorderNames=["none"])


@behaviour("An analyzer is listed in its region, active, once", moto="it has no analyzers: 500")
def test_analyzer(aws):
    here, name = aws.there("accessanalyzer", "eu-west-3"), unique("analyzer")
    arn = here.create_analyzer(analyzerName=name, type="ACCOUNT")["arn"]
    assert arn == f"arn:aws:access-analyzer:eu-west-3:{aws.account}:analyzer/{name}"
    (got,) = here.list_analyzers(type="ACCOUNT")["analyzers"]
    assert (got["arn"], got["name"], got["status"], got["type"]) == (arn, name, "ACTIVE", "ACCOUNT")
    assert aws.there("accessanalyzer", "us-west-1").list_analyzers()["analyzers"] == []
    with refused("ConflictException", status=409):
        here.create_analyzer(analyzerName=name, type="ACCOUNT")
    here.delete_analyzer(analyzerName=name)
    assert here.list_analyzers()["analyzers"] == []


@behaviour("Topics belong to a region")
def test_topics_by_region(aws):
    there, name = aws.there("sns"), unique("topic")
    arn = there.create_topic(Name=name)["TopicArn"]
    assert arn == f"arn:aws:sns:eu-west-1:{aws.account}:{name}"
    assert there.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"] == []
    assert arn not in [t["TopicArn"] for t in aws.client("sns").list_topics()["Topics"]]


@behaviour("The caller's policies decide about every one of these", moto="it asks for other permissions")
def test_permissions(aws):
    allowed, _ = aws.as_user(document(statement("Allow", ["cloudwatch:DescribeAlarms", "logs:DescribeMetricFilters"])))
    assert "MetricAlarms" in allowed.client("cloudwatch").describe_alarms()
    assert "metricFilters" in allowed.client("logs").describe_metric_filters()
    with refused("AccessDeniedException"):
        allowed.client("accessanalyzer").list_analyzers()
    with refused("AccessDeniedException"):
        allowed.client("config").describe_configuration_recorders()
    denied, _ = aws.as_user(document(statement("Allow", "access-analyzer:ListAnalyzers")))
    assert "analyzers" in denied.client("accessanalyzer").list_analyzers()
    with refused("AccessDenied"):
        denied.client("cloudwatch").describe_alarms()
    with refused("AccessDeniedException"):
        denied.client("logs").describe_metric_filters()
