"""Rules, the events that reach them, and the trail of what was done."""

import datetime
import functools
import json
import time

import pytest

from session import behaviour, document, refused, statement, unique

NO_EVENTS = "calls to IAM never reach EventBridge"
CREATED = {
    "source": ["aws.iam"],
    "detail-type": ["AWS API Call via CloudTrail"],
    "detail": {"eventName": ["CreateUser"]},
}


def make_rule(aws, pattern):
    """Make a rule that puts what matches into a new queue, and return rule and queue."""
    events, rule = aws.client("events"), unique("rule")
    rule_arn = events.put_rule(Name=rule, EventPattern=json.dumps(pattern), State="ENABLED")["RuleArn"]
    url, arn = aws.open_queue("events", rule_arn)
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


class Scene:
    """A user's call and another's refused one, and rules that should and should not deliver them.

    Everything is prepared at once, for an emulator that takes a minute to deliver an event makes the tests wait once.
    """

    def __init__(self, aws):
        self.aws, events = aws, aws.client("events")
        self.rule, self.url = make_rule(aws, CREATED)
        self.off, self.off_url = make_rule(aws, CREATED)
        events.disable_rule(Name=self.off)
        self.closed_url, arn = aws.new_queue()
        events.put_targets(Rule=self.rule, Targets=[{"Id": "closed", "Arn": arn}])
        self.user, self.name = aws.as_user(document(statement("Allow", "*")))
        self.poor, _ = aws.as_user()
        self.created = unique("made")
        self.user.iam.create_user(UserName=self.created)
        with refused("AccessDenied"):
            self.poor.iam.create_user(UserName=unique("made"))

    @functools.cached_property
    def events(self) -> list[dict]:
        """The events of the two callers, by the time both are there."""
        got = []

        def both(body):
            got.append(body)
            keys = {e["detail"]["userIdentity"].get("accessKeyId") for e in got}
            return {self.user.who.key, self.poor.who.key} <= keys

        self.aws.receive(self.url, both)
        return got

    def of(self, caller) -> dict:
        """Return the event of a caller."""
        key = caller.who.key
        found = [e for e in self.events if e["detail"]["userIdentity"].get("accessKeyId") == key]
        assert found, "no event"
        return found[0]


@pytest.fixture(scope="module")
def scene(aws):
    return Scene(aws)


@behaviour(
    "A call to IAM reaches the rule's queue as EventBridge's envelope around CloudTrail's record",
    moto=NO_EVENTS,
    awsim=NO_EVENTS,
)
def test_event_of_a_call(aws, scene):
    got = scene.of(scene.user)
    assert {k: got[k] for k in ("version", "detail-type", "source", "account", "region", "resources")} == {
        "version": "0",
        "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam",
        "account": aws.account,
        "region": "us-east-1",
        "resources": [],
    }
    record = got["detail"]
    assert (record["eventSource"], record["eventName"]) == ("iam.amazonaws.com", "CreateUser")
    assert record["readOnly"] is False
    assert record["requestParameters"]["userName"] == scene.created
    assert record["sourceIPAddress"] == "127.0.0.1"
    assert "Boto3" in record["userAgent"]
    assert "errorCode" not in record


@behaviour(
    "An event's time is the call's, and its region the service's: us-east-1 for IAM",
    moto=NO_EVENTS,
    awsim=NO_EVENTS,
)
def test_event_time(scene):
    got = scene.of(scene.user)
    assert got["time"] == got["detail"]["eventTime"]
    assert got["detail"]["awsRegion"] == got["region"] == "us-east-1"


@behaviour(
    "The record says who called by id, ARN, account and key",
    moto=NO_EVENTS,
    localemu="the caller is named by his key's id",
    awsim=NO_EVENTS,
)
def test_event_identity(aws, scene):
    me = aws.iam.get_user(UserName=scene.name)["User"]
    assert scene.of(scene.user)["detail"]["userIdentity"] == {
        "type": "IAMUser",
        "principalId": me["UserId"],
        "arn": me["Arn"],
        "accountId": aws.account,
        "accessKeyId": scene.user.who.key,
        "userName": scene.name,
    }


@behaviour(
    "The record of CreateUser holds the user that was made",
    moto=NO_EVENTS,
    awsim=NO_EVENTS,
)
def test_event_response(scene):
    assert scene.of(scene.user)["detail"]["responseElements"]["user"]["userName"] == scene.created


@behaviour(
    "A refused call is an event too, with errorCode AccessDenied",
    moto=NO_EVENTS,
    awsim=NO_EVENTS,
)
def test_event_of_a_refusal(scene):
    assert scene.of(scene.poor)["detail"]["errorCode"] == "AccessDenied"


@behaviour(
    "The record of a refused call has neither parameters nor response",
    moto=NO_EVENTS,
    localemu="has the parameters",
    awsim=NO_EVENTS,
)
def test_refusal_without_parameters(scene):
    record = scene.of(scene.poor)["detail"]
    assert record["requestParameters"] is None
    assert record["responseElements"] is None


@behaviour(
    "A queue whose policy does not admit the rule gets nothing",
    moto=NO_EVENTS,
    localemu="the queue's policy is not looked at",
    awsim=NO_EVENTS,
)
def test_closed_queue(aws, scene):
    assert scene.events, "no event in the open queue"
    assert not aws.client("sqs").receive_message(QueueUrl=scene.closed_url).get("Messages")


@behaviour(
    "A disabled rule delivers nothing until it is enabled again",
    moto=NO_EVENTS,
    localemu="delivers all the same",
    awsim=NO_EVENTS,
)
def test_disabled_rule(aws, scene):
    events = aws.client("events")
    assert events.describe_rule(Name=scene.off)["State"] == "DISABLED"
    assert scene.events, "no event through the enabled rule"
    assert not aws.client("sqs").receive_message(QueueUrl=scene.off_url).get("Messages")
    events.enable_rule(Name=scene.off)
    aws.new_user()
    assert aws.receive(scene.off_url) is not None, "no event through the rule that was enabled again"


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
