"""npm packages and Node's modules by Python's import statement: ``from twinloop.js.modules import lodash_es``.

A name is that of a package in a ``node_modules`` folder above the file that imports, with ``_`` for what Python has no names for:
``left_pad`` is ``left-pad``. Below it are its files (``react_dom.server`` is ``react-dom/server``), below a scope its packages
(``types.node`` is ``@types/node``), below ``node`` Node's own modules (``node.path``).

What a name gives is what :func:`twinloop.js.require` gives, and the namespace of a package that is for ``import`` alone. It belongs to its loop, as
all of JavaScript does; a name that was imported as a module (``import twinloop.js.modules.lodash_es``, ``from twinloop.js.modules.lodash_es import
chunk``) is looked up on the loop that runs.
"""

from __future__ import annotations

import asyncio
import importlib.abc
import importlib.machinery
import os
import re
import sys
import threading
import types
from typing import TYPE_CHECKING, Any

from _twinloop import _native

from twinloop import js as _js

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    # A type checker does not look into node_modules: any name may be a package.
    def __getattr__(name: str) -> Any: ...


# A package without files, so that the import statement asks the finder below.
__path__: list[str] = []

_PREFIX = __name__ + "."

# What `require` says of a module that is not there, or that it is not to have.
_ABSENT = {"ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND", "ERR_PACKAGE_PATH_NOT_EXPORTED", "ERR_UNKNOWN_BUILTIN_MODULE"}


class _Place:
    """What a Python name means in JavaScript: a specifier for the file that imports; none for a scope, which only holds packages."""

    def __init__(self, specifier: str | None, file: str) -> None:
        self.specifier = specifier
        self.file = file


class _JsModule(types.ModuleType):
    """A JavaScript module under a Python name; its attributes are those of the exports on the loop that runs."""

    def __init__(self, name: str, place: _Place) -> None:
        super().__init__(name)
        self.__dict__["_place"] = place
        self.__dict__["_of_thread"] = threading.local()

    @property
    def _exports(self) -> Any:
        """The exports, loaded for each loop anew."""
        known = self.__dict__["_of_thread"]
        try:
            # Fails where the loop has ended that had it.
            if known.exports is None or not isinstance(known.exports, _js.JsProxy) or known.exports.typeof:
                return known.exports
        except (AttributeError, RuntimeError):
            pass
        known.exports = _load(self.__dict__["_place"])
        return known.exports

    def __getattr__(self, name: str) -> Any:
        # `_exports` comes here if it fails by an AttributeError of its own.
        if name.startswith("__") or name == "_exports":
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        below = sys.modules.get(f"{self.__name__}.{name}")
        if self.__dict__["_place"].specifier is None:
            if isinstance(below, _JsModule):
                return below._exports
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        try:
            return getattr(self._exports, name)
        except AttributeError:
            if isinstance(below, _JsModule):
                return below._exports
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}") from None

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return self._exports(*arguments, **named)

    def __setattr__(self, name: str, value: Any) -> None:
        # The import statement puts modules into the one above: what that name gives is the exports themselves.
        if not isinstance(value, _JsModule):
            super().__setattr__(name, value)

    def __dir__(self) -> list[str]:
        return (
            []
            if self.__dict__["_place"].specifier is None
            else [name for name in dir(self._exports) if name != "default"]
        )


