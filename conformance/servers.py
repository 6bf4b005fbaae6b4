"""The servers that the suite runs against, each started on a free port of 127.0.0.1 and stopped at the end."""

import configparser
import contextlib
import json
import os
import re
import secrets
import signal
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3

import environment

START_SECONDS = 120  # a cold LocalEmu imports for half a minute on a busy machine


@dataclass(frozen=True)
class Credentials:
    """A key pair, with the token when it is a temporary one."""

    key: str
    secret: str
    token: str | None = None

    @classmethod
    def of(cls, sts_credentials: dict) -> "Credentials":
        """Take the Credentials element of an STS answer."""
        return cls(sts_credentials["AccessKeyId"], sts_credentials["SecretAccessKey"], sts_credentials["SessionToken"])


@dataclass(frozen=True)
class Server:
    """A running target: where it listens, its administrator, and how long an event may take to arrive."""

    name: str
    pid: int
    url: str
    admin: Credentials
    account: str
    patience: float


def free_port() -> int:
    """Return a port of the loopback interface that nothing listens on."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def process(command: list[str], log: Path, env: dict[str, str], cwd: Path) -> Iterator[subprocess.Popen]:
    """Run a server in a process group of its own, and end the whole group whatever happens."""
    with log.open("wb") as out:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=env, cwd=cwd, start_new_session=True
        )
    try:
        yield child
    finally:
        for sig, wait in ((signal.SIGTERM, 10), (signal.SIGKILL, 10)):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, sig)
            with contextlib.suppress(subprocess.TimeoutExpired):
                child.wait(wait)
                break


def until_answering(child: subprocess.Popen, port: int, log: Path) -> None:
    """Wait until the port accepts connections."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        if child.poll() is not None:
            break
        with socket.socket() as s:
            s.settimeout(1)
            if s.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{child.args[0]} does not answer on port {port}; its last words:\n{log.read_text()[-2000:]}")


@contextlib.contextmanager
def twin(tmp: Path, program: Path, *options: str) -> Iterator[Server]:
    """warden's own twin with its sample company, or with what the options say."""
    port, file, log = free_port(), tmp / "credentials", tmp / "twin.log"
    command = [str(program), "twin", "--listen", f"127.0.0.1:{port}", "--credentials", str(file), *options]
    with process(command, log, environment.clean(HOME=str(tmp)), tmp) as child:
        until_answering(child, port, log)
        # The lines to paste, printed last, name an administrator's profile in the file.
        deadline = time.monotonic() + START_SECONDS
        while not (said := re.search(r"AWS_PROFILE=(\S+)", log.read_text())) and time.monotonic() < deadline:
            time.sleep(0.02)
        keys = configparser.ConfigParser()
        keys.read(file)
        profile = keys[said[1]]
        admin = Credentials(profile["aws_access_key_id"], profile["aws_secret_access_key"])
        yield identified("twin", child.pid, port, admin, patience=10)


@contextlib.contextmanager
def moto(tmp: Path, program: Path) -> Iterator[Server]:
    """moto, told to enforce policies once its administrator exists."""
    port = free_port()
    command = [str(program), "-H", "127.0.0.1", "-p", str(port)]
    # The number of calls before enforcement: more than the three that make the administrator, which also shows
    # that reset-auth works.
    env = environment.clean(HOME=str(tmp), INITIAL_NO_AUTH_ACTION_COUNT="100", MOTO_IAM_LOAD_MANAGED_POLICIES="true")
    with process(command, tmp / "moto.log", env, tmp) as child:
        until_answering(child, port, tmp / "moto.log")
        url = f"http://127.0.0.1:{port}"
        anyone = Credentials("AKIA" + secrets.token_hex(8).upper(), "any")
        iam = client(url, anyone, "iam")
        iam.create_user(UserName="conformance-admin")
        allow_all = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        iam.put_user_policy(UserName="conformance-admin", PolicyName="all", PolicyDocument=json.dumps(allow_all))
        made = iam.create_access_key(UserName="conformance-admin")["AccessKey"]
        reset = urllib.request.Request(f"{url}/moto-api/reset-auth", b"0", {"Content-Type": "text/plain"})  # noqa: S310
        urllib.request.urlopen(reset, timeout=10).close()  # noqa: S310
        yield identified("moto", child.pid, port, Credentials(made["AccessKeyId"], made["SecretAccessKey"]), patience=1)


@contextlib.contextmanager
def localemu(tmp: Path, program: Path) -> Iterator[Server]:
    """LocalEmu, which listens on every interface whatever it is told: only in a network namespace of its own."""
    others = [name for _, name in socket.if_nameindex() if name != "lo"]
    if others:
        raise RuntimeError(f"LocalEmu would listen on {others}: run this by `make conformance`, which isolates it")
    port = free_port()
    command = [str(program), "start", "--host", "127.0.0.1", "--port", str(port)]
    env = environment.clean(HOME=str(tmp), IAM_ENFORCEMENT="1")
    with process(command, tmp / "localemu.log", env, tmp) as child:
        until_answering(child, port, tmp / "localemu.log")
        # The pair of AWS's documentation is the administrator of every LocalEmu.
        admin = Credentials("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY")
        # It hands an event to EventBridge sixty seconds after the call.
        yield identified("localemu", child.pid, port, admin, patience=75)


@contextlib.contextmanager
def awsim(tmp: Path, program: Path) -> Iterator[Server]:
    """AWSim, bound to the loopback interface, which it is not by default."""
    port = free_port()
    env = environment.clean(HOME=str(tmp), AWSIM_BIND="127.0.0.1", AWSIM_PORT=str(port), AWSIM_ENFORCE_IAM="true")
    with process([str(program)], tmp / "awsim.log", env, tmp) as child:
        until_answering(child, port, tmp / "awsim.log")
        yield identified("awsim", child.pid, port, Credentials("awsim-admin", "any"), patience=3)


# How each target is started, and where `make` puts its program.
TARGETS = {
    "twin": (twin, "../bin/warden"),
    "moto": (moto, "../.tools/venv/bin/moto_server"),
    "localemu": (localemu, "../.tools/localemu/bin/localemu"),
    "awsim": (awsim, "../.tools/bin/awsim"),
}


def client(url: str, who: Credentials, service: str, region: str = "us-east-1"):
    """Return a boto3 client that can only reach url, and does not retry: the suite wants to see every answer."""
    session = boto3.Session(who.key, who.secret, who.token, region)
    config = boto3.session.Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=60, proxies={})
    return session.client(service, endpoint_url=url, config=config)


def identified(name: str, pid: int, port: int, admin: Credentials, patience: float) -> Server:
    """Ask the server who its administrator is."""
    url = f"http://127.0.0.1:{port}"
    account = client(url, admin, "sts").get_caller_identity()["Account"]
    return Server(name, pid, url, admin, account, patience)
