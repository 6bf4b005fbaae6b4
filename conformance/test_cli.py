"""Sessions of the AWS CLI, as a person would type them: one for each service."""

import json

import pytest

from servers import Credentials
from session import CLIError, behaviour, document, statement, trust, unique


@behaviour("An administrator's session with aws iam", awsim="GetAccountSummary has another form")
def test_iam_session(aws, tmp_path):
    user, group, policy = unique("user"), unique("group"), unique("policy")
    text = tmp_path / "policy.json"
    text.write_text(document(statement("Allow", "sqs:*")))
    made = aws.cli("iam", "create-user", "--user-name", user, "--tags", "Key=owner,Value=ops")
    assert made["User"]["Arn"] == aws.arn("user", user)
    aws.cli("iam", "create-group", "--group-name", group)
    assert aws.cli("iam", "add-user-to-group", "--group-name", group, "--user-name", user) is None
    arn = aws.cli("iam", "create-policy", "--policy-name", policy, "--policy-document", f"file://{text}")["Policy"][
        "Arn"
    ]
    aws.cli("iam", "attach-group-policy", "--group-name", group, "--policy-arn", arn)
    aws.cli("iam", "put-user-policy", "--user-name", user, "--policy-name", "p", "--policy-document", f"file://{text}")
    got = aws.cli("iam", "get-user-policy", "--user-name", user, "--policy-name", "p")
    assert got["PolicyDocument"] == json.loads(text.read_text())
    key = aws.cli("iam", "create-access-key", "--user-name", user)["AccessKey"]["AccessKeyId"]
    aws.cli("iam", "update-access-key", "--user-name", user, "--access-key-id", key, "--status", "Inactive")
    keys = aws.cli("iam", "list-access-keys", "--user-name", user)["AccessKeyMetadata"]
    assert [k["Status"] for k in keys] == ["Inactive"]
    with pytest.raises(CLIError, match="DeleteConflict"):
        aws.cli("iam", "delete-user", "--user-name", user)
    details = aws.cli("iam", "get-account-authorization-details", "--filter", "User")
    assert user in [u["UserName"] for u in details["UserDetailList"]]
    assert aws.cli("iam", "get-account-summary")["SummaryMap"]["Users"] > 0


@behaviour("What a person sees when he may not")
def test_denied(aws):
    user, _ = aws.as_user()
    with pytest.raises(CLIError, match=r"An error occurred \(AccessDenied\) when calling the CreateUser operation"):
        user.cli("iam", "create-user", "--user-name", unique("made"))


@behaviour(
    "A session with aws sts: who am I, assume a role, who am I now",
    awsim="the caller's name is taken to be the key's id",
)
def test_sts_session(aws):
    user, name = aws.as_user(document(statement("Allow", "sts:*")))
    role, arn = aws.new_role(trust({"AWS": aws.arn("user", name)}))
    assert user.cli("sts", "get-caller-identity")["Arn"] == aws.arn("user", name)
    got = user.cli("sts", "assume-role", "--role-arn", arn, "--role-session-name", "cli")
    session = aws.be(Credentials.of(got["Credentials"]))
    assert session.cli("sts", "get-caller-identity")["Arn"].endswith(f":assumed-role/{role}/cli")
    assert user.cli("sts", "get-session-token", "--duration-seconds", "900")["Credentials"]["SessionToken"]


@behaviour("A session with aws sqs")
def test_sqs_session(aws):
    url = aws.cli("sqs", "create-queue", "--queue-name", unique("queue"))["QueueUrl"]
    aws.cli("sqs", "send-message", "--queue-url", url, "--message-body", "hello")
    (got,) = aws.cli("sqs", "receive-message", "--queue-url", url, "--wait-time-seconds", "1")["Messages"]
    assert got["Body"] == "hello"
    aws.cli("sqs", "delete-message", "--queue-url", url, "--receipt-handle", got["ReceiptHandle"])
    assert not (aws.cli("sqs", "receive-message", "--queue-url", url) or {}).get("Messages")


@behaviour("A session with aws sns")
def test_sns_session(aws):
    topic = aws.cli("sns", "create-topic", "--name", unique("topic"))["TopicArn"]
    _, arn = aws.new_queue()
    aws.cli("sns", "subscribe", "--topic-arn", topic, "--protocol", "sqs", "--notification-endpoint", arn)
    assert aws.cli("sns", "publish", "--topic-arn", topic, "--message", "m")["MessageId"]
    listed = aws.cli("sns", "list-subscriptions-by-topic", "--topic-arn", topic)["Subscriptions"]
    assert [s["Endpoint"] for s in listed] == [arn]


@behaviour("A session with aws events")
def test_events_session(aws):
    rule, pattern = unique("rule"), json.dumps({"source": ["aws.iam"]})
    arn = aws.cli("events", "put-rule", "--name", rule, "--event-pattern", pattern)["RuleArn"]
    assert arn == f"arn:aws:events:us-east-1:{aws.account}:rule/{rule}"
    _, queue = aws.new_queue()
    aws.cli("events", "put-targets", "--rule", rule, "--targets", f"Id=q,Arn={queue}")
    assert aws.cli("events", "describe-rule", "--name", rule)["State"] == "ENABLED"
    assert len(aws.cli("events", "list-targets-by-rule", "--rule", rule)["Targets"]) == 1


@behaviour("A session with aws cloudtrail", moto="LookupEvents is not implemented", awsim="calls are not recorded")
def test_cloudtrail_session(aws):
    name = aws.new_user()
    got = aws.cli(
        "cloudtrail",
        "lookup-events",
        "--max-items",
        "50",
        "--lookup-attributes",
        "AttributeKey=EventName,AttributeValue=CreateUser",
    )
    assert name in "".join(e["CloudTrailEvent"] for e in got["Events"])
