"""Classes of JavaScript's that extend a class of Python's: ``class D extends C`` where ``C`` came from Python.

An object of such a class is Python's, of a class that is made for ``D`` here: what ``D`` defines is called in JavaScript with the object's
proxy as ``this``, also by Python code that knows nothing of it.
"""

from __future__ import annotations

import types
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

# What the extension module looks for (`python_in_js/abilities.rs`).
_JS_CLASS = "__twinloop_class__"


def derive(base: type, js_class: Any, members: Any) -> type:
    """The class for ``js_class``, whose members are given as name, "method", "static" or "accessor", and value or getter and setter."""
    names: dict[str, Any] = {_JS_CLASS: js_class, "__module__": "javascript"}
    for name, kind, first, second in members:
        if kind == "method":
            names[name] = _method(name, first)
        elif kind == "static":
            names[name] = staticmethod(first) if callable(first) else first
        else:
            names[name] = property(first and _method(name, first), second and _method(name, second))
    return types.new_class(js_class.name or base.__name__, (base,), exec_body=lambda body: body.update(names))


def _method(name: str, function: Any) -> Callable[..., Any]:
    call = function.call

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return call(self, *arguments, **named)

    method.__name__ = method.__qualname__ = name
    return method


def above(base: type, instance: Any) -> Any:
    """What ``super`` is in a method of a class that extends ``base``: the object, as ``base`` has it."""
    order = type(instance).__mro__
    place = order.index(base)
    return super(order[place - 1], instance) if place > 0 else instance


def keep_proxy(instance: Any, holder: Any) -> None:
    """Let the object keep its proxy, on which JavaScript has the private fields of its class."""
    object.__setattr__(instance, "__twinloop_proxy__", holder)
