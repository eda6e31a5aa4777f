"""``twinloop types npm:NAME`` and ``twinloop types FILE.d.ts``: Python stubs of what a package's TypeScript declarations say.

The classes and interfaces of the file become classes, and ``Module`` is a Protocol of its exports: ``lib: lodash.Module = await js.import_module("lodash")``.
What Python's types cannot say (conditional and mapped types, type parameters) is ``Any``; what cannot be read is left out.
"""

from __future__ import annotations

import json
import keyword
import os
import re
from typing import TYPE_CHECKING

from .typescript import GENERIC, NAME, File, Member, Reader

if TYPE_CHECKING:
    from collections.abc import Callable

_HEAD = '''"""What {source} declares, written by `twinloop types`."""
# What TypeScript allows and Python's types do not.
# mypy: disable-error-code="override,overload-cannot-match,overload-overlap,misc,assignment"
# pyright: reportIncompatibleMethodOverride=false, reportIncompatibleVariableOverride=false, reportOverlappingOverload=false
# pyright: reportInconsistentOverload=false, reportInvalidTypeForm=false

from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Collection, Iterable, Iterator, Mapping, MutableSequence, Sequence
from typing import Any, Literal, NoReturn, Protocol, Self, overload
'''


class UnreadableError(Exception):
    """The declarations cannot be found or read."""


def of_package(name: str, folder: str) -> str:
    """Stubs for a package in a ``node_modules`` above a folder."""
    where = os.path.abspath(folder)
    while True:
        for candidate in (name, "@types/" + name.removeprefix("@").replace("/", "__")):
            package = os.path.join(where, "node_modules", candidate)
            declared = _declarations(package)
            if declared is not None:
                return of_file(declared, f"the package {candidate}")
        above = os.path.dirname(where)
        if above == where:
            raise UnreadableError(
                f"no package {name!r} with declarations (.d.ts), nor @types for it, in a node_modules folder above {folder}"
            )
        where = above


def _declarations(package: str) -> str | None:
    try:
        with open(os.path.join(package, "package.json"), encoding="utf-8") as file:
            told = json.load(file)
    except (OSError, ValueError):
        return None
    exported = told.get("exports")
    if isinstance(exported, dict):
        exported = exported.get(".", exported)
    found = [told.get("types"), told.get("typings"), *_types_in(exported), "index.d.ts"]
    if isinstance(told.get("main"), str):
        found.append(re.sub(r"\.[cm]?js$", "", told["main"]) + ".d.ts")
    for path in found:
        if isinstance(path, str) and os.path.isfile(os.path.join(package, path)):
            return os.path.join(package, path)
    return None


def _types_in(conditions: object) -> list[object]:
    if isinstance(conditions, dict):
        return [conditions.get("types"), *(each for value in conditions.values() for each in _types_in(value))]
    return []


def of_file(path: str, source: str) -> str:
    """Stubs for a file of declarations and those that it takes up whole."""
    file = File()
    _read(path, file, set())
    return _written(file, source)


def _read(path: str, file: File, seen: set[str]) -> None:
    path = os.path.realpath(path)
    if path in seen:
        return
    seen.add(path)
    try:
        with open(path, encoding="utf-8") as opened:
            text = opened.read()
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from None
    for specifier in Reader(text, file).read():
        other = _relative(path, specifier)
        if other is not None:
            _read(other, file, seen)


def _relative(path: str, specifier: str) -> str | None:
    if not specifier.startswith("."):
        return None
    base = os.path.normpath(os.path.join(os.path.dirname(path), re.sub(r"\.[cm]?js$", "", specifier)))
    for ending in (".d.ts", ".d.mts", ".d.cts", "/index.d.ts", ".ts"):
        if os.path.isfile(base + ending):
            return base + ending
    return None


# ---- writing


