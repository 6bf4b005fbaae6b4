"""Measure calls per second of the twin and of other emulators with one Go client: python bench/calls.py twin moto.

Each server runs alone, in its default configuration with enforcement of policies, on 127.0.0.1, three times anew.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conformance"))

import environment  # noqa: E402

environment.isolate()

import servers  # noqa: E402

RUNS = 3
CALLS = {"twin": 4500, "awsim": 4500}  # an account has 5000 users at most; the slow servers get 1500


def processor_seconds(pid: int) -> float:
    """Return user and system time of a process, all its threads (proc_pid_stat(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure(target: str, client: Path) -> None:
    """Start a server, run the client against it, stop it."""
    calls = CALLS.get(target, 1500)
    start, program = servers.TARGETS[target]
    with tempfile.TemporaryDirectory() as tmp, start(Path(tmp), (ROOT / "conformance" / program).resolve()) as server:
        command = [str(client), "--name", target, "--endpoint", server.url]
        command += ["--access-key", server.admin.key, "--secret-key", server.admin.secret]
        before = processor_seconds(server.pid)
        subprocess.run([*command, "--calls", str(calls)], env=environment.clean(HOME=tmp), check=True)
        spent = processor_seconds(server.pid) - before
        print(f"{target:10} {spent / (2 * calls) * 1e6:.0f} µs of processor time a call in the server", flush=True)


if __name__ == "__main__":
    client = ROOT / "bin" / "calls"
    subprocess.run(["go", "build", "-o", str(client), "./bench/calls"], cwd=ROOT, check=True)  # noqa: S607
    for target in sys.argv[1:] or ["twin", "moto"]:
        for _ in range(RUNS):
            measure(target, client)
