"""One suite of AWS behaviours, run against each target that is asked for: pytest --target twin --target moto."""

import environment

environment.isolate()

import pytest  # noqa: E402

import servers  # noqa: E402
from session import AWS  # noqa: E402


def pytest_addoption(parser):
    parser.addoption("--target", action="append", choices=sorted(servers.TARGETS), help="server to run against")
    parser.addoption("--complete", action="store_true", help="the whole suite is run: check that nothing is left out")
    parser.addoption("--program", help="the program of the target, when it is not where make puts it")


def pytest_generate_tests(metafunc):
    if "aws" in metafunc.fixturenames:
        names = metafunc.config.getoption("target") or ["twin"]
        metafunc.parametrize("aws", names, indirect=True, scope="session")


def pytest_collection_modifyitems(items):
    """Expect the failures that are known, and fail when one of them has gone: then its reason is out of date."""
    for item in items:
        marks = list(item.iter_markers("behaviour"))
        target = getattr(item, "callspec", None) and item.callspec.params.get("aws")
        if target is None:
            continue
        if not marks:
            raise pytest.UsageError(f"{item.nodeid} has no @behaviour")
        for reason in {mark.kwargs["wrong"].get(target) for mark in marks} - {None}:
            item.add_marker(pytest.mark.xfail(reason=reason, strict=True))


@pytest.fixture(scope="session")
def aws(request, tmp_path_factory):
    """The running target, seen by its administrator."""
    start, program = servers.TARGETS[request.param]
    program = request.config.rootpath / (request.config.getoption("program") or program)
    if not program.exists():
        pytest.fail(f"{program} is missing: run this by make, which installs it")
    with start(tmp_path_factory.mktemp(request.param), program) as server:
        yield AWS(server, server.admin)
