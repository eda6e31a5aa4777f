"""The Python column of the table in `crates/web/src/error.rs`, which gives each kind of network error its class."""

import importlib
import re
from pathlib import Path

import pytest

ERRORS = Path(__file__).parents[3] / "crates/web/src/error.rs"
KINDS = set(re.findall(r"^        ErrorKind::(\w+),$", ERRORS.read_text(), re.M))
ROWS = re.findall(r'face\(Kind::(\w+),.*"([\w.]+)"\),$', ERRORS.read_text(), re.M)


def test_every_kind_has_a_row() -> None:
    assert len(KINDS) > 10
    assert {kind for kind, _ in ROWS} == KINDS
    assert len(ROWS) == len(KINDS)


@pytest.mark.parametrize(("kind", "name"), ROWS)
def test_every_name_is_an_exception_that_can_be_made_of_a_message(kind: str, name: str) -> None:
    module, _, attribute = name.rpartition(".")
    exception = getattr(importlib.import_module(module or "builtins"), attribute)
    error = exception("what happened")
    assert isinstance(error, BaseException)
    assert "what happened" in str(error)
