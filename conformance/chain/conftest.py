"""The project's own stack on ministack, an emulator that runs the real bootstrap and the real state machine.

ministack enforces no policy: what the roles may do is shown elsewhere. Here is shown that the pieces fit together.
"""

import json
import os
import subprocess
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

import environment
import servers
import template

ROOT = Path(__file__).resolve().parents[2]
MINISTACK = ROOT / ".tools/ministack/bin/ministack"
ZIP = ROOT / "bin/warden-lambda-amd64.zip"
WARDEN = ROOT / "bin/warden"
PATIENCE = 30  # seconds that something may take to happen


@dataclass
class Person:
    """A user with an access key."""

    name: str
    arn: str
    id: str
    key: str
    secret: str


class World:
    """A running ministack with the stack, an administrator, and a queue that is told what people are told."""

    def __init__(self, url: str, mode: str, home: Path):
        self.url, self.mode, self.home = url, mode, home
        self.account = self.client("sts").get_caller_identity()["Account"]
        self.outputs = self._deploy()
        self.inbox = self.client("sqs").create_queue(QueueName="inbox")["QueueUrl"]
        self.client("sns").subscribe(
            TopicArn=self.outputs["TopicArn"], Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{self.account}:inbox"
        )
        self.told: list[dict] = []
        self.client("iam").create_group(GroupName="Administrators")
        self.admin = self.person("alice")
        self.client("iam").add_user_to_group(GroupName="Administrators", UserName="alice")

    def client(self, service: str):
        """Return a client of the emulator."""
        return servers.client(self.url, servers.Credentials("AKIA1111111111111111", "any"), service)

    def _deploy(self) -> dict[str, str]:
        s3, cf = self.client("s3"), self.client("cloudformation")
        s3.create_bucket(Bucket="code")
        s3.put_object(Bucket="code", Key=ZIP.name, Body=ZIP.read_bytes())
        text = subprocess.run([WARDEN, "deploy", "template", "guard"], check=True, capture_output=True).stdout
        s3.put_object(Bucket="code", Key="guard.json", Body=json.dumps(template.for_ministack(text)).encode())
        parameters = {
            "LambdaS3BucketName": "code", "LambdaZipfileName": ZIP.name, "LambdaArchitecture": "x86_64",
            "UndoActions": "true", "ResponseMode": self.mode,
        }  # fmt: skip
        cf.create_stack(
            StackName="warden-guard",
            TemplateURL=f"{self.url}/code/guard.json",
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in parameters.items()],
        )

        def stack():
            s = cf.describe_stacks(StackName="warden-guard")["Stacks"][0]
            return None if s["StackStatus"].endswith("IN_PROGRESS") else s

        s = until(stack)
        assert s["StackStatus"] == "CREATE_COMPLETE", s
        return {o["OutputKey"]: o["OutputValue"] for o in s["Outputs"]}

    def person(self, name: str) -> Person:
        """Make a user with an access key."""
        iam = self.client("iam")
        user = iam.create_user(UserName=name)["User"]
        key = iam.create_access_key(UserName=name)["AccessKey"]
        return Person(name, user["Arn"], user["UserId"], key["AccessKeyId"], key["SecretAccessKey"])

    def record(self, who: Person, name: str, request: dict, response: dict | None = None) -> dict:
        """Return the CloudTrail record of a call, in the shape of recorded ones."""
        return {
            "eventVersion": "1.10", "eventTime": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "userIdentity": {
                "type": "IAMUser", "principalId": who.id, "arn": who.arn, "accountId": self.account,
                "accessKeyId": who.key, "userName": who.name,
            },
            "eventSource": "iam.amazonaws.com", "eventName": name, "awsRegion": "us-east-1",
            "sourceIPAddress": "198.51.100.7", "userAgent": "aws-cli/2.31.0", "requestParameters": request,
            "responseElements": response, "requestID": str(uuid.uuid4()), "eventID": str(uuid.uuid4()),
            "readOnly": False, "eventType": "AwsApiCall", "managementEvent": True,
            "recipientAccountId": self.account, "eventCategory": "Management",
        }  # fmt: skip

    def create_key(self, who: Person) -> dict:
        """Let somebody make himself a second access key, and return the record of the call."""
        made = self.client("iam").create_access_key(UserName=who.name)["AccessKey"]
        request = {"userName": who.name}
        key = {**request, "accessKeyId": made["AccessKeyId"], "status": "Active"}
        return self.record(who, "CreateAccessKey", request, {"accessKey": key})

    def deliver(self, record: dict, source: str = template.SOURCE) -> dict:
        """Put an event with the record on the bus."""
        kind = "AWS API Call via CloudTrail"
        entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(record)}
        return self.client("events").put_events(Entries=[entry])

    def attached(self, who: Person) -> list[str]:
        """Return the names of the policies attached to somebody."""
        return [
            p["PolicyName"]
            for p in self.client("iam").list_attached_user_policies(UserName=who.name)["AttachedPolicies"]
        ]

    def contained(self, who: Person) -> bool:
        """Tell whether DENY-IAM is attached to somebody."""
        return "DENY-IAM" in self.attached(who)

    def active_keys(self, who: Person) -> int:
        """Count somebody's active access keys."""
        keys = self.client("iam").list_access_keys(UserName=who.name)["AccessKeyMetadata"]
        return sum(k["Status"] == "Active" for k in keys)

    def read_inbox(self) -> list[dict]:
        """Return every message that people were told so far."""
        sqs = self.client("sqs")
        while found := sqs.receive_message(QueueUrl=self.inbox, MaxNumberOfMessages=10).get("Messages"):
            for m in found:
                self.told.append(json.loads(m["Body"]))
                sqs.delete_message(QueueUrl=self.inbox, ReceiptHandle=m["ReceiptHandle"])
        return self.told

    def messages(self, *words: str) -> list[dict]:
        """Return the messages that have all the words in subject or text."""
        return [m for m in self.read_inbox() if all(w in m.get("Subject", "") + m["Message"] for w in words)]

    def warden(self, who: Person, *args: str, ledger: bool = True) -> subprocess.CompletedProcess:
        """Run warden with somebody's credentials, on the stack's ledger where the command has one."""
        env = environment.clean(
            HOME=str(self.home), AWS_REGION="us-east-1", AWS_ENDPOINT_URL=self.url, AWS_ACCESS_KEY_ID=who.key,
            AWS_SECRET_ACCESS_KEY=who.secret,
        )  # fmt: skip
        command = [str(WARDEN), *args]
        if ledger:
            command += ["--ledger", "dynamodb:" + self.outputs["LedgerTable"]]
        return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)

    def executions(self) -> list[dict]:
        """Return the executions of the state machine."""
        arn = f"arn:aws:states:us-east-1:{self.account}:stateMachine:warden-guard"
        return self.client("stepfunctions").list_executions(stateMachineArn=arn)["executions"]

    def execution(self, record: dict) -> dict:
        """Return the execution about an event, or an empty one."""
        return next((e for e in self.executions() if e["name"] == "event-" + record["eventID"]), {"status": "none"})


