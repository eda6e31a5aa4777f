"""``twinloop types npm:NAME`` and ``twinloop types FILE.d.ts``: Python stubs of what a package's TypeScript declarations say.

The classes and interfaces of the file become classes, and ``Module`` is a Protocol of its exports: ``lib: lodash.Module = await js.import_module("lodash")``.
What Python's types cannot say (conditional and mapped types, type parameters) is ``Any``; what cannot be read is left out.
"""

from __future__ import annotations

import json
import keyword
import os
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?P<number>\d[\w.]*)"""
    r"""|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>=>|\.\.\.|\?\.|[{}()\[\]<>,;:?=|&.\-+*!@#~^%/])""",
    re.DOTALL,
)

# What Python has names for.
_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

_PLAIN = {
    "any": "Any",
    "unknown": "Any",
    "object": "Any",
    "string": "str",
    "number": "float",
    "boolean": "bool",
    "bigint": "int",
    "symbol": "Any",
    "void": "None",
    "undefined": "None",
    "null": "None",
    "never": "NoReturn",
    "this": "Self",
}
_GENERIC = {
    "Array": "MutableSequence",
    "ReadonlyArray": "Sequence",
    "Promise": "Awaitable",
    "PromiseLike": "Awaitable",
    "Set": "Collection",
    "ReadonlySet": "Collection",
    "Iterable": "Iterable",
    "Iterator": "Iterator",
    "IterableIterator": "Iterator",
    "AsyncIterable": "AsyncIterable",
    "AsyncIterator": "AsyncIterator",
    "AsyncIterableIterator": "AsyncIterator",
}
_MODIFIERS = {
    "public",
    "private",
    "protected",
    "static",
    "readonly",
    "abstract",
    "declare",
    "override",
    "async",
    "accessor",
}

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


class _Token(NamedTuple):
    kind: str
    text: str


class _Parameter(NamedTuple):
    name: str
    type: str
    is_optional: bool
    is_rest: bool


class _Member(NamedTuple):
    """Of a class, interface or module: a method with its parameters, or an attribute without."""

    name: str
    parameters: list[_Parameter] | None
    type: str
    is_static: bool


class _Class(NamedTuple):
    bases: list[str]
    members: list[_Member]
    is_interface: bool


class _File:
    """What a file declares."""

    def __init__(self) -> None:
        self.classes: dict[str, _Class] = {}
        self.aliases: dict[str, str] = {}
        self.values: dict[str, list[_Member]] = {}
        # What the module exports, and what that is called in the file.
        self.exports: dict[str, str] = {}
        self.is_whole_export = False


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
    file = _File()
    _read(path, file, set())
    return _written(file, source)


def _read(path: str, file: _File, seen: set[str]) -> None:
    path = os.path.realpath(path)
    if path in seen:
        return
    seen.add(path)
    try:
        with open(path, encoding="utf-8") as opened:
            text = opened.read()
    except OSError as error:
        raise UnreadableError(f"cannot read {path}: {error.strerror}") from None
    for specifier in _Reader(text, file).read():
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


