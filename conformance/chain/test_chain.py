"""Rule, queue, function, containment, notification; and the workflow with its approval."""

import json
import time

import botocore.exceptions
import pytest

import template
from conftest import PATIENCE, until


def test_only_aws_puts_events_of_aws(direct):
    """An event that claims to be AWS's is refused by the bus."""
    mallory = direct.person("forger")
    answer = direct.deliver(direct.record(mallory, "CreateUser", {"userName": "x"}), source="aws.iam")
    assert answer["FailedEntryCount"] == 1
    assert answer["Entries"][0]["ErrorCode"] == "NotAuthorizedForSourceException"


def test_what_ministack_cannot_deploy(direct):
    """The rest of the template is deployed as it is."""
    unknown = template.read(_template()) | {}
    unknown["Resources"] = {n: r for n, r in unknown["Resources"].items() if r["Type"] in template.UNKNOWN_TYPES}
    cf = direct.client("cloudformation")
    with pytest.raises(botocore.exceptions.ClientError, match="Unrecognized resource types") as refused:
        cf.create_stack(StackName="refused", TemplateBody=json.dumps({"Resources": unknown["Resources"]}))
    assert all(t in str(refused.value) for t in template.UNKNOWN_TYPES)
    made = {r["ResourceType"] for r in cf.list_stack_resources(StackName="warden-guard")["StackResourceSummaries"]}
    for kind in ("Events::Rule", "SQS::Queue", "Lambda::Function", "Lambda::EventSourceMapping", "DynamoDB::Table",
                 "IAM::ManagedPolicy", "IAM::Role", "SNS::Topic", "CloudWatch::Alarm", "Logs::LogGroup"):  # fmt: skip
        assert f"AWS::{kind}" in made


def _template() -> str:
    from conftest import ROOT

    return (ROOT / "deploy/templates/guard.yaml").read_text()


def test_contains_and_tells(direct):
    """One call of somebody who is no administrator: he is denied IAM, his key is off, people are told once."""
    mallory = direct.person("mallory")
    record = direct.create_key(mallory)
    for _ in range(3):  # at least once
        assert direct.deliver(record)["FailedEntryCount"] == 0
    until(lambda: direct.contained(mallory))
    until(lambda: direct.active_keys(mallory) == 1)
    told = until(lambda: direct.messages("warden contained user mallory"))
    assert "198.51.100.7" in told[0]["Message"]
    assert "warden undo" in told[0]["Message"]
    time.sleep(2)
    assert len(direct.messages("user/mallory")) == 1
    listed = json.loads(direct.warden(direct.admin, "ledger", "list", "-o", "json").stdout)
    assert [i["status"] for i in listed if i["caller"] == mallory.arn] == ["configured"]


def test_administrators_are_left_alone(direct):
    """The same call of an administrator changes nothing."""
    before = len(direct.read_inbox())
    direct.deliver(direct.record(direct.admin, "CreateUser", {"userName": "colleague"}))
    marker = direct.person("marker")  # whoever comes after him in the same queue
    direct.deliver(direct.create_key(marker))
    until(lambda: direct.contained(marker))
    assert not direct.attached(direct.admin)
    assert not [m for m in direct.read_inbox()[before:] if "alice" in m["Message"]]


def test_puts_back_what_is_stripped(direct):
    """The guard's notes to itself come back by the hold queue: who takes the deny off has it on again."""
    trudy = direct.person("trudy")
    direct.deliver(direct.create_key(trudy))
    until(lambda: direct.contained(trudy))
    deny = f"arn:aws:iam::{direct.account}:policy/DENY-IAM"
    direct.client("iam").detach_user_policy(UserName="trudy", PolicyArn=deny)
    assert not direct.contained(trudy)
    until(lambda: direct.contained(trudy))


def test_gives_back(direct):
    """An administrator gives back from his own machine, through the same ledger."""
    victim = direct.person("victim")
    direct.deliver(direct.create_key(victim))
    until(lambda: direct.messages("warden contained user victim"))
    listed = json.loads(direct.warden(direct.admin, "ledger", "list", "-o", "json").stdout)
    incident = next(i["id"] for i in listed if i["caller"] == victim.arn)
    done = direct.warden(direct.admin, "undo", incident, "--apply")
    assert done.returncode == 0, done.stderr
    assert not direct.contained(victim)
    assert direct.active_keys(victim) == 2
    checked = direct.warden(direct.admin, "ledger", "verify")
    assert checked.returncode == 0, checked.stderr


def test_sweep_runs(direct):
    """The sweep's function starts and ends well; ministack has no event history for it to find something in."""
    answer = direct.client("lambda").invoke(FunctionName="warden-guard-sweep", Payload=b"{}")
    assert "FunctionError" not in answer, answer["Payload"].read()


