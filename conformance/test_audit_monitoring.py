"""Who is told of what: planted by boto3, collected and judged by the real binary."""

import contextlib
import json
import os
import subprocess

import moto_front
import pytest

import environment
import servers
from session import AWS, behaviour

IAM = [
    "DeleteGroupPolicy",
    "DeleteRolePolicy",
    "DeleteUserPolicy",
    "PutGroupPolicy",
    "PutRolePolicy",
    "PutUserPolicy",
    "CreatePolicy",
    "DeletePolicy",
    "CreatePolicyVersion",
    "DeletePolicyVersion",
    "SetDefaultPolicyVersion",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "AttachUserPolicy",
    "DetachUserPolicy",
    "AttachGroupPolicy",
    "DetachGroupPolicy",
]
BUCKETS = [
    "PutBucketAcl",
    "PutBucketPolicy",
    "PutBucketCors",
    "PutBucketLifecycle",
    "PutBucketReplication",
    "DeleteBucketPolicy",
    "DeleteBucketCors",
    "DeleteBucketLifecycle",
    "DeleteBucketReplication",
]
ACLS = [
    "CreateNetworkAcl",
    "CreateNetworkAclEntry",
    "DeleteNetworkAcl",
    "DeleteNetworkAclEntry",
    "ReplaceNetworkAclEntry",
    "ReplaceNetworkAclAssociation",
]
GATEWAYS = [
    "CreateCustomerGateway",
    "DeleteCustomerGateway",
    "AttachInternetGateway",
    "CreateInternetGateway",
    "DeleteInternetGateway",
    "DetachInternetGateway",
]
ROUTES = [
    "CreateRoute",
    "CreateRouteTable",
    "ReplaceRoute",
    "ReplaceRouteTableAssociation",
    "DeleteRouteTable",
    "DeleteRoute",
    "DisassociateRouteTable",
]


def any_of(names) -> str:
    """Write a pattern as the benchmark does."""
    return "{ " + " || ".join(f"($.eventName = {n})" for n in names) + " }"


# Each question with its filters.
TOLD = {
    "unauthorized": ["{ $.errorCode = %UnauthorizedOperation$|^AccessDenied% }"],
    "root": [
        '{ $.userIdentity.type = "Root" && $.userIdentity.invokedBy NOT EXISTS && $.eventType != "AwsServiceEvent" }'
    ],
    "iam-policies": [any_of(IAM[:9]), any_of(IAM[9:])],
    "cloudtrail": ["{ $.eventSource = cloudtrail.amazonaws.com && $.readOnly IS FALSE }"],
    "kms-keys": ["{ $.eventName = %^DisableKey$|^ScheduleKeyDeletion$% }"],
    "config": ["%config\\.amazonaws\\.com%"],
}
# Each question with its filter, what is not right about the way from there to a person, and what the answer names.
NOT_TOLD = {
    "signin-no-mfa": (
        '{ $.eventName = ConsoleLogin && $.additionalEventData.MFAUsed != "Yes" }',
        {"alarm": None},
        "metric filter signin-no-mfa has no alarm",
    ),
    "signin-failures": (
        '{ $.eventName = ConsoleLogin && $.errorMessage = "Failed authentication" }',
        {"ActionsEnabled": False},
        "the actions of alarm signin-failures are switched off",
    ),
    "bucket-policies": (any_of(BUCKETS), {"topic": "silent"}, ":silent has no confirmed subscriber"),
    "security-groups": (
        "{ $.eventSource = ec2.amazonaws.com && $.eventName = %SecurityGroup% }",
        {"group": "elsewhere"},
        "eventName=AuthorizeSecurityGroupIngress",
    ),
    "network-acls": (any_of(ACLS), {"Threshold": 5}, "alarm network-acls fires at 5"),
    "gateways": (any_of(GATEWAYS[:-1]), {}, "eventName=DetachInternetGateway"),
    "route-tables": (
        "{ $.eventSource = ec2.amazonaws.com && $.eventName = %Route% && $.awsRegion = %^us-% }",
        {},
        "awsRegion=",
    ),
    "vpcs": (None, {}, "eventName=CreateVpc"),
}


