"""Print where each target does otherwise than AWS, as a table: python differences.py > differences.md.

The reasons stand at the tests, which expect each of them to fail; one that does not fails the suite. So the table is
never out of date for the pinned versions.
"""

import contextlib
import io
import sys

import pytest

HEAD = """Written by `make docs` from the marks of the tests in this folder. Every cell but `same` is a test that is
run in `make test` or `make conformance` and must fail there, with the versions pinned in the requirements.
What AWS does is AWS's documentation as we read it: nothing here was compared with AWS."""

TARGETS = ("twin", "moto", "localemu", "awsim")


class Collector:
    """A pytest plugin that collects and runs nothing."""

    def __init__(self):
        self.rows: dict[str, dict[str, str]] = {}

    def pytest_collection_finish(self, session):
        """Read the marks of every test."""
        for item in session.items:
            marks = list(item.iter_markers("behaviour"))
            if marks:
                wrong = {k: v for mark in reversed(marks) for k, v in mark.kwargs["wrong"].items()}
                self.rows[marks[0].kwargs["text"]] = wrong


def table(rows: dict[str, dict[str, str]]) -> str:
    """Return the rows in which a target differs, and a count of those in which none does."""
    shown = [t for t in TARGETS if any(t in wrong for wrong in rows.values())]
    lines = [
        "# Where emulators differ from AWS, and from each other",
        "",
        HEAD,
        "",
        f"| AWS | {' | '.join(shown)} |",
        "|---" * (len(shown) + 1) + "|",
    ]
    same = 0
    for text, wrong in rows.items():
        if not wrong:
            same += 1
            continue
        cells = [wrong.get(t, "same") for t in shown]
        lines.append("| " + " | ".join(c.replace("|", "\\|") for c in [text, *cells]) + " |")
    lines += ["", f"{same} more behaviours are the same everywhere."]
    return "\n".join(lines)


def collect() -> dict[str, dict[str, str]]:
    """Return each behaviour with the targets that differ."""
    collector = Collector()
    with contextlib.redirect_stdout(io.StringIO()) as said:
        code = pytest.main(["--collect-only", "--target", "twin"], plugins=[collector])
    if code != pytest.ExitCode.OK:
        sys.exit(said.getvalue())
    return collector.rows


if __name__ == "__main__":
    print(table(collect()))
