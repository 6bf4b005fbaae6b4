"""What a test holds: one caller's boto3 clients and AWS CLI, and short ways to make other callers."""

import contextlib
import itertools
import json
import secrets
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import botocore
import botocore.exceptions
import pytest

import environment
import servers
from servers import Credentials, Server

_serial = itertools.count(1)
_run = secrets.token_hex(2)

# The operations that the suite has called, as (service, operation), by boto3 or by the AWS CLI.
driven: set[tuple[str, str]] = set()


def behaviour(text: str, **wrong: str):
    """Mark a test with what AWS does, and with the targets that are known to do otherwise: target="how"."""
    unknown = set(wrong) - set(servers.TARGETS)
    if unknown:
        raise ValueError(f"no such target: {unknown}")
    return pytest.mark.behaviour(text=text, wrong=wrong)


def unique(kind: str) -> str:
    """Return a name that no other test uses."""
    return f"conf-{kind}-{_run}-{next(_serial)}"


def statement(effect: str, action, resource="*", **more) -> dict:
    """Return one policy statement."""
    return {"Effect": effect, "Action": action, "Resource": resource} | more


def document(*statements: dict) -> str:
    """Return a policy document of these statements."""
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(principal: dict, **condition) -> str:
    """Return a trust policy for sts:AssumeRole."""
    body = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return document(body | ({"Condition": condition} if condition else {}))


@contextlib.contextmanager
def refused(code: str, *texts: str, status: int | None = None):
    """Expect AWS's error of this code, whose message holds the texts."""
    with pytest.raises(botocore.exceptions.ClientError) as caught:
        yield
    answer = caught.value.response
    assert answer["Error"]["Code"] == code, answer["Error"]
    for text in texts:
        assert text in answer["Error"]["Message"]
    if status is not None:
        assert answer["ResponseMetadata"]["HTTPStatusCode"] == status


class CLIError(Exception):
    """The AWS CLI ended with an error; its text is what a person would see."""


class AWS:
    """One caller at one target."""

    def __init__(self, server: Server, who: Credentials):
        self.server, self.who = server, who
        self._clients = {}
        self.account, self.name = server.account, server.name

    def client(self, service: str):
        """Return the one client of a service, made at its first use."""
        if service not in self._clients:
            self._clients[service] = self.there(service, "us-east-1")
        return self._clients[service]

    def there(self, service: str, region: str = "eu-west-1"):
        """Return a new client of a service in another region."""
        made = servers.client(self.server.url, self.who, service, region)
        made.meta.events.register("after-call", lambda model, **_: driven.add((service, model.name)))
        return made

    @property
    def iam(self):
        return self.client("iam")

    @property
    def sts(self):
        return self.client("sts")

    def be(self, who: Credentials) -> "AWS":
        """Return the same target seen by somebody else."""
        return AWS(self.server, who)

    def arn(self, kind: str, name: str) -> str:
        return f"arn:aws:iam::{self.account}:{kind}/{name}"

    def new_user(self, policy: str | None = None, **options) -> str:
        """Create a user with an inline policy and return his name."""
        name = unique("user")
        self.iam.create_user(UserName=name, **options)
        if policy:
            self.iam.put_user_policy(UserName=name, PolicyName="inline", PolicyDocument=policy)
        return name

    def key_of(self, user: str) -> Credentials:
        """Create an access key."""
        made = self.iam.create_access_key(UserName=user)["AccessKey"]
        return Credentials(made["AccessKeyId"], made["SecretAccessKey"])

    def as_user(self, policy: str | None = None, **options) -> tuple["AWS", str]:
        """Create a user with an inline policy, and return what he sees and his name."""
        name = self.new_user(policy, **options)
        return self.be(self.key_of(name)), name

    def new_policy(self, text: str, **options) -> str:
        """Create a managed policy and return its ARN."""
        made = self.iam.create_policy(PolicyName=unique("policy"), PolicyDocument=text, **options)
        return made["Policy"]["Arn"]

    def new_role(self, trusted: str, policy: str | None = None, **options) -> tuple[str, str]:
        """Create a role with an inline policy and return its name and ARN."""
        name = unique("role")
        made = self.iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted, **options)
        if policy:
            self.iam.put_role_policy(RoleName=name, PolicyName="inline", PolicyDocument=policy)
        return name, made["Role"]["Arn"]

    def as_role(self, policy: str, **options) -> tuple[str, "AWS"]:
        """Create a role that trusts a new user, and return its name and what a session of it sees."""
        allow = document(statement("Allow", "*"))
        user, name = self.as_user(allow)
        role, arn = self.new_role(trust({"AWS": self.arn("user", name)}), policy, **options)
        return role, user.assume(arn)

    def assume(self, role_arn: str, **options) -> "AWS":
        """Assume a role and return what the session sees."""
        got = self.sts.assume_role(RoleArn=role_arn, RoleSessionName="suite", **options)
        return self.be(Credentials.of(got["Credentials"]))

    def new_queue(self, **attributes: str) -> tuple[str, str]:
        """Create a queue and return its URL and ARN."""
        sqs = self.client("sqs")
        url = sqs.create_queue(QueueName=unique("queue"), Attributes=attributes)["QueueUrl"]
        got = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, got["Attributes"]["QueueArn"]

    def open_queue(self, service: str, source: str) -> tuple[str, str]:
        """Create a queue into which a service may put the messages of one source."""
        url, arn = self.new_queue()
        allow = {
            "Effect": "Allow",
            "Principal": {"Service": f"{service}.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"ArnEquals": {"aws:SourceArn": source}},
        }
        self.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={"Policy": document(allow)})
        return url, arn

    def receive(self, url: str, wanted=None):
        """Return the body of the first message that is wanted; delete all that are read. None when none comes."""
        sqs, deadline = self.client("sqs"), time.monotonic() + self.server.patience
        while time.monotonic() < deadline:
            got = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=1)
            for message in got.get("Messages", []):
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                body = json.loads(message["Body"])
                if wanted is None or wanted(body):
                    return body
        return None

    def cli(self, *words: str):
        """Run the AWS CLI as this caller and return its answer."""
        service = {"s3api": "s3", "configservice": "config"}.get(words[0], words[0])
        names = self.client(service).meta.service_model.operation_names
        driven.update((service, name) for name in names if botocore.xform_name(name, "-") == words[1])
        program = str(Path(sys.executable).with_name("aws"))
        env = environment.clean(AWS_ACCESS_KEY_ID=self.who.key, AWS_SECRET_ACCESS_KEY=self.who.secret)
        if self.who.token:
            env["AWS_SESSION_TOKEN"] = self.who.token
        with tempfile.TemporaryDirectory() as home:
            done = subprocess.run(
                [program, "--endpoint-url", self.server.url, "--output", "json", *words],
                env=env | {"HOME": home},
                cwd=home,
                capture_output=True,
                text=True,
                check=False,
                timeout=120,
            )
        if done.returncode != 0:
            raise CLIError(f"{done.returncode}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None