class _Modules(types.ModuleType):
    """This module: each other name of it is a package."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        known = sys.modules.get(_PREFIX + name)
        if known is not None and any(other.startswith(f"{_PREFIX}{name}.") for other in sys.modules):
            # The module itself, so that `twinloop.js.modules.react_dom.server` is what was imported.
            return known
        place = _find([name], _importing_file())
        if place is None or place.specifier is None:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        return _load(place)

    def __setattr__(self, name: str, value: Any) -> None:
        if not isinstance(value, _JsModule):
            super().__setattr__(name, value)


class _Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds and loads what stands below this module."""

    def find_spec(
        self, name: str, _path: Sequence[str] | None, _target: types.ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if not name.startswith(_PREFIX):
            return None
        words = name[len(_PREFIX) :].split(".")
        file = _importing_file()
        place = _find(words, file)
        if place is None:
            raise ModuleNotFoundError(
                f"no npm package is called {words[0]!r} in a node_modules folder above {file}: twinloop add npm:NAME installs one"
                if len(words) == 1
                else f"{_PREFIX}{'.'.join(words[:-1])} has no module that is called {words[-1]!r}",
                name=name,
            )
        return importlib.machinery.ModuleSpec(name, self, loader_state=place, is_package=True)

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> types.ModuleType:
        return _JsModule(spec.name, spec.loader_state)

    def exec_module(self, module: types.ModuleType) -> None:
        # What is wrong with it is told by the import statement.
        if isinstance(module, _JsModule) and module.__dict__["_place"].specifier is not None:
            _ = module._exports


def _importing_file() -> str:
    """The file of the import statement that is under way; that of the working directory for code without one."""
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        name = frame.f_globals.get("__name__", "")
        if name != __name__ and not name.startswith("importlib."):
            return _js._file_of(frame)
        frame = frame.f_back
    return os.path.join(os.getcwd(), "<python>")


def _python_name(name: str) -> str:
    name = re.sub(r"\W", "_", name)
    return f"_{name}" if name[:1].isdigit() else name


def _find(words: list[str], file: str) -> _Place | None:
    """What these names mean to a file."""
    first, *rest = words
    if first == "node":
        return _Place(f"node:{'/'.join(rest)}" if rest else None, file)
    for folder in _node_modules(file):
        name = _entry(folder, first)
        if name is not None:
            return _below(name, rest, os.path.join(folder, name), file)
        scope = _entry(folder, first, "@")
        if scope is not None and not rest:
            return _Place(None, file)
        name = _entry(os.path.join(folder, scope), rest[0]) if scope is not None else None
        if name is not None:
            return _below(f"{scope}/{name}", rest[1:], os.path.join(folder, str(scope), name), file)
    return None


def _below(package: str, rest: list[str], folder: str, file: str) -> _Place | None:
    """A package, or a file of it as its ``exports`` or its folder has it."""
    if not rest:
        return _Place(package, file)
    resolve = _js.require("node:module").createRequire(file).resolve
    for path in _paths(folder, rest):
        try:
            resolve(f"{package}/{path}")
        except _js.JsException:
            # One that is for `import` alone is found when it is loaded.
            if not _is_exported(folder, path):
                continue
        return _Place(f"{package}/{path}", file)
    return None


def _paths(folder: str, words: list[str]) -> Iterator[str]:
    """The paths that these names may stand for: as they are, by what is in the folder, and with dashes."""
    yield "/".join(words)
    there, found = folder, []
    for word in words:
        entry = _entry(there, word) or _entry(there, word, "", (".js", ".mjs", ".cjs", ".json"))
        if entry is None:
            break
        found.append(entry)
        there = os.path.join(there, entry)
    else:
        yield "/".join(found)
    yield "/".join(word.replace("_", "-") for word in words)


def _is_exported(folder: str, path: str) -> bool:
    import json

    try:
        with open(os.path.join(folder, "package.json"), encoding="utf-8") as file:
            exports = json.load(file).get("exports")
    except (OSError, ValueError, AttributeError):
        return False
    return isinstance(exports, dict) and f"./{path}" in exports


def _node_modules(file: str) -> Iterator[str]:
    """The folders in which packages are looked for, the nearest first."""
    folder = os.path.dirname(file)
    while True:
        yield os.path.join(folder, "node_modules")
        above = os.path.dirname(folder)
        if above == folder:
            return
        folder = above


def _entry(folder: str, name: str, before: str = "", endings: Sequence[str] = ("",)) -> str | None:
    """What a folder has that Python may call by this name; the name itself above all."""
    try:
        entries = sorted(os.listdir(folder))
    except OSError:
        return None
    found = [
        entry
        for entry in entries
        for ending in endings
        if entry.startswith(before)
        and entry.endswith(ending)
        and _python_name(entry[len(before) : len(entry) - len(ending)]) == name
    ]
    return before + name if before + name in found else next(iter(found), None)


def _load(place: _Place) -> Any:
    """The exports of a module on the loop that runs, or on the one that the program runs next."""
    assert place.specifier is not None, "a scope is not loaded"
    try:
        return _js._on_a_loop(_native.js_require, place.specifier, place.file)
    except _js.JsException as error:
        code = getattr(error.js_error, "code", None)
        if code == "ERR_PACKAGE_PATH_NOT_EXPORTED":
            # For `import` alone.
            return _import(place)
        if code == "ERR_REQUIRE_ASYNC_MODULE":
            return _wait_for(place, error)
        if code in _ABSENT and place.specifier.startswith("node:"):
            raise ModuleNotFoundError(error.message, name=place.specifier) from None
        raise


def _import(place: _Place) -> Any:
    try:
        return _js._on_a_loop(_native.js_import_at_once, place.specifier, place.file)
    except _js.JsException as error:
        if getattr(error.js_error, "code", None) == "ERR_REQUIRE_ASYNC_MODULE":
            return _wait_for(place, error)
        raise


def _wait_for(place: _Place, error: _js.JsException) -> Any:
    """A module that awaits at its top level can be waited for before a loop runs."""
    if asyncio._get_running_loop() is not None:
        raise ImportError(
            f"{place.specifier!r} awaits at its top level, and a loop is running: write await js.import_module({place.specifier!r})",
            name=place.specifier,
        ) from error
    return _js._import_before_a_loop(str(place.specifier), place.file)


sys.modules[__name__].__class__ = _Modules
sys.meta_path.append(_Finder())
