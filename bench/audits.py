"""Measure audits of one planted account: python bench/audits.py [warden] [prowler] [cloudsplaining].

The account (500 users, 200 roles, 50 groups, 300 policies) stands on moto, which counts the calls. Each program runs
once, alone. With Prowler, its answers are set beside the planted truth. Without names only warden is measured; it is
measured again on an account ten times as large.
"""

import argparse
import collections
import csv
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "conformance"))

import environment  # noqa: E402

environment.isolate()

import servers  # noqa: E402

TOOLS = Path(sys.prefix).parent  # beside the environment that runs this
FORMS = ("json", "csv", "markdown", "sarif", "ocsf", "asff", "html", "table")
PATIENCE = 1800  # seconds, for any one program
PLANTED = "111122223333"
SEED = 27  # an account whose root user has a key, no MFA, and was used 89 days ago


@dataclass
class Run:
    """What a program took."""

    wall: float
    cpu: float
    peak: int  # bytes
    status: int

    def __add__(self, other: "Run") -> "Run":
        """Add a run that came after."""
        return Run(self.wall + other.wall, self.cpu + other.cpu, max(self.peak, other.peak), other.status)


def run(command: list[str], out: Path, env: dict[str, str], cwd: Path) -> Run:
    """Run a program to its end and ask the kernel what it took, all its threads and children."""
    with out.open("wb") as o, (cwd / "errors.txt").open("wb") as e:
        began = time.monotonic()
        child = subprocess.Popen(
            ["/usr/bin/env", "timeout", str(PATIENCE), *command], stdout=o, stderr=e, env=env, cwd=cwd
        )
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
    return Run(time.monotonic() - began, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024, child.returncode)


def calls(url: str) -> collections.Counter:
    """Return the calls since the last time."""
    with urllib.request.urlopen(f"{url}/__calls") as answer:  # noqa: S310
        return collections.Counter(json.load(answer))


def size(folder: Path) -> int:
    """Return the bytes of all files under a folder."""
    return sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())


def line(name: str, count: int, r: Run, written: int) -> None:
    """Print one line of the table."""
    cells = [name, f"{count:,}", f"{r.wall:.1f}", f"{r.cpu:.2f}", f"{r.peak / 2**20:.0f}", f"{written / 1e6:.2f}"]
    print("| " + " | ".join(cells) + " |", flush=True)


class Account:
    """A planted account on moto."""

    def __init__(self, scale: str, folder: Path) -> None:
        """Plant it, as of now, so that programs with a clock of their own see the same ages."""
        self.folder, self.port = folder, servers.free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        now = datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
        plant = [str(ROOT / "bin" / "plant"), "-seed", str(SEED), "-size", scale, "-now", now, "-dir", str(folder)]
        subprocess.run(plant, check=True)
        self.now = now
        self.keys = {"AWS_ACCESS_KEY_ID": "AKIAEXAMPLE", "AWS_SECRET_ACCESS_KEY": "planted"}
        self.env = environment.clean(HOME=str(folder), AWS_ENDPOINT_URL=self.url, **self.keys)

    def served(self):
        """Serve it."""
        log = self.folder / "moto.log"
        command = [sys.executable, str(ROOT / "bench" / "planted_moto.py"), str(self.folder), str(self.port)]
        return servers.process(command, log, environment.clean(HOME=str(self.folder)), self.folder), log


