"""What boto3 and the AWS CLI may see of this machine: nothing.

Both read profiles, keys, endpoints and proxies from the environment and from files. A stray value would send a
test to somebody's real account, so the environment of this process is emptied of them before boto3 is imported,
and the AWS CLI gets an environment written by hand.
"""

import os

_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def stray(name: str) -> bool:
    """Tell whether a variable could lead a client elsewhere."""
    return name.upper().startswith("AWS_") or name.upper() in _PROXIES


def _isolation() -> dict[str, str]:
    return {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": "us-east-1",
        "NO_PROXY": "*",
    }


def isolate() -> None:
    """Empty this process's environment of everything that could lead a client elsewhere."""
    for name in [n for n in os.environ if stray(n)]:
        del os.environ[name]
    os.environ.update(_isolation())


def clean(**extra: str) -> dict[str, str]:
    """Return an environment for a child process: only what it needs to start, and what is given."""
    keep = ("PATH", "LANG", "LC_ALL", "TMPDIR", "PYENV_ROOT", "PYENV_VERSION", "SYSTEMROOT")
    return {n: os.environ[n] for n in keep if n in os.environ} | _isolation() | extra