def until(holds: Callable, seconds: float = PATIENCE):
    """Wait for something to be true, and return it."""
    deadline = time.monotonic() + seconds
    while not (value := holds()):
        assert time.monotonic() < deadline, f"it did not happen within {seconds} s"
        time.sleep(0.1)
    return value


def started(mode: str, tmp: Path):
    """Start ministack on the loopback interface, deploy the stack in a mode, and stop everything at the end."""
    for file in (MINISTACK, ZIP, WARDEN):
        if not file.exists():
            pytest.fail(f"{file} is missing: run this by make conformance, which makes it")
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    # It hands AWS_ENDPOINT_URL to the functions that it runs.
    env = environment.clean(HOME=str(tmp), BIND_HOST="127.0.0.1", GATEWAY_PORT=str(port), AWS_ENDPOINT_URL=url)
    log = tmp / "ministack.log"
    with servers.process([str(MINISTACK)], log, env, tmp) as child:
        servers.until_answering(child, port, log)
        yield World(url, mode, tmp)
    assert not left_behind(tmp), "functions of the stack are still running"


def left_behind(tmp: Path) -> list[str]:
    """Return the processes that run with the home directory of this run."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"HOME={tmp}".encode() in (process / "environ").read_bytes().split(b"\0"):
                found.append(os.readlink(process / "exe"))
        except OSError:
            continue
    return found


@pytest.fixture(scope="session")
def direct(tmp_path_factory):
    """The stack as it is by default: the guard acts itself."""
    yield from started("direct", tmp_path_factory.mktemp("direct"))


@pytest.fixture(scope="session")
def workflow(tmp_path_factory):
    """The stack with ResponseMode=workflow."""
    yield from started("workflow", tmp_path_factory.mktemp("workflow"))