class _Reader:
    def __init__(self, text: str, file: _File) -> None:
        self._tokens = [_Token(match.lastgroup, match.group()) for match in _TOKEN.finditer(text) if match.lastgroup]
        self._at = 0
        self._file = file
        self._type_names: list[set[str]] = []

    # ---- tokens

    def _peek(self, ahead: int = 0) -> str:
        at = self._at + ahead
        return self._tokens[at].text if at < len(self._tokens) else ""

    def _kind(self) -> str:
        return self._tokens[self._at].kind if self._at < len(self._tokens) else ""

    def _next(self) -> str:
        text = self._peek()
        self._at += 1
        return text

    def _take(self, text: str) -> bool:
        if self._peek() == text:
            self._at += 1
            return True
        return False

    def _skip_balanced(self) -> None:
        """Over a bracket and what it holds; anything else alone."""
        pairs = {"{": "}", "(": ")", "[": "]", "<": ">"}
        closing = pairs.get(self._next())
        while closing is not None and self._peek() and not self._take(closing):
            self._skip_balanced()

    def _skip_statement(self) -> None:
        while self._peek() and not self._take(";"):
            if self._peek() == "{":
                self._skip_balanced()
                self._take(";")
                return
            self._skip_balanced()

    # ---- statements

    def read(self) -> list[str]:
        """Reads it; the specifiers of what it takes up whole, or in parts."""
        others: list[str] = []
        while self._peek():
            before = self._at
            self._statement(others)
            if self._at == before:
                self._at += 1
        return others

    def _statement(self, others: list[str]) -> None:
        exported = self._take("export")
        if (exported and self._peek() in ("*", "{")) or (
            exported and self._peek() == "type" and self._peek(1) in ("*", "{")
        ):
            self._exports(others)
            return
        if exported and self._take("="):
            self._file.exports["export="] = self._next()
            self._take(";")
            return
        if exported and self._peek() == "as":
            self._skip_statement()
            return
        is_default = exported and self._take("default")
        while self._peek() in ("declare", "abstract", "async") and self._kind_at(1) == "name":
            self._next()
        word = self._peek()
        name = ""
        if word == "function":
            self._next()
            self._take("*")
            name = self._next() if self._kind() == "name" else "default"
            parameters, result = self._signature()
            self._value(_Member(name, parameters, result, False))
            self._take(";")
        elif word in ("const", "let", "var"):
            self._next()
            if self._take("enum"):
                name = self._enum()
            else:
                while self._kind() == "name":
                    name = self._next()
                    kind = self._type() if self._take(":") else "Any"
                    if self._take("="):
                        self._type()
                    self._value(_Member(name, None, kind, False))
                    if exported:
                        self._file.exports[name] = name
                    if not self._take(","):
                        break
                self._take(";")
        elif word == "class":
            self._next()
            name = self._class(is_interface=False)
        elif word == "interface" and self._kind_at(1) == "name":
            self._next()
            self._class(is_interface=True)
        elif word == "type" and self._kind_at(1) == "name":
            self._next()
            alias = self._next()
            self._enter_parameters()
            if self._take("="):
                self._take("|")
                kind = self._type()
                # One with parameters of its own is many types.
                self._file.aliases[alias] = "Any" if self._type_names[-1] else kind
            self._type_names.pop()
            self._take(";")
        elif word == "enum":
            self._next()
            name = self._enum()
        elif word in ("namespace", "module", "global") and self._peek(1) not in (":", "(", ";"):
            name = self._namespace(others)
        elif is_default and self._kind() == "name":
            self._file.exports["default"] = self._next()
            self._take(";")
            return
        else:
            self._skip_statement()
            return
        if exported and name:
            self._file.exports["default" if is_default else name] = name

    def _kind_at(self, ahead: int) -> str:
        at = self._at + ahead
        return self._tokens[at].kind if at < len(self._tokens) else ""

    def _exports(self, others: list[str]) -> None:
        self._take("type")
        names: list[tuple[str, str]] = []
        if self._take("*"):
            if self._take("as"):
                names.append((self._next(), "Any"))
        elif self._take("{"):
            while self._peek() and not self._take("}"):
                if self._peek() == "type" and self._kind_at(1) == "name" and self._peek(1) not in ("as",):
                    self._next()
                own = self._next()
                names.append((self._next() if self._take("as") else own, own))
                self._take(",")
        if self._take("from"):
            others.append(self._next()[1:-1])
        self._take(";")
        self._file.exports.update(dict(names))

    def _namespace(self, others: list[str]) -> str:
        """Its name, if it is a value."""
        word = self._next()
        quoted = self._kind() == "text"
        name = "" if word == "global" else self._next()
        while self._take("."):
            self._next()
        if not self._take("{"):
            self._take(";")
            return ""
        before = set(self._file.values)
        while self._peek() and not self._take("}"):
            at = self._at
            self._statement(others)
            if self._at == at:
                self._skip_balanced()
        if not quoted and word != "global":
            # Its values are the object's own.
            inner = [member for key in self._file.values if key not in before for member in self._file.values[key]]
            for key in set(self._file.values) - before:
                del self._file.values[key]
                self._file.exports.pop(key, None)
            known = self._file.classes.get(name)
            if known is None:
                self._file.classes[name] = _Class([], inner, True)
                if name not in self._file.values:
                    self._value(_Member(name, None, name, False))
            else:
                known.members.extend(inner)
            return name
        return ""

    def _value(self, member: _Member) -> None:
        self._file.values.setdefault(member.name, []).append(member)

    def _enum(self) -> str:
        name = self._next()
        members = []
        if self._take("{"):
            while self._peek() and not self._take("}"):
                members.append(_Member(self._next().strip("'\""), None, "Any", False))
                while self._peek() not in (",", "}", ""):
                    self._skip_balanced()
                self._take(",")
        self._file.classes[name] = _Class([], members, True)
        self._value(_Member(name, None, name, False))
        return name

    def _class(self, *, is_interface: bool) -> str:
        name = self._next()
        self._enter_parameters()
        bases = []
        while self._peek() and self._peek() != "{":
            word = self._next()
            if word in ("extends", "implements", ","):
                base = self._type()
                if word == "extends" or is_interface:
                    bases.append(base)
        members = self._members(name) if self._take("{") else []
        self._type_names.pop()
        known = self._file.classes.get(name)
        if known is not None:
            known.members.extend(members)
        else:
            self._file.classes[name] = _Class(bases, members, is_interface)
        if not is_interface:
            self._value(_Member(name, None, f"class {name}", False))
        return name

    def _members(self, owner: str) -> list[_Member]:
        members = []
        while self._peek() and not self._take("}"):
            at = self._at
            member = self._member(owner)
            if member is not None:
                members.append(member)
            while self._peek() in (";", ","):
                self._next()
            if self._at == at:
                self._skip_balanced()
        return members

    def _member(self, owner: str) -> _Member | None:
        words = set()
        while self._peek() in _MODIFIERS and self._peek(1) not in ("(", ":", "?", ";", "<", "}", ","):
            words.add(self._next())
        is_accessor = self._peek() in ("get", "set") and self._peek(1) not in ("(", ":", "?", ";", "<", "}", ",")
        accessor = self._next() if is_accessor else ""
        if self._peek() in ("(", "<"):
            parameters, result = self._signature()
            return _Member("__call__", parameters, result, False)
        if self._peek() == "new" and self._peek(1) in ("(", "<"):
            self._next()
            parameters, result = self._signature()
            return _Member("new", parameters, result, False)
        if self._peek() == "[":
            # An index signature, or a computed name.
            self._skip_balanced()
            if self._peek() in ("(", "<"):
                self._signature()
            elif self._take(":"):
                self._type()
            return None
        if self._peek() == "#":
            self._next()
            self._next()
            return None
        name = self._next().strip("'\"")
        is_optional = self._take("?")
        self._take("!")
        if self._peek() in ("(", "<"):
            parameters, result = self._signature()
            if name == "constructor":
                return _Member("new", parameters, owner, True)
            if accessor == "set":
                return None
            if accessor == "get":
                return _Member(name, None, result, "static" in words)
            member = _Member(name, parameters, result, "static" in words)
        else:
            kind = self._type() if self._take(":") else "Any"
            if self._take("="):
                self._type()
            member = _Member(name, None, _optional(kind) if is_optional else kind, "static" in words)
        is_hidden = "private" in words or not _NAME.fullmatch(name)
        return None if is_hidden else member

    # ---- types

    def _enter_parameters(self) -> None:
        """The parameters of a type: inside, each is Any."""
        names = set()
        if self._take("<"):
            depth = 1
            expects = True
            while depth and self._peek():
                token = self._tokens[self._at]
                if expects and token.kind == "name" and token.text not in ("const", "in", "out"):
                    names.add(token.text)
                    expects = False
                if token.text == "<":
                    depth += 1
                elif token.text == ">":
                    depth -= 1
                elif token.text == "," and depth == 1:
                    expects = True
                elif token.text in ("{", "(", "["):
                    self._skip_balanced()
                    continue
                self._at += 1
        self._type_names.append(names)

    def _signature(self) -> tuple[list[_Parameter], str]:
        self._enter_parameters()
        parameters = self._parameters()
        result = self._result() if self._take(":") else "Any"
        self._type_names.pop()
        return parameters, result

    def _result(self) -> str:
        if self._peek() == "asserts" and self._kind_at(1) == "name":
            self._next()
            self._next()
            if self._take("is"):
                self._type()
            return "None"
        if self._kind() == "name" and self._peek(1) == "is":
            self._at += 2
            self._type()
            return "bool"
        return self._type()

    def _parameters(self) -> list[_Parameter]:
        parameters: list[_Parameter] = []
        self._take("(")
        while self._peek() and not self._take(")"):
            while self._peek() in _MODIFIERS and self._kind_at(1) == "name":
                self._next()
            is_rest = self._take("...")
            if self._peek() in ("{", "["):
                self._skip_balanced()
                name = f"options{len(parameters) or ''}"
            else:
                name = self._next()
            is_optional = self._take("?")
            kind = self._type() if self._take(":") else "Any"
            if self._take("="):
                is_optional = True
                self._type()
            if name != "this":
                parameters.append(_Parameter(name, kind, is_optional, is_rest))
            self._take(",")
        return parameters

    def _type(self) -> str:
        parts = []
        self._take("|") or self._take("&")
        while True:
            parts.append(self._joined())
            if not self._take("|"):
                break
        if self._peek() == "extends" and self._kind_at(1):
            # A conditional type: which one it is, TypeScript alone can say.
            self._next()
            self._type()
            if self._take("?"):
                self._type()
                self._take(":")
                self._type()
            return "Any"
        if "Any" in parts:
            return "Any"
        return " | ".join(dict.fromkeys(parts))

    def _joined(self) -> str:
        kind = self._postfixed()
        while self._take("&"):
            self._postfixed()
            kind = "Any"
        return kind

    def _postfixed(self) -> str:
        kind = self._primary()
        while self._peek() == "[":
            if self._peek(1) == "]":
                self._at += 2
                kind = f"MutableSequence[{kind}]"
            else:
                self._skip_balanced()
                kind = "Any"
        return kind

    def _primary(self) -> str:
        word = self._peek()
        if word == "(":
            return self._function_type() if self._is_function() else self._bracketed()
        if word == "<":
            return self._function_type()
        if word == "new" or (word == "abstract" and self._peek(1) == "new"):
            self._next()
            self._take("new")
            self._function_type()
            return "Any"
        if word in ("{", "["):
            return self._tuple() if word == "[" else self._object()
        kind = self._kind()
        if kind == "text":
            text = self._next()
            return "str" if text[0] == "`" else f"Literal[{text}]"
        if word == "-" or kind == "number":
            sign = "-" if self._take("-") else ""
            number = sign + self._next()
            return f"Literal[{number}]" if re.fullmatch(r"-?\d+", number) else "float"
        if word in ("keyof", "unique", "infer", "readonly", "asserts"):
            self._next()
            inner = self._postfixed()
            return inner if word == "readonly" else "Any"
        if word == "typeof":
            self._next()
            self._named()
            return "Any"
        if word == "import":
            self._next()
            self._skip_balanced()
            while self._take("."):
                self._next()
            if self._peek() == "<":
                self._skip_balanced()
            return "Any"
        if kind == "name":
            return self._named()
        self._skip_balanced()
        return "Any"

    def _bracketed(self) -> str:
        self._next()
        kind = self._type()
        self._take(")")
        return f"({kind})" if " | " in kind else kind

    def _object(self) -> str:
        self._skip_balanced()
        return "Mapping[str, Any]"

    def _tuple(self) -> str:
        self._next()
        parts = []
        while self._peek() and not self._take("]"):
            self._take("...")
            if self._kind() == "name" and (self._peek(1) == ":" or (self._peek(1) == "?" and self._peek(2) == ":")):
                self._next()
                self._take("?")
                self._take(":")
            parts.append(self._type())
            self._take("?")
            self._take(",")
        joined = " | ".join(dict.fromkeys(parts))
        return f"Sequence[{'Any' if not parts or 'Any' in parts else joined}]"

    def _is_function(self) -> bool:
        at = self._at
        self._skip_balanced()
        is_function = self._peek() == "=>"
        self._at = at
        return is_function

    def _function_type(self) -> str:
        self._enter_parameters()
        parameters = self._parameters()
        self._take("=>")
        result = self._result()
        self._type_names.pop()
        if any(each.is_rest or each.is_optional for each in parameters):
            return f"Callable[..., {result}]"
        return f"Callable[[{', '.join(each.type for each in parameters)}], {result}]"

    def _named(self) -> str:
        name = self._next()
        is_path = False
        while self._take("."):
            self._next()
            is_path = True
        given = []
        if self._peek() == "<":
            self._next()
            while self._peek() and not self._take(">"):
                given.append(self._type())
                if not self._take(",") and self._peek() != ">":
                    self._skip_balanced()
        if is_path or any(name in names for names in self._type_names):
            return "Any"
        if name in _PLAIN:
            return _PLAIN[name]
        if name in ("true", "false"):
            return f"Literal[{name.capitalize()}]"
        if name in _GENERIC:
            return f"{_GENERIC[name]}[{given[0] if given else 'Any'}]"
        if name in ("Map", "ReadonlyMap", "Record", "WeakMap"):
            return f"Mapping[{given[0]}, {given[1]}]" if len(given) == 2 else "Mapping[Any, Any]"
        # Whether the file declares it is known at its end.
        return f"\0{name}\0"