def _python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _written(file: File, source: str) -> str:
    lines = [_HEAD.format(source=source)]
    names = {name for name in [*file.classes, *file.aliases] if NAME.fullmatch(name)}
    reserved = {
        "Any",
        "Literal",
        "NoReturn",
        "Protocol",
        "Self",
        "overload",
        "Module",
        *GENERIC.values(),
        "Mapping",
        "Callable",
    }
    own = {name: f"{name}_" if name in reserved or keyword.iskeyword(name) else name for name in names}

    def known(kind: str) -> str:
        return re.sub("\0(.*?)\0", lambda found: own.get(found.group(1), "Any"), kind)

    for name, kind in file.aliases.items():
        if name in names and name not in file.classes:
            # A type that names itself has no end that Python's checkers know.
            told = known(kind)
            lines.append(f"{own[name]} = {'Any' if own[name] in re.findall(r'[A-Za-z_0-9]+', told) else told}")
    for name, declared in file.classes.items():
        if name not in names:
            continue
        bases = [
            own[base.strip("\0")]
            for base in declared.bases
            if base.strip("\0") in own and base.strip("\0") in file.classes
        ]
        protocol = (
            ["Protocol"]
            if declared.is_interface and all(file.classes[b].is_interface for b in file.classes if own.get(b) in bases)
            else []
        )
        listed = ", ".join([*bases, *protocol])
        lines.append(f"\nclass {own[name]}({listed}):" if listed else f"\nclass {own[name]}:")
        lines += _members(declared.members, known, own)
    lines.append("\nclass Module(Protocol):")
    members = []
    exports = dict(file.exports)
    whole = exports.pop("export=", None)
    if whole is not None:
        # What `require` gives: the function itself, and what stands beside it.
        members += [
            each._replace(name="__call__") if each.parameters is not None else each
            for each in file.values.get(whole, [])
        ]
        if whole in file.classes:
            members += file.classes[whole].members
    for exported, inner in exports.items():
        members += [each._replace(name=exported) for each in file.values.get(inner, []) if NAME.fullmatch(exported)]
    if not exports and whole is None:
        members = [each for several in file.values.values() for each in several]
    lines += _members(members, known, own)
    aliases = [f"_{own[name]} = {own[name]}" for name in [*file.classes, *file.aliases] if name in names]
    return "\n".join([*lines, "", *aliases, ""]).replace("\n\n\n", "\n\n")


def _members(members: list[Member], tell: Callable[[str], str], own: dict[str, str]) -> list[str]:
    lines: list[str] = []
    by_name: dict[str, list[Member]] = {}
    for member in members:
        # Others are reached by `getattr` alone.
        if NAME.fullmatch(member.name):
            by_name.setdefault(member.name, []).append(member)
    # In a class, the name of a member is not the type of that name.
    hidden = [own[name] for name in own if own[name] in by_name]
    pattern = re.compile(rf"(?<![\w.])({'|'.join(map(re.escape, hidden))})(?!\w)") if hidden else None

    def known(kind: str) -> str:
        return tell(kind) if pattern is None else pattern.sub(r"_\1", tell(kind))

    for name, several in by_name.items():
        methods = [each for each in several if each.parameters is not None]
        if not methods:
            kind = several[0].type
            if kind.startswith("class "):
                shown = f"type[_{own[kind[6:]]}]" if kind[6:] in own else "Any"
            else:
                shown = known(f"\0{kind}\0") if kind in own else known(kind)
            lines.append(f"    {_python_name(name)}: {shown}")
            continue
        unique = list(dict.fromkeys(_method(each, known, own) for each in methods))
        is_static = methods[0].is_static
        for text in unique:
            if len(unique) > 1:
                lines.append("    @overload")
            if is_static:
                lines.append("    @classmethod")
            lines.append(f"    def {text}")
    return lines or ["    ..."]


def _method(member: Member, known: Callable[[str], str], own: dict[str, str]) -> str:
    shown = ["cls" if member.is_static else "self"]
    taken = {"self", "cls"}
    had_optional = False
    for index, parameter in enumerate(member.parameters or []):
        name = _python_name(re.sub(r"\W", "_", parameter.name))
        if name in taken or not NAME.fullmatch(name):
            name = f"{name}_{index}"
        taken.add(name)
        kind = known(parameter.type)
        if parameter.is_rest:
            inner = re.fullmatch(r"(?:Mutable)?Sequence\[([^\[\]]*)\]", kind)
            shown.append(f"*{name}: {inner.group(1) if inner else 'Any'}")
            break
        # An interface is what a dict is passed for.
        if kind.removeprefix("_") in own.values():
            kind = f"{kind} | Mapping[str, Any]"
        had_optional = had_optional or parameter.is_optional
        shown.append(
            f"{name}: {kind} | None = ..."
            if parameter.is_optional and kind != "Any"
            else f"{name}: {kind}{' = ...' if had_optional else ''}"
        )
    result = known(f"\0{member.type}\0") if member.type in own else known(member.type)
    return f"{_python_name(member.name)}({', '.join(shown)}) -> {result}: ..."
