"""Queues, topics, rules, and the trail of what was done."""

import datetime
import json
import time

import pytest

from session import behaviour, document, refused, statement, unique

CREATED = {
    "source": ["aws.iam"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventName": ["CreateUser"]},
}


@behaviour(
    "A message is sent, hidden while it is read, and deleted", awsim="a look at the hidden message counts as a read"
)
def test_queue(aws):
    sqs = aws.client("sqs")
    url, arn = aws.new_queue(VisibilityTimeout="30")
    assert arn == f"arn:aws:sqs:us-east-1:{aws.account}:{url.rsplit('/', 1)[1]}"
    assert sqs.get_queue_url(QueueName=url.rsplit("/", 1)[1])["QueueUrl"] == url
    assert url in sqs.list_queues(QueueNamePrefix="conf-queue-")["QueueUrls"]
    sqs.send_message(QueueUrl=url, MessageBody="héllo <&>")
    (got,) = sqs.receive_message(QueueUrl=url)["Messages"]
    assert got["Body"] == "héllo <&>"
    assert not sqs.receive_message(QueueUrl=url).get("Messages")
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"], VisibilityTimeout=0)
    (again,) = sqs.receive_message(QueueUrl=url, AttributeNames=["ApproximateReceiveCount"])["Messages"]
    assert again["MessageId"] == got["MessageId"]
    assert again["Attributes"]["ApproximateReceiveCount"] == "2"
    sqs.delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"
    assert attributes["ApproximateNumberOfMessagesNotVisible"] == "0"
    assert attributes["VisibilityTimeout"] == "30"
    sqs.delete_queue(QueueUrl=url)


@behaviour("Messages are sent and deleted in batches of up to ten, and a queue is purged")
def test_batches(aws):
    sqs = aws.client("sqs")
    url, _ = aws.new_queue()
    sent = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": str(i), "MessageBody": f"m{i}"} for i in range(10)])
    assert len(sent["Successful"]) == 10
    got = {}
    while len(got) < 10:
        page = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
        got |= {m["Body"]: m["ReceiptHandle"] for m in page}
    assert set(got) == {f"m{i}" for i in range(10)}
    handles = [{"Id": str(i), "ReceiptHandle": h} for i, h in enumerate(got.values())]
    shown = [e | {"VisibilityTimeout": 60} for e in handles]
    assert len(sqs.change_message_visibility_batch(QueueUrl=url, Entries=shown)["Successful"]) == 10
    assert len(sqs.delete_message_batch(QueueUrl=url, Entries=handles[:9])["Successful"]) == 9
    sqs.send_message(QueueUrl=url, MessageBody="late")
    sqs.purge_queue(QueueUrl=url)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "0"


@behaviour(
    "A queue that does not exist has a code that clients know by name", awsim="the code is that of the query protocol"
)
def test_no_queue(aws):
    sqs = aws.client("sqs")
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        sqs.get_queue_url(QueueName=unique("none"))


@behaviour("A message read too often goes to the dead-letter queue")
def test_dead_letters(aws):
    sqs = aws.client("sqs")
    dead_url, dead = aws.new_queue()
    url, _ = aws.new_queue(
        RedrivePolicy=json.dumps({"deadLetterTargetArn": dead, "maxReceiveCount": "1"}), VisibilityTimeout="0"
    )
    sqs.send_message(QueueUrl=url, MessageBody='"late"')
    assert sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1)["Messages"]
    assert not sqs.receive_message(QueueUrl=url).get("Messages")
    assert aws.receive(dead_url) == "late"


def open_queue(aws, service, source):
    """Make a queue into which a service may put the messages of one source."""
    url, arn = aws.new_queue()
    policy = document(
        {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
    )
    aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn


@behaviour("What is published to a topic reaches the queues subscribed to it, in SNS's envelope")
def test_topic(aws):
    sns = aws.client("sns")
    topic = sns.create_topic(Name=unique("topic"))["TopicArn"]
    assert sns.create_topic(Name=topic.rsplit(":", 1)[1])["TopicArn"] == topic
    url, arn = open_queue(aws, "sns", topic)
    made = sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn, ReturnSubscriptionArn=True)
    listed = sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"]
    assert [(s["Protocol"], s["Endpoint"]) for s in listed] == [("sqs", arn)]
    assert topic in [t["TopicArn"] for page in sns.get_paginator("list_topics").paginate() for t in page["Topics"]]
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["TopicArn"] == topic
    sent = sns.publish(TopicArn=topic, Subject="s", Message="m")
    body = aws.receive(url)
    assert body["Type"] == "Notification"
    assert (body["TopicArn"], body["Subject"], body["Message"]) == (topic, "s", "m")
    assert body["MessageId"] == sent["MessageId"]
    assert arn in [
        s["Endpoint"] for p in sns.get_paginator("list_subscriptions").paginate() for s in p["Subscriptions"]
    ]
    sns.set_topic_attributes(TopicArn=topic, AttributeName="DisplayName", AttributeValue="shown")
    assert sns.get_topic_attributes(TopicArn=topic)["Attributes"]["DisplayName"] == "shown"
    sns.unsubscribe(SubscriptionArn=made["SubscriptionArn"])
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    sns.delete_topic(TopicArn=topic)
    with refused("NotFound", status=404):
        sns.publish(TopicArn=topic, Message="m")