def warden(account: Account, name: str) -> None:
    """Collect, then audit in every form."""
    out = account.folder / "warden"
    out.mkdir()
    binary = str(ROOT / "bin" / "warden")
    snapshot = str(account.folder / "collected.json")
    collect = [binary, "collect", "--endpoint-url", account.url, "--out", snapshot]
    calls(account.url)
    r = run(collect, account.folder / "collect.txt", account.env, account.folder)
    made = calls(account.url)
    lacking = sum(made[n] - 1 for n in ("ListServiceSpecificCredentials", "ListOrganizationsFeatures") if made[n])
    line(
        f"{name}: collect ({lacking} calls are retries of what moto lacks)",
        made.total(),
        r,
        Path(snapshot).stat().st_size,
    )
    whole = r
    for form in FORMS:
        file = out / f"report.{form}"
        command = [binary, "audit", "--from", snapshot, "--now", account.now, "--fail-on", "none", "-o", form]
        r = run(command, file, account.env, account.folder)
        if r.status != 0:
            print(f"  -o {form}: exit status {r.status}: {(account.folder / 'errors.txt').read_text().strip()[:200]}")
            file.unlink()
            continue
        if form == "json":
            whole += r
        line(f"{name}: audit -o {form}", 0, r, file.stat().st_size)
    line(f"**{name}: collect and audit -o json**", made.total(), whole, (out / "report.json").stat().st_size)


def prowler(account: Account) -> Path:
    """Run Prowler's checks of IAM."""
    out = account.folder / "prowler"
    command = [str(TOOLS / "prowler/bin/prowler"), "aws", "--service", "iam", "--region", "us-east-1"]
    command += [
        "--output-formats",
        "csv",
        "json-ocsf",
        "html",
        "--output-directory",
        str(out),
        "--output-filename",
        "prowler",
    ]
    calls(account.url)
    r = run([*command, "--no-banner", "--no-color", "-z"], account.folder / "prowler.txt", account.env, account.folder)
    line("Prowler, 51 checks of IAM", calls(account.url).total(), r, size(out))
    return out / "prowler.csv"


def cloudsplaining(account: Account) -> None:
    """Download and scan."""
    out = account.folder / "cloudsplaining"
    out.mkdir()
    profile = account.folder / "credentials"
    profile.write_text("[default]\n" + "\n".join(f"{k.lower()} = {v}" for k, v in account.keys.items()) + "\n")
    env = account.env | {"AWS_SHARED_CREDENTIALS_FILE": str(profile)}
    binary = str(TOOLS / "cloudsplaining/bin/cloudsplaining")
    calls(account.url)
    r = run(
        [binary, "download", "--profile", "default", "--output", str(out)],
        account.folder / "c.txt",
        env,
        account.folder,
    )
    made = calls(account.url).total()
    line("cloudsplaining download", made, r, size(out))
    details = out / "default.json"
    if not details.exists():
        print("  it wrote nothing: " + (account.folder / "errors.txt").read_text()[-300:])
        return
    # moto's answer lacks what AWS's has, and cloudsplaining cannot do without.
    told = json.loads(details.read_text())
    for p in told["Policies"]:
        p.setdefault("PolicyName", p["Arn"].rpartition("/")[2])
        p.setdefault("PolicyId", p["PolicyName"])
    details.write_text(json.dumps(told))
    report = out / "report"
    report.mkdir()
    scan = [binary, "scan", "--input-file", str(details), "--output", str(report), "--skip-open-report"]
    line("cloudsplaining scan", 0, run(scan, account.folder / "c.txt", env, account.folder), size(report))


# Prowler's checks that ask what a control asks. What it calls one resource may be several findings: the subjects of the
# failures are compared.
ALIKE = {
    "iam_avoid_root_usage": "root.used",
    "iam_no_root_access_key": "root.keys",
    "iam_root_mfa_enabled": "root.mfa",
    "iam_root_hardware_mfa_enabled": "root.mfa-hardware",
    "iam_user_mfa_enabled_console_access": "user.mfa",
    "iam_policy_attached_only_to_group_or_roles": "user.groups-only",
    "iam_user_no_setup_initial_access_key": "user.setup-key",
    "iam_user_two_active_access_key": "user.two-keys",
    "iam_user_console_access_unused": "credential.unused",
    "iam_user_accesskey_unused": "credential.unused",
    "iam_rotate_access_key_90_days": "key.age",
    "iam_customer_attached_policy_no_administrative_privileges": "policy.full-admin",
    "iam_aws_attached_policy_no_administrative_privileges": "policy.full-admin",
    "iam_inline_policy_no_administrative_privileges": "policy.full-admin",
    "iam_policy_cloudshell_admin_not_attached": "policy.cloudshell",
    "iam_support_role_created": "role.support",
    "iam_user_administrator_access_policy": "principal.admin",
    "iam_policy_allows_privilege_escalation": "principal.escalation",
    "iam_inline_policy_allows_privilege_escalation": "principal.escalation",
    "iam_password_policy_minimum_length_14": "password-policy.length",
    "iam_password_policy_reuse_24": "password-policy.reuse",
    "iam_password_policy_expires_passwords_within_90_days_or_less": "password-policy.expiry",
}