def test_workflow_asks_first(workflow):
    """IAM is denied at once; what takes back waits, for somebody else than the subject, and runs once approved."""
    mallory = workflow.person("mallory")
    record = workflow.create_key(mallory)
    for _ in range(2):
        workflow.deliver(record)
    until(lambda: workflow.contained(mallory))
    asked = until(lambda: workflow.messages("warden asks", "user/mallory"))[0]
    assert workflow.active_keys(mallory) == 2, "the key is off before anybody approved"
    plan = _proposal(workflow, mallory)
    assert plan[:12] in asked["Message"]

    refused = workflow.warden(mallory, "approve", plan, "--apply")
    assert refused.returncode == 1, refused.stdout
    assert "may not decide" in refused.stderr
    shown = workflow.warden(workflow.admin, "approve", plan)
    assert shown.returncode == 0, shown.stderr
    assert plan in shown.stdout
    assert workflow.active_keys(mallory) == 2

    until(lambda: _waits(workflow, record))
    done = workflow.warden(workflow.admin, "approve", plan, "--apply", "--reason", "ticket 7")
    assert done.returncode == 0, done.stderr
    until(lambda: workflow.execution(record)["status"] == "SUCCEEDED")
    assert workflow.active_keys(mallory) == 1
    told = until(lambda: workflow.messages("carried out", "ticket 7"))
    assert len(told) == 1
    assert workflow.admin.arn in told[0]["Message"]
    assert workflow.warden(workflow.admin, "approve", plan, "--apply").returncode == 1, "approved twice"
    assert len(workflow.executions()) == 1, "the same event was handed over twice"
    # The approval is under the unique id of who gave it.
    table = workflow.outputs["LedgerTable"] + "-approvals"
    items = workflow.client("dynamodb").scan(TableName=table)["Items"]
    assert [i["approver"]["S"] for i in items] == [workflow.admin.id]


def test_token_is_never_told(workflow):
    """Neither messages nor what warden shows have the token of a waiting workflow."""
    eve = workflow.person("eve")
    record = workflow.create_key(eve)
    workflow.deliver(record)
    until(lambda: _waits(workflow, record))
    items = _scan(workflow)
    tokens = [json.loads(i["body"]["S"])["token"] for i in items if i.get("kind", {}).get("S") == "task-waiting"]
    assert tokens
    shown = workflow.warden(workflow.admin, "approve", "-o", "json").stdout
    shown += workflow.warden(workflow.admin, "ledger", "list", "-o", "json").stdout
    told = json.dumps(workflow.read_inbox())
    assert not [t for t in tokens if t in shown or t in told]

    declined = workflow.warden(workflow.admin, "approve", _proposal(workflow, eve), "--decline", "--apply")
    assert declined.returncode == 0, declined.stderr
    until(lambda: workflow.execution(record)["status"] == "SUCCEEDED")
    assert workflow.active_keys(eve) == 2, "what was declined was done"


def test_approved_before_it_waits(workflow):
    """A decision that is there before the workflow waits lets it go on at once."""
    oscar = workflow.person("oscar")
    record = workflow.create_key(oscar)
    workflow.deliver(record)
    until(lambda: workflow.messages("warden asks", "user/oscar"))
    done = workflow.warden(workflow.admin, "approve", _proposal(workflow, oscar), "--apply")
    assert done.returncode == 0, done.stderr
    until(lambda: workflow.execution(record)["status"] == "SUCCEEDED")
    assert workflow.active_keys(oscar) == 1


def test_token_without_approval_does_nothing(workflow):
    """Who has the token but no approval lets the workflow go on, which then does nothing and alarms."""
    peggy = workflow.person("peggy")
    record = workflow.create_key(peggy)
    workflow.deliver(record)
    until(lambda: _waits(workflow, record))
    plan = _proposal(workflow, peggy)
    bodies = [json.loads(i["body"]["S"]) for i in _scan(workflow) if i.get("kind", {}).get("S") == "task-waiting"]
    token = next(b["token"] for b in bodies if b["plan"] == plan)
    workflow.client("stepfunctions").send_task_success(taskToken=token, output="{}")
    until(lambda: workflow.execution(record)["status"] == "FAILED")
    assert workflow.active_keys(peggy) == 2
    until(lambda: workflow.messages("workflow failed", "not carried out"))


def test_failure_is_told(workflow):
    """A step that fails for good ends in the alarm."""
    sf = workflow.client("stepfunctions")
    arn = f"arn:aws:states:us-east-1:{workflow.account}:stateMachine:warden-guard"
    started = sf.start_execution(
        stateMachineArn=arn, name="broken", input=json.dumps({"event": {"id": "e-1", "no": "event"}})
    )
    until(lambda: sf.describe_execution(executionArn=started["executionArn"])["status"] == "FAILED", 2 * PATIENCE)
    until(lambda: workflow.messages("workflow failed", "e-1"))


