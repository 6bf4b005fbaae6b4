"""The suite itself: it reaches nothing but its target, and its table of differences is the one that is published."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

import environment

HERE = Path(__file__).parent


def test_environment_is_empty():
    strays = {n for n in os.environ if environment.stray(n)}
    assert strays == {n for n in environment.clean() if environment.stray(n)}


@pytest.mark.parametrize("target", ["twin"])
def test_strays_lead_nowhere(target):
    """Run two tests, of boto3 and of the AWS CLI, in an environment that leads elsewhere in every way there is."""
    with socket.create_server(("127.0.0.1", 0)) as trap:
        url = f"http://127.0.0.1:{trap.getsockname()[1]}"
        stray = {
            "AWS_PROFILE": "somebody-elses",
            "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "stray",
            "AWS_SESSION_TOKEN": "stray",
            "AWS_REGION": "eu-north-1",
            "AWS_ENDPOINT_URL": url,
            "AWS_ENDPOINT_URL_IAM": url,
            "AWS_CA_BUNDLE": "/nonexistent",
            "HTTP_PROXY": url,
            "http_proxy": url,
        }
        tests = ["test_sts.py::test_caller_identity_of_user", "test_cli.py::test_denied"]
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "--target", target, *tests],
            cwd=HERE,
            env=dict(os.environ) | stray,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "2 passed" in done.stdout
        trap.setblocking(False)
        with pytest.raises(BlockingIOError):
            trap.accept()


def test_published_differences():
    done = subprocess.run([sys.executable, "differences.py"], cwd=HERE, capture_output=True, text=True, check=True)
    assert done.stdout == (HERE / "differences.md").read_text(), "run make docs"
