"""The pytest plugin of a conformance run: chooses the tests that the plan wants and tells the runner what became of them."""

from __future__ import annotations

import pytest
from conformance_results import is_planned, plan, tell

_outcomes: dict[str, tuple[str, str]] = {}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config, items):
    planned = plan()
    wanted = [item for item in items if is_planned(item.nodeid, planned)]
    left = [item for item in items if not is_planned(item.nodeid, planned)]
    if left:
        config.hook.pytest_deselected(items=left)
    items[:] = wanted
    tell(collected=len(wanted))


def pytest_collectreport(report):
    if report.failed:
        tell(began=report.nodeid)
        tell(ended=report.nodeid, outcome="failed", reason=_reason(report))
    elif report.skipped:
        tell(began=report.nodeid)
        tell(ended=report.nodeid, outcome="skipped", reason=_reason(report))


def pytest_runtest_logstart(nodeid):
    _outcomes.pop(nodeid, None)
    tell(began=nodeid)


def pytest_runtest_logreport(report):
    worst = _outcomes.get(report.nodeid, ("passed", ""))[0]
    if report.failed and worst != "failed":
        _outcomes[report.nodeid] = "failed", _reason(report)
    elif report.skipped and worst == "passed":
        _outcomes[report.nodeid] = "skipped", _reason(report)


def pytest_runtest_logfinish(nodeid):
    outcome, reason = _outcomes.pop(nodeid, ("passed", ""))
    if "Timeout" in reason and outcome == "failed":
        outcome = "hung"
    tell(ended=nodeid, outcome=outcome, reason=reason)


def pytest_sessionfinish(exitstatus):
    tell(finished=int(exitstatus))


def _reason(report) -> str:
    """The line that says why."""
    crash = getattr(report.longrepr, "reprcrash", None)
    if crash is not None:
        return crash.message.strip()[:300]
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    lines = [line for line in str(report.longrepr or "").splitlines() if line.strip()]
    errors = [line for line in lines if "Error" in line or "Exception" in line or "Timeout" in line]
    return (errors or lines or [""])[-1].strip()[:300]