def make_rule(aws, pattern):
    """Make a rule that puts what matches into a new queue, and return rule and queue."""
    events, rule = aws.client("events"), unique("rule")
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern), State="ENABLED")["RuleArn"]
    url, arn = open_queue(aws, "events", rule_arn)
    assert events.put_targets(Rule=rule, Targets=[{"Id": "q", "Arn": arn}])["FailedEntryCount"] == 0
    return rule, url


@behaviour(
    "A rule is described, listed with its targets, disabled and deleted when it has none",
    awsim="refused, with another HTTP status",
)
def test_rule(aws):
    events = aws.client("events")
    rule, url = make_rule(aws, CREATED)
    got = events.describe_rule(Name=rule)
    assert json.loads(got["EventPattern"]) == CREATED
    assert got["State"] == "ENABLED"
    assert rule in [r["Name"] for r in events.list_rules(NamePrefix=rule)["Rules"]]
    (target,) = events.list_targets_by_rule(Rule=rule)["Targets"]
    assert target["Arn"].endswith(url.rsplit("/", 1)[1])
    events.remove_targets(Rule=rule, Ids=["q"])
    events.delete_rule(Name=rule)
    with refused("ResourceNotFoundException", status=400):
        events.describe_rule(Name=rule)


@behaviour("PutEvents matches rules by the detail")
def test_put_events(aws):
    events, mark = aws.client("events"), unique("mark")
    _, url = make_rule(aws, {"source": ["suite"], "detail": {"mark": [mark], "n": [{"numeric": [">", 1]}]}})
    entries = [{"Source": "suite", "DetailType": "t", "Detail": json.dumps({"mark": mark, "n": n})} for n in (1, 2)]
    got = events.put_events(Entries=entries)
    assert got["FailedEntryCount"] == 0
    body = aws.receive(url)
    assert body is not None, "no event"
    assert (body["source"], body["detail-type"], body["detail"]) == ("suite", "t", {"mark": mark, "n": 2})
    assert body["id"] == got["Entries"][1]["EventId"]


@behaviour("PutEvents takes no event whose source is AWS's", moto="takes it", localemu="takes it", awsim="takes it")
def test_put_aws_events(aws):
    entry = {"Source": "aws.iam", "DetailType": "t", "Detail": "{}"}
    got = aws.client("events").put_events(Entries=[entry, entry | {"Source": "suite"}])
    assert got["FailedEntryCount"] == 1
    assert [e.get("ErrorCode") for e in got["Entries"]] == ["NotAuthorizedForSourceException", None]


@behaviour(
    "A call to IAM reaches the rule's queue as EventBridge's envelope around CloudTrail's record",
    moto="calls to IAM never reach EventBridge",
    localemu="calls to IAM never reach EventBridge",
    awsim="calls to IAM never reach EventBridge",
)
def test_event_of_a_call(aws):
    _, url = make_rule(aws, CREATED)
    user, name = aws.as_user(document(statement("Allow", "*")))
    created = unique("made")
    user.iam.create_user(UserName=created)
    got = aws.receive(url, lambda e: e["detail"]["requestParameters"]["userName"] == created)
    assert got is not None, "no event"
    assert {k: got[k] for k in ("version", "detail-type", "source", "account", "region", "resources")} == {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam",
        "account": aws.account,
        "region": "us-east-1",
        "resources": [],
    }
    record = got["detail"]
    me = aws.iam.get_user(UserName=name)["User"]
    assert record["userIdentity"] == {
        "type": "IAMUser",
        "principalId": me["UserId"],
        "arn": me["Arn"],
        "accountId": aws.account,
        "accessKeyId": user.who.key,
        "userName": name,
    }
    assert (record["eventSource"], record["eventName"]) == ("iam.amazonaws.com", "CreateUser")
    assert record["readOnly"] is False
    assert record["responseElements"]["user"]["userName"] == created
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert got["time"] == record["eventTime"]
    assert "errorCode" not in record


