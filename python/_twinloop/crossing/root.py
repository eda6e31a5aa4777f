"""Python itself for JavaScript: the global ``python`` of its programs (``crates/runtime/src/python_in_js/global.js``).

Code runs in ``__main__``, where a Python program, a prompt and a notebook have their variables.
"""

from __future__ import annotations

import builtins
import importlib
import sys
import types
from typing import Any


class Root:
    """``python``: ``python.eval(code)``, ``python.exec(code)``, ``python.import(name)``, ``python.builtins``, ``python.globals``."""

    @property
    def builtins(self) -> types.ModuleType:
        """The module of that name: ``python.builtins.dict()``."""
        return builtins

    @property
    def globals(self) -> types.ModuleType:
        """``__main__``, whose attributes are the variables that ``eval`` and ``exec`` see."""
        return sys.modules["__main__"]

    @property
    def version(self) -> str:
        """Python's, such as ``3.11.2``."""
        return sys.version.partition(" ")[0]

    def eval(self, code: str) -> Any:
        """The value of an expression."""
        return eval(compile(code, "<python.eval>", "eval", dont_inherit=True), self.globals.__dict__)

    def exec(self, code: str) -> None:
        """Run statements."""
        exec(compile(code, "<python.exec>", "exec", dont_inherit=True), self.globals.__dict__)


def _import(_root: Root, name: str) -> types.ModuleType:
    """A module, also one below another: ``python.import("xml.etree.ElementTree")``."""
    return importlib.import_module(name)


# A keyword in Python.
setattr(Root, "import", _import)

ROOT = Root()