def _proposal(world, about) -> str:
    """Return the id of the plan that waits about somebody."""

    def found():
        listed = world.warden(world.admin, "approve", "-o", "json")
        assert listed.returncode == 0, listed.stderr
        return [p["plan"]["id"] for p in json.loads(listed.stdout) if p["subject"]["caller"] == about.arn]

    return until(found)[0]


def _waits(world, record) -> bool:
    """Tell whether the execution about an event waits for a decision, which shows in the ledger."""
    running = world.execution(record)["status"] == "RUNNING"
    ids = {i["incident"]["S"] for i in _scan(world) if i.get("kind", {}).get("S") == "task-waiting"}
    events = [i for i in _scan(world) if i.get("kind", {}).get("S") == "event-joined"]
    return running and any(record["eventID"] in i["body"]["S"] and i["incident"]["S"] in ids for i in events)


def _scan(world) -> list[dict]:
    pages = world.client("dynamodb").get_paginator("scan").paginate(TableName=world.outputs["LedgerTable"])
    return [item for page in pages for item in page["Items"]]


def test_alarms_tell(direct):
    """Every alarm of the stack tells people by the topic."""
    cw = direct.client("cloudwatch")
    names = sorted(a["AlarmName"] for a in cw.describe_alarms(AlarmNamePrefix="warden-guard-")["MetricAlarms"])
    assert "warden-guard-dead-letters" in names
    assert "warden-guard-silence" in names
    assert len(names) == 7
    for name in names:
        for state in ("OK", "ALARM"):
            cw.set_alarm_state(AlarmName=name, StateValue=state, StateReason="a test")
        until(lambda name=name: [m for m in direct.read_inbox() if f'"{name}"' in m.get("Subject", "")])


def test_dead_letters_are_dealt_with(direct):
    """What ended in the dead letters is dealt with from there, by a person with the CLI, in the same ledger."""
    walter = direct.person("walter")
    record = direct.create_key(walter)
    envelope = {
        "version": "0", "id": record["eventID"], "detail-type": "AWS API Call via CloudTrail",
        "source": "aws.iam", "account": direct.account, "time": record["eventTime"], "region": "us-east-1",
        "resources": [], "detail": record,
    }  # fmt: skip
    sqs, url = direct.client("sqs"), direct.outputs["DeadLettersUrl"]
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(envelope))
    done = direct.warden(direct.admin, "guard", "--queue", url, "--apply", "--until-empty")
    assert done.returncode in (0, 3), done.stderr
    assert direct.contained(walter)
    count = "ApproximateNumberOfMessages"
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[count])["Attributes"][count] == "0"
    # The function takes part in the same incident.
    direct.deliver(record)
    listed = json.loads(direct.warden(direct.admin, "ledger", "list", "-o", "json").stdout)
    assert len([i for i in listed if i["caller"] == walter.arn]) == 1


def test_schedule_starts_the_sweep(direct):
    """The rule of the stack starts the sweep by itself; here every minute, so that nobody has to wait for five."""
    events, logs = direct.client("events"), direct.client("logs")
    rule = events.describe_rule(Name="warden-guard-sweep")
    assert rule["ScheduleExpression"] == "rate(5 minutes)"

    def sweeps() -> int:
        found = logs.filter_log_events(logGroupName="/warden/sweep").get("events", [])
        return sum('"msg":"swept"' in e["message"] for e in found)

    before = sweeps()
    events.put_rule(Name="warden-guard-sweep", ScheduleExpression="rate(1 minute)", State="ENABLED")
    until(lambda: sweeps() > before, 4 * PATIENCE)


# What doctor can see of the stack on ministack; the rest it has changed (the rule of identities), leaves out (the
# policies of roles, point-in-time recovery) or speaks otherwise (CloudWatch).
SEEN = {
    "queue.policy", "queue.settings", "function.ready", "function.settings", "function.capacity", "function.events",
    "function.closed", "guard.acts", "deny.policy", "ledger.table", "dead.letters", "people.told", "role.limits",
    "role.trust", "admins.exist",
}  # fmt: skip


def test_doctor_finds_the_stack_whole(direct):
    """What was deployed from the template is what doctor looks for: no check raises a false alarm."""
    told = direct.warden(direct.admin, "doctor", "-o", "json", ledger=False)
    assert told.returncode in (3, 4), told.stderr
    results = json.loads(told.stdout)["results"]
    wrong = [r for r in results if r["check"] in SEEN and r["status"] != "pass"]
    assert not wrong
    assert {r["check"] for r in results} >= SEEN