@behaviour(
    "A refused call is an event too, with errorCode AccessDenied and without parameters",
    moto="calls to IAM never reach EventBridge",
    localemu="calls to IAM never reach EventBridge",
    awsim="calls to IAM never reach EventBridge",
)
def test_event_of_a_refusal(aws):
    _, url = make_rule(aws, CREATED)
    user, name = aws.as_user()
    with refused("AccessDenied"):
        user.iam.create_user(UserName=unique("made"))
    got = aws.receive(url, lambda e: e["detail"]["userIdentity"].get("userName") == name)
    assert got is not None, "no event"
    assert got["detail"]["errorCode"] == "AccessDenied"
    assert got["detail"]["requestParameters"] is None
    assert got["detail"]["responseElements"] is None


@behaviour(
    "A disabled rule delivers nothing",
    moto="calls to IAM never reach EventBridge",
    localemu="calls to IAM never reach EventBridge",
    awsim="calls to IAM never reach EventBridge",
)
def test_disabled_rule(aws):
    events = aws.client("events")
    (off, off_url), (_, on_url) = make_rule(aws, CREATED), make_rule(aws, CREATED)
    events.disable_rule(Name=off)
    assert events.describe_rule(Name=off)["State"] == "DISABLED"
    aws.new_user()
    assert aws.receive(on_url) is not None, "no event through the enabled rule"
    assert not aws.client("sqs").receive_message(QueueUrl=off_url).get("Messages")
    events.enable_rule(Name=off)
    aws.new_user()
    assert aws.receive(off_url) is not None, "no event through the rule that was enabled again"


@behaviour(
    "A queue whose policy does not admit the rule gets nothing",
    moto="calls to IAM never reach EventBridge",
    localemu="calls to IAM never reach EventBridge",
    awsim="calls to IAM never reach EventBridge",
)
def test_closed_queue(aws):
    events = aws.client("events")
    rule, open_url = make_rule(aws, CREATED)
    url, arn = aws.new_queue()
    events.put_targets(Rule=rule, Targets=[{"Id": "closed", "Arn": arn}])
    aws.new_user()
    assert aws.receive(open_url) is not None, "no event in the open queue"
    assert not aws.client("sqs").receive_message(QueueUrl=url).get("Messages")


@behaviour(
    "LookupEvents finds a call by its name, newest first, in pages, with the whole record",
    moto="LookupEvents is not implemented",
    awsim="calls are not recorded",
)
def test_lookup_events(aws):
    trail, made = aws.client("cloudtrail"), [aws.new_user() for _ in range(3)]
    start = datetime.datetime.now(datetime.UTC) - datetime.timedelta(hours=1)
    deadline = time.monotonic() + aws.server.patience
    while True:
        pages = list(
            trail.get_paginator("lookup_events").paginate(
                LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateUser"}],
                StartTime=start,
                PaginationConfig={"PageSize": 2, "MaxItems": 6},
            )
        )
        records = [json.loads(e["CloudTrailEvent"]) for page in pages for e in page["Events"]]
        names = [(r["requestParameters"] or {}).get("userName") for r in records]
        found = [n for n in names if n in made]
        if found == made[::-1] or time.monotonic() > deadline:
            break
    assert found == made[::-1]
    assert [len(p["Events"]) for p in pages] == [2, 2, 2]
    first = pages[0]["Events"][0]
    assert first["EventId"] == records[0]["eventID"]
    assert (first["EventName"], first["EventSource"], first["ReadOnly"]) == ("CreateUser", "iam.amazonaws.com", "false")


@behaviour(
    "LookupEvents finds what one key did, reads and refusals among it",
    moto="LookupEvents is not implemented",
    awsim="calls are not recorded",
)
def test_lookup_by_key(aws):
    trail = aws.client("cloudtrail")
    user, _ = aws.as_user(document(statement("Allow", "iam:ListUsers")))
    user.iam.list_users(MaxItems=1)
    with refused("AccessDenied"):
        user.iam.create_user(UserName=unique("made"))
    deadline = time.monotonic() + aws.server.patience
    while True:
        got = trail.lookup_events(LookupAttributes=[{"AttributeKey": "AccessKeyId", "AttributeValue": user.who.key}])[
            "Events"
        ]
        if len(got) == 2 or time.monotonic() > deadline:
            break
    assert {(e["EventName"], e["ReadOnly"]) for e in got} == {("ListUsers", "true"), ("CreateUser", "false")}
