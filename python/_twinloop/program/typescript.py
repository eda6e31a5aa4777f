"""TypeScript's declarations as Python has types: what ``stubs.py`` writes, read from a ``.d.ts`` file.

A reader of a part of the language, which goes on after what it does not know. A name of a type stands between null characters until all files
are read, and it is known which names there are.
"""

from __future__ import annotations

import re
from typing import NamedTuple

_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/|(?P<text>"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|`(?:\\.|[^`\\])*`)|(?P<number>\d[\w.]*)"""
    r"""|(?P<name>[A-Za-z_$][\w$]*)|(?P<sign>=>|\.\.\.|\?\.|[{}()\[\]<>,;:?=|&.\-+*!@#~^%/])""",
    re.DOTALL,
)

# What Python has names for.
NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)

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
GENERIC = {
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


class _Token(NamedTuple):
    kind: str
    text: str


class Parameter(NamedTuple):
    name: str
    type: str
    is_optional: bool
    is_rest: bool


class Member(NamedTuple):
    """Of a class, interface or module: a method with its parameters, or an attribute without."""

    name: str
    parameters: list[Parameter] | None
    type: str
    is_static: bool


class Class(NamedTuple):
    bases: list[str]
    members: list[Member]
    is_interface: bool


class File:
    """What a file declares."""

    def __init__(self) -> None:
        self.classes: dict[str, Class] = {}
        self.aliases: dict[str, str] = {}
        self.values: dict[str, list[Member]] = {}
        # What the module exports, and what that is called in the file.
        self.exports: dict[str, str] = {}
        self.is_whole_export = False


def _optional(kind: str) -> str:
    return kind if kind in ("Any", "None") or kind.endswith("| None") else f"{kind} | None"


class Reader:
    def __init__(self, text: str, file: File) -> None:
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
            self._value(Member(name, parameters, result, False))
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
                    self._value(Member(name, None, kind, False))
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
                self._file.classes[name] = Class([], inner, True)
                if name not in self._file.values:
                    self._value(Member(name, None, name, False))
            else:
                known.members.extend(inner)
            return name
        return ""

    def _value(self, member: Member) -> None:
        self._file.values.setdefault(member.name, []).append(member)

    def _enum(self) -> str:
        name = self._next()
        members = []
        if self._take("{"):
            while self._peek() and not self._take("}"):
                members.append(Member(self._next().strip("'\""), None, "Any", False))
                while self._peek() not in (",", "}", ""):
                    self._skip_balanced()
                self._take(",")
        self._file.classes[name] = Class([], members, True)
        self._value(Member(name, None, name, False))
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
            self._file.classes[name] = Class(bases, members, is_interface)
        if not is_interface:
            self._value(Member(name, None, f"class {name}", False))
        return name

    def _members(self, owner: str) -> list[Member]:
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

    def _member(self, owner: str) -> Member | None:
        words = set()
        while self._peek() in _MODIFIERS and self._peek(1) not in ("(", ":", "?", ";", "<", "}", ","):
            words.add(self._next())
        is_accessor = self._peek() in ("get", "set") and self._peek(1) not in ("(", ":", "?", ";", "<", "}", ",")
        accessor = self._next() if is_accessor else ""
        if self._peek() in ("(", "<"):
            parameters, result = self._signature()
            return Member("__call__", parameters, result, False)
        if self._peek() == "new" and self._peek(1) in ("(", "<"):
            self._next()
            parameters, result = self._signature()
            return Member("new", parameters, result, False)
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
                return Member("new", parameters, owner, True)
            if accessor == "set":
                return None
            if accessor == "get":
                return Member(name, None, result, "static" in words)
            member = Member(name, parameters, result, "static" in words)
        else:
            kind = self._type() if self._take(":") else "Any"
            if self._take("="):
                self._type()
            member = Member(name, None, _optional(kind) if is_optional else kind, "static" in words)
        is_hidden = "private" in words or not NAME.fullmatch(name)
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

    def _signature(self) -> tuple[list[Parameter], str]:
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

    def _parameters(self) -> list[Parameter]:
        parameters: list[Parameter] = []
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
                parameters.append(Parameter(name, kind, is_optional, is_rest))
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
        if name in GENERIC:
            return f"{GENERIC[name]}[{given[0] if given else 'Any'}]"
        if name in ("Map", "ReadonlyMap", "Record", "WeakMap"):
            return f"Mapping[{given[0]}, {given[1]}]" if len(given) == 2 else "Mapping[Any, Any]"
        # Whether the file declares it is known at its end.
        return f"\0{name}\0"
