"""What workers tell the runner: a line of JSON when a test begins and one when it ends.

The runner follows the file TWINLOOP_CONFORMANCE_RESULTS; a test that began and did not end when the process fell silent has
hung, and one that began when the process died has crashed it.
"""

from __future__ import annotations

import json
import os


def tell(**event) -> None:
    """Add a line to the results."""
    with open(os.environ["TWINLOOP_CONFORMANCE_RESULTS"], "a", encoding="utf-8") as file:
        file.write(json.dumps(event) + "\n")


def plan() -> dict:
    """What to run: ``only`` these ids (None for all), not those of ``done``, not those that ``left_out`` matches."""
    with open(os.environ["TWINLOOP_CONFORMANCE_PLAN"], encoding="utf-8") as file:
        return json.load(file)


def is_planned(test: str, planned: dict) -> bool:
    """Whether the plan wants a test."""
    if planned["only"] is not None and test not in planned["only"]:
        return False
    if planned["filter"] not in test or test in planned["done"]:
        return False
    return not any(matches(pattern, test) for pattern in planned["left_out"])


def matches(pattern: str, test: str) -> bool:
    """Whether a pattern of a suite's file, an id or the beginning of one before a ``*``, means a test."""
    return test.startswith(pattern[:-1]) if pattern.endswith("*") else test == pattern