def plant(aws: AWS) -> None:
    """Make one trail of all regions with a log group, and for each question a filter, an alarm and a topic."""
    trails, logs, watch, sns = (aws.client(s) for s in ("cloudtrail", "logs", "cloudwatch", "sns"))
    for t in trails.describe_trails()["trailList"]:
        trails.delete_trail(Name=t["Name"])
    for group in ("trail", "elsewhere"):
        logs.create_log_group(logGroupName=group)
    aws.client("s3").create_bucket(Bucket="trails-of-this-account")
    trails.create_trail(
        Name="all",
        S3BucketName="trails-of-this-account",
        IsMultiRegionTrail=True,
        CloudWatchLogsLogGroupArn=f"arn:aws:logs:us-east-1:{aws.account}:log-group:trail:*",
        CloudWatchLogsRoleArn=aws.arn("role", "trail-to-logs"),
    )
    # moto gives a new trail no selectors.
    selector = {"IncludeManagementEvents": True, "ReadWriteType": "All"}
    trails.put_event_selectors(TrailName="all", EventSelectors=[selector])
    trails.start_logging(Name="all")
    heard, silent = (sns.create_topic(Name=name)["TopicArn"] for name in ("heard", "silent"))
    # A queue of the account itself needs no confirmation. An address does, and has none at moto: it takes all as
    # confirmed.
    _, queue = aws.new_queue()
    sns.subscribe(TopicArn=heard, Protocol="sqs", Endpoint=queue)
    all_filters = [(f"{q}-{i}", p, {}) for q, patterns in TOLD.items() for i, p in enumerate(patterns)]
    all_filters += [(q, pattern, wrong) for q, (pattern, wrong, _) in NOT_TOLD.items() if pattern]
    for name, pattern, wrong in all_filters:
        counted = {"metricName": name, "metricNamespace": "CIS", "metricValue": "1"}
        logs.put_metric_filter(
            logGroupName=wrong.get("group", "trail"),
            filterName=name,
            filterPattern=pattern,
            metricTransformations=[counted],
        )
        if "alarm" in wrong:
            continue
        alarm = {
            "AlarmName": name,
            "Namespace": "CIS",
            "MetricName": name,
            "Statistic": "Sum",
            "Period": 300,
            "EvaluationPeriods": 1,
            "Threshold": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "AlarmActions": [silent if wrong.get("topic") == "silent" else heard],
        }
        watch.put_metric_alarm(**alarm | {k: v for k, v in wrong.items() if k not in ("topic", "group")})


@pytest.fixture(scope="module")
def judged(aws, request, tmp_path_factory):
    """Collect and audit a server of its own, in which nothing else is planted: each question's finding."""
    if aws.name not in ("twin", "moto"):
        pytest.skip("shown with the twin and moto")
    start, program = servers.TARGETS[aws.name]
    program = request.config.rootpath / (request.config.getoption("program") or program)
    warden = str(request.config.rootpath.parent / "bin/warden")
    tmp = tmp_path_factory.mktemp("monitored")
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(start(tmp, program))
        plant(AWS(server, server.admin))
        url = stack.enter_context(moto_front.serve(server)) if aws.name == "moto" else server.url
        env = environment.clean(
            AWS_ACCESS_KEY_ID=server.admin.key,
            AWS_SECRET_ACCESS_KEY=server.admin.secret,
            AWS_ENDPOINT_URL=url,
            HOME=os.devnull,
        )

        def run(*words: str) -> str:
            done = subprocess.run([warden, *words], env=env, capture_output=True, text=True, check=False, timeout=120)
            assert done.returncode == 0, done.stderr
            return done.stdout

        file = str(tmp / "account.json")
        run("collect", "--regions", "us-east-1", "--out", file)
    # From here on no server runs: the file has all.
    report = json.loads(run("audit", "--from", file, "-o", "json", "--fail-on", "none"))
    for f in report["findings"]:
        f["sources"] = {report["sources"][e["source"]]["source"] for e in f.get("evidence", [])}
    return {f["control"]: f for f in report["findings"] if f["control"].startswith("monitor.")}


@behaviour("A trail, a metric filter, an alarm, a topic and a subscriber that belong together are seen as such")
@pytest.mark.parametrize("question", TOLD)
def test_told(judged, question):
    finding = judged["monitor." + question]
    assert finding["status"] == "pass", finding["summary"]
    assert finding["sources"] == {
        "cloudtrail:DescribeTrails",
        "logs:DescribeMetricFilters",
        "cloudwatch:DescribeAlarms",
        "sns:ListSubscriptionsByTopic",
    }


@behaviour("Where one link is missing or too weak nobody is told")
@pytest.mark.parametrize("question", NOT_TOLD)
def test_not_told(judged, question):
    finding = judged["monitor." + question]
    assert finding["status"] == "fail", finding["summary"]
    assert NOT_TOLD[question][2] in finding["summary"]