# ---- writing


def _optional(kind: str) -> str:
    return kind if kind in ("Any", "None") or kind.endswith("| None") else f"{kind} | None"


def _python_name(name: str) -> str:
    return f"{name}_" if keyword.iskeyword(name) else name


def _written(file: _File, source: str) -> str:
    lines = [_HEAD.format(source=source)]
    names = {name for name in [*file.classes, *file.aliases] if _NAME.fullmatch(name)}
    reserved = {
        "Any",
        "Literal",
        "NoReturn",
        "Protocol",
        "Self",
        "overload",
        "Module",
        *_GENERIC.values(),
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
        members += [each._replace(name=exported) for each in file.values.get(inner, []) if _NAME.fullmatch(exported)]
    if not exports and whole is None:
        members = [each for several in file.values.values() for each in several]
    lines += _members(members, known, own)
    aliases = [f"_{own[name]} = {own[name]}" for name in [*file.classes, *file.aliases] if name in names]
    return "\n".join([*lines, "", *aliases, ""]).replace("\n\n\n", "\n\n")


def _members(members: list[_Member], tell: Callable[[str], str], own: dict[str, str]) -> list[str]:
    lines: list[str] = []
    by_name: dict[str, list[_Member]] = {}
    for member in members:
        # Others are reached by `getattr` alone.
        if _NAME.fullmatch(member.name):
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


def _method(member: _Member, known: Callable[[str], str], own: dict[str, str]) -> str:
    shown = ["cls" if member.is_static else "self"]
    taken = {"self", "cls"}
    had_optional = False
    for index, parameter in enumerate(member.parameters or []):
        name = _python_name(re.sub(r"\W", "_", parameter.name))
        if name in taken or not _NAME.fullmatch(name):
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
