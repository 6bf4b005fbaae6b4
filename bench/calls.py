"""Measure calls per second of the twin and of other emulators with one Go client: python bench/calls.py twin moto.

Each server runs alone, in its default configuration with enforcement of policies, on 127.0.0.1.
"""

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conformance"))

import environment  # noqa: E402

environment.isolate()

import servers  # noqa: E402

CALLS = {"twin": 20000, "awsim": 8000}  # the slow ones get 1500


def measure(target: str, client: Path) -> None:
    """Start a server, run the client against it, stop it."""
    start, program = servers.TARGETS[target]
    with tempfile.TemporaryDirectory() as tmp, start(Path(tmp), (ROOT / "conformance" / program).resolve()) as server:
        command = [str(client), "--name", target, "--endpoint", server.url]
        command += ["--access-key", server.admin.key, "--secret-key", server.admin.secret]
        subprocess.run([*command, "--calls", str(CALLS.get(target, 1500))], env=environment.clean(HOME=tmp), check=True)


if __name__ == "__main__":
    client = ROOT / "bin" / "calls"
    subprocess.run(["go", "build", "-o", str(client), "./bench/calls"], cwd=ROOT, check=True)  # noqa: S607
    for target in sys.argv[1:] or ["twin", "moto"]:
        measure(target, client)
