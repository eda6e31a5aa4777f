"""``twinloop types python:NAME``: TypeScript declarations of a Python module, for the editor of who imports it from JavaScript.

What its annotations say, as JavaScript has the values; ``any`` where they say nothing. Arguments by keyword, which are passed by ``callKwargs``, are the last value of that.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import re
import types
import typing
from typing import Any

_RESERVED = re.compile(
    r"arguments|await|break|case|catch|class|const|continue|debugger|default|delete|do|else|enum|eval|export|extends|"
    r"false|finally|for|function|if|implements|import|in|instanceof|interface|let|new|null|package|private|protected|"
    r"public|return|static|super|switch|this|throw|true|try|typeof|var|void|while|with|yield"
)
_IDENTIFIER = re.compile(r"[A-Za-z_$][\w$]*", re.ASCII)

# What a value of this type is in JavaScript.
_PLAIN: dict[Any, str] = {
    str: "string",
    int: "number",
    float: "number",
    bool: "boolean",
    None: "undefined",
    type(None): "undefined",
    list: "any[]",
    tuple: "any[]",
    dict: "Record<string, any>",
    typing.Any: "any",
}
_LISTS = (list, collections.abc.Sequence, collections.abc.MutableSequence)
_ITERABLES = (collections.abc.Iterable, collections.abc.Iterator, collections.abc.Generator, collections.abc.Collection)
_ASYNC_ITERABLES = (collections.abc.AsyncIterable, collections.abc.AsyncIterator, collections.abc.AsyncGenerator)
_MAPPINGS = (dict, collections.abc.Mapping, collections.abc.MutableMapping)


def declaration(name: str) -> str:
    """The declarations of the module of this name."""
    module = importlib.import_module(name)
    names = getattr(module, "__all__", None)
    if names is None:
        # What it imported itself is not its own.
        names = [
            each
            for each in dir(module)
            if not each.startswith("_")
            and not inspect.ismodule(getattr(module, each))
            and getattr(getattr(module, each), "__module__", name) == name
        ]
    exported = {each: getattr(module, each) for each in names if hasattr(module, each) and _IDENTIFIER.fullmatch(each)}
    writer = _Writer({value: each for each, value in exported.items() if isinstance(value, type)})
    lines = [f'declare module "python:{name}" {{']
    renamed = []
    for each, value in exported.items():
        own = f"_{each}" if _RESERVED.fullmatch(each) else each
        if own != each:
            renamed.append(f"{own} as {each}")
        lines += [f"  {line}" if line else "" for line in writer.member(own, value, module, own == each)]
    lines.append(f'  const self: typeof import("python:{name}");')
    lines.append(f"  export {{ {', '.join(['self as default', *renamed])} }};")
    return "\n".join([*lines, "}", ""])


class _Writer:
    def __init__(self, classes: dict[Any, str]) -> None:
        self._classes = classes

    def member(self, name: str, value: Any, module: Any, is_exported: bool) -> list[str]:
        export = "export " if is_exported else ""
        if isinstance(value, type):
            return [*_comment(value), *self._class(name, value, export)]
        if callable(value):
            return [*_comment(value), *self._function(name, value, export)]
        hints = _hints(module)
        return [f"{export}const {name}: {self.type(hints.get(name, type(value)))};"]

    def _function(self, name: str, value: Any, export: str) -> list[str]:
        positional, named, result = self._signature(value, bound=False)
        lines = [f"{export}function {name}({positional}): {result};"]
        if named:
            lines.append(
                f"{export}namespace {name} {{ function callKwargs(...values: [...any[], {{ {named} }}]): {result}; }}"
            )
        return lines

    def _class(self, name: str, value: type, export: str) -> list[str]:
        bases = [self._classes[base] for base in value.__bases__ if base in self._classes]
        extends = f" extends {bases[0]}" if bases else " extends Error" if issubclass(value, BaseException) else ""
        lines = [f"{export}class {name}{extends} {{"]
        positional, _, _ = self._signature(value, bound=False)
        lines.append(f"  constructor({positional});")
        hints = _hints(value)
        for each, attribute in vars(value).items():
            if each.startswith("_") or not _IDENTIFIER.fullmatch(each):
                continue
            static = "static " if isinstance(attribute, (classmethod, staticmethod)) else ""
            lines += [f"  {line}" for line in _comment(attribute)]
            if isinstance(attribute, property):
                kind = _hints(attribute.fget).get("return", Any) if attribute.fget else Any
                lines.append(f"  {'' if attribute.fset else 'readonly '}{each}: {self.type(kind)};")
            elif static or callable(attribute):
                # A method as the instance has it.
                bound = isinstance(attribute, classmethod) or not static
                function = attribute.__func__ if static else attribute
                positional, named, result = self._signature(function, bound=bound)
                extra = f" & {{ callKwargs(...values: [...any[], {{ {named} }}]): {result} }}" if named else ""
                if extra:
                    lines.append(f"  {static}{each}: (({positional}) => {result}){extra};")
                else:
                    lines.append(f"  {static}{each}({positional}): {result};")
            elif each not in hints:
                lines.append(f"  {each}: {self.type(type(attribute))};")
        for each, hint in hints.items():
            if (
                not each.startswith("_")
                and _IDENTIFIER.fullmatch(each)
                and each in getattr(value, "__annotations__", {})
            ):
                lines.append(f"  {each}: {self.type(hint)};")
        lines.append("}")
        return lines

    def _signature(self, function: Any, *, bound: bool) -> tuple[str, str, str]:
        """Arguments by place, those by keyword, and the result."""
        try:
            signature = inspect.signature(function)
        except (TypeError, ValueError):
            return "...values: any[]", "", "any"
        hints = _hints(vars(function).get("__init__") if isinstance(function, type) else function)
        positional, named = [], []
        parameters = list(signature.parameters.values())[1 if bound else 0 :]
        for parameter in parameters:
            # Where no annotation says it, the default tells.
            told = type(parameter.default) if type(parameter.default) in (bool, int, float, str) else Any
            kind = self.type(hints.get(parameter.name, told))
            name = f"_{parameter.name}" if _RESERVED.fullmatch(parameter.name) else parameter.name
            has_default = parameter.default is not parameter.empty
            if parameter.kind is parameter.VAR_POSITIONAL:
                positional.append(f"...{name}: {_bracketed(kind)}[]")
            elif parameter.kind is parameter.VAR_KEYWORD:
                named.append("[name: string]: any")
            elif parameter.kind is parameter.KEYWORD_ONLY:
                named.append(f"{parameter.name}{'?' if has_default else ''}: {kind}")
            else:
                positional.append(f"{name}{'?' if has_default else ''}: {kind}")
                if has_default and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
                    named.append(f"{parameter.name}?: {kind}")
        result = self.type(hints.get("return", Any))
        if inspect.iscoroutinefunction(function):
            result = f"Promise<{result}>"
        return ", ".join(positional), "; ".join(named), result

    def type(self, hint: Any) -> str:
        """What a value of this type is in JavaScript."""
        try:
            if hint in _PLAIN:
                return _PLAIN[hint]
            if hint in self._classes:
                return self._classes[hint]
        except TypeError:
            return "any"
        origin, given = typing.get_origin(hint), typing.get_args(hint)
        if origin in (typing.Union, types.UnionType):
            return " | ".join(dict.fromkeys(self.type(each) for each in given))
        if origin is typing.Literal:
            return " | ".join(_literal(each) for each in given)
        if origin is typing.Annotated or origin in (typing.ClassVar, typing.Final):
            return self.type(given[0])
        if origin is tuple and given:
            if len(given) == 2 and given[1] is Ellipsis:
                return f"{_bracketed(self.type(given[0]))}[]"
            return f"[{', '.join(self.type(each) for each in given)}]"
        if origin in _LISTS and given:
            return f"{_bracketed(self.type(given[0]))}[]"
        if origin in _MAPPINGS and len(given) == 2:
            return f"Record<{'number' if given[0] is int else 'string'}, {self.type(given[1])}>"
        if origin in _ITERABLES and given:
            return f"Iterable<{self.type(given[0])}>"
        if origin in _ASYNC_ITERABLES and given:
            return f"AsyncIterable<{self.type(given[0])}>"
        if origin in (collections.abc.Awaitable, collections.abc.Coroutine) and given:
            return f"Promise<{self.type(given[-1])}>"
        if origin is collections.abc.Callable and len(given) == 2:
            values = given[0] if isinstance(given[0], list) else None
            shown = (
                "...values: any[]"
                if values is None
                else ", ".join(f"value{i}: {self.type(v)}" for i, v in enumerate(values))
            )
            return f"(({shown}) => {self.type(given[1])})"
        return "any"


def _bracketed(kind: str) -> str:
    return f"({kind})" if " " in kind and not kind.startswith(("(", "[")) else kind


def _literal(value: Any) -> str:
    import json

    return json.dumps(value) if isinstance(value, (str, bool, int)) else "any"


def _hints(value: Any) -> dict[str, Any]:
    try:
        return typing.get_type_hints(value)
    except Exception:
        # What only a type checker imports.
        return {}


def _comment(value: Any) -> list[str]:
    # A class has its own, and not the text of the one above it.
    text = inspect.cleandoc(vars(value).get("__doc__") or "") if isinstance(value, type) else inspect.getdoc(value)
    first = (text or "").partition("\n")[0].replace("*/", "* /")
    return [f"/** {first} */"] if first else []