def compare(account: Account, answers: Path) -> None:
    """Set failures of Prowler beside those planted and those that warden found."""
    theirs = collections.defaultdict(set)
    asked = collections.defaultdict(set)
    with answers.open() as f:
        for row in csv.DictReader(f, delimiter=";"):
            if control := ALIKE.get(row["CHECK_ID"]):
                asked[control].add(row["CHECK_ID"])
                if row["STATUS"] == "FAIL":
                    whole = control.startswith(("root.", "password-policy.", "role.support"))
                    theirs[control].add(f"arn:aws:iam::{PLANTED}:root" if whole else row["RESOURCE_UID"])
    planted = collections.defaultdict(set)
    for a in json.loads((account.folder / "answers.json").read_text())["answers"]:
        if a["want"] == "fail":
            planted[a["control"]].add(a["subject"])
    ours = collections.defaultdict(set)
    for finding in json.loads((account.folder / "warden" / "report.json").read_text())["findings"]:
        if finding["status"] == "fail":
            ours[finding["control"]].add(finding["subject"])
    print("\n| question | planted | warden | Prowler | of these planted | not planted | checks |")
    print("|---|---|---|---|---|---|---|")
    for control in dict.fromkeys(ALIKE.values()):
        p, w, t = planted[control], ours[control], theirs[control]
        cells = [
            len(p),
            f"{len(w)}{'' if w == p else ' (!)'}",
            len(t),
            len(t & p),
            len(t - p),
            ", ".join(sorted(asked[control])),
        ]
        print(f"| `{control}` | " + " | ".join(str(c) for c in cells) + " |")
    keep = account.folder / "differences.json"
    keep.write_text(
        json.dumps({c: [sorted(planted[c] - theirs[c]), sorted(theirs[c] - planted[c])] for c in set(ALIKE.values())})
    )


def main() -> None:
    """Measure what is asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("programs", nargs="*", help="warden, prowler, cloudsplaining (default: warden)")
    parser.add_argument("--keep", type=Path, help="folder to leave account and reports in")
    args = parser.parse_args()
    programs = args.programs or ["warden"]
    for name in ("warden", "plant"):
        where = "./cmd/warden" if name == "warden" else "./bench/plant"
        subprocess.run(["go", "build", "-trimpath", "-o", f"bin/{name}", where], cwd=ROOT, check=True)  # noqa: S607
    with tempfile.TemporaryDirectory() as tmp:
        top = args.keep or Path(tmp)
        print("| program | calls | wall s | CPU s | peak MiB | written MB |")
        print("|---|---|---|---|---|---|")
        sizes = {"common": "500 users", "large": "5,000 users"}
        for scale, name in sizes.items():
            folder = top.resolve() / scale
            folder.mkdir(parents=True)
            account = Account(scale, folder)
            serve, log = account.served()
            with serve as child:
                servers.until_answering(child, account.port, log)
                warden(account, f"warden, {name}")
                if scale == "large":
                    continue
                if "cloudsplaining" in programs:
                    cloudsplaining(account)
                answers = prowler(account) if "prowler" in programs else None
            if answers:
                compare(account, answers)
                print()


if __name__ == "__main__":
    main()
