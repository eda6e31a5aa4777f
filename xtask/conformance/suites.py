"""A suite: the file ``tests/conformance/NAME.toml`` that says where its tests come from and which of them fail, and why.

kind = "pytest"                  or "mixins" and "modules", which come with the interpreter
base = "fastapi"                 another suite, whose environment and tests these are, run in another way
package = "aiohttp==3.14.5"      its wheel is installed, its source package has the tests
requirements = ["pytest==9.2.0"] installed beside it
copy = ["tests", "pytest.ini"]   what the tests need of the source package; never the package itself
options = ["tests"]              given to pytest
modules = ["test.test_asyncgen"] for the kind "modules"
swap = ["uvloop"]                see inside/sitecustomize.py
needs = ["postgresql"]           a server that is started, or "localhost-ipv6", which is provided where it can be
environment = { NAME = "value" }
silence = 60                     seconds without a line from the tests that mean a hang

[[left_out]]                     not run at all
reason = "..."
tests = ["tests/test_x.py*"]

[[fails]]                        run, and a fault of the file if it passes
reason = "..."
everywhere = true                on asyncio's own loop too: it is the environment or the test
unsteady = true                  passes at times
python = ["3.13"]                only there
without = "localhost-ipv6"       only where that could not be provided
tests = ["tests/test_x.py::test_y"]
"""

from __future__ import annotations

import sys
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
FOLDER = ROOT / "tests" / "conformance"
CACHE = ROOT / ".cache" / "conformance"
INSIDE = HERE / "inside"

sys.path.insert(0, str(INSIDE))
from conformance_results import matches  # noqa: E402


@dataclass
class Expectation:
    """Tests that fail, and why."""

    reason: str
    tests: list[str]
    everywhere: bool = False
    unsteady: bool = False
    python: list[str] = field(default_factory=list)
    without: str = ""

    def covers(self, test: str, loop: str, python: str, lacks: set[str]) -> bool:
        """Whether it speaks of a test on a loop and a version of Python, on a machine that lacks some of what suites need."""
        if self.python and python not in self.python:
            return False
        if self.without and self.without not in lacks:
            return False
        if not self.everywhere and loop != "twinloop":
            return False
        return any(matches(pattern, test) for pattern in self.tests)


@dataclass
class Suite:
    """What the file of a suite says."""

    name: str
    about: str
    kind: str
    base: str = ""
    package: str = ""
    requirements: list[str] = field(default_factory=list)
    sources: dict[str, str] = field(default_factory=dict)
    copy: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    modules: list[str] = field(default_factory=list)
    swap: list[str] = field(default_factory=list)
    quiet: list[str] = field(default_factory=list)
    needs: list[str] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    silence: int = 20
    left_out: list[dict] = field(default_factory=list)
    fails: list[Expectation] = field(default_factory=list)

    def expectation(self, test: str, loop: str, python: str, lacks: set[str]) -> Expectation | None:
        """The entry that expects a test to fail."""
        return next((entry for entry in self.fails if entry.covers(test, loop, python, lacks)), None)


# The order of the table: what is nearest to asyncio first.
NAMES = (
    "asyncio",
    "stdlib",
    "uvloop",
    "aiohttp",
    "websockets",
    "anyio",
    "tornado",
    "uvicorn",
    "uvicorn-served",
    "hypercorn",
    "starlette",
    "fastapi",
    "fastapi-served",
    "aiofiles",
    "asyncpg",
    "aioquic",
)


def load(name: str) -> Suite:
    """The suite of that name."""
    path = FOLDER / f"{name}.toml"
    if not path.exists():
        known = " ".join(known.name for known in load_all())
        raise SystemExit(f"no such suite: {name}; there are {known}")
    values = tomllib.loads(path.read_text(encoding="utf-8"))
    if "base" in values:
        values = tomllib.loads((FOLDER / f"{values['base']}.toml").read_text(encoding="utf-8")) | values
    values["fails"] = [Expectation(**entry) for entry in values.get("fails", [])]
    for entry in values.get("left_out", []):
        if not entry["reason"] or not entry["tests"]:
            raise SystemExit(f"{path.name}: an entry of left_out needs a reason and tests")
    return Suite(name=name, **values)


def load_all() -> list[Suite]:
    """Every suite that has a file, in the order of the table."""
    return [load(name) for name in NAMES if (FOLDER / f"{name}.toml").exists()]
