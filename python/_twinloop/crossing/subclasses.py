"""Classes that extend across the languages.

``class D extends C`` in JavaScript, where ``C`` came from Python: an object of ``D`` is Python's, of a class that is made for ``D`` here.
What ``D`` defines is called in JavaScript with the object's proxy as ``this``, also by Python code that knows nothing of it.

``class P(js.C)`` in Python: an object of ``P`` has two halves, Python's and one that JavaScript's class makes, on whose prototype the methods
of ``P`` stand. At the border each half is the other (``crates/runtime/src/js_in_python/instances.rs``).
"""

from __future__ import annotations

import collections.abc
import contextlib
import types
import weakref
from typing import TYPE_CHECKING, Any

from _twinloop import _native

if TYPE_CHECKING:
    from collections.abc import Callable

# What the extension module looks for (`python_in_js/abilities.rs`).
_JS_CLASS = "__twinloop_class__"


def derive(base: type, js_class: Any, members: Any) -> type:
    """The class for ``js_class``, whose members are given as name, "method", "static" or "accessor", and value or getter and setter."""
    if issubclass(base, (int, float, str)):
        raise TypeError(
            f"a JavaScript class cannot extend {base.__name__!r}, whose objects are numbers and texts there"
        )
    names: dict[str, Any] = {_JS_CLASS: js_class, "__module__": "javascript"}
    for name, kind, first, second in members:
        if kind == "method":
            names[name] = _method(name, first)
        elif kind == "async method":
            names[name] = _async_method(name, first)
        elif kind == "value":
            names[name] = first
        elif kind == "static":
            names[name] = staticmethod(getattr(js_class, name)) if callable(first) else first
        else:
            names[name] = property(first and _method(name, first), second and _method(name, second))
    # Its objects have a place for their proxy that nothing lists, where Python allows one.
    if base.__itemsize__ == 0 and not hasattr(base, _PROXY):
        names["__slots__"] = (_PROXY,) if base.__dictoffset__ else (_PROXY, "__dict__")
    metaclass = _metaclass_over(type(base))
    own_name = js_class.name if isinstance(js_class.name, str) else ""
    return types.new_class(
        own_name or base.__name__, (base,), {"metaclass": metaclass}, lambda body: body.update(names)
    )


_PROXY = "__twinloop_proxy__"

# The keyword arguments of the calls that are under way in any thread, as JavaScript has them, by their identity.
_keywords: dict[int, Any] = {}


class _Made(type):
    """What the classes of classes have that are made for JavaScript's: to call such a class is ``new`` in JavaScript."""

    def __call__(cls, *arguments: Any, **named: Any) -> Any:
        js_class = vars(cls).get(_JS_CLASS)
        if js_class is None:
            return super().__call__(*arguments, **named)
        if not named:
            return js_class.new(*arguments)
        # One object to JavaScript's constructor, as ever, and keywords again where that hands it on to Python's.
        options = _native.js_to_js(named, 1.0)
        _keywords[id(options)] = options
        try:
            return js_class.new(*arguments, options)
        finally:
            del _keywords[id(options)]

    def __getattr__(cls, name: str) -> Any:
        # Static members are asked of JavaScript's class: getters, and what was added since.
        if name.startswith("__") or _JS_CLASS not in vars(cls):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return getattr(vars(cls)[_JS_CLASS], name)


def _metaclass_over(metaclass: type) -> type:
    if issubclass(metaclass, _Made):
        return metaclass
    return _Made if metaclass is type else type(metaclass.__name__, (_Made, metaclass), {})


def make(cls: Any, *arguments: Any) -> Any:
    """An object of a class that :func:`derive` made, for JavaScript's constructor of it."""
    named: dict[str, Any] = {}
    if arguments and id(arguments[-1]) in _keywords:
        named = dict(arguments[-1])
        arguments = arguments[:-1]
    return super(_Made, type(cls)).__call__(cls, *arguments, **named)


def _method(name: str, function: Any) -> Callable[..., Any]:
    call = function.call

    def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return call(self, *arguments, **named)

    method.__name__ = method.__qualname__ = name
    return method


def _async_method(name: str, function: Any) -> Callable[..., Any]:
    call = function.call

    async def method(self: Any, *arguments: Any, **named: Any) -> Any:
        return await call(self, *arguments, **named)

    method.__name__ = method.__qualname__ = name
    return method


def above(base: type, instance: Any) -> Any:
    """What ``super`` is in a method of a class that extends ``base``: the object, as ``base`` has it."""
    order = type(instance).__mro__
    if base not in order:
        raise TypeError(
            f"super of a class that extends {base.__name__!r} needs an object of it, not of {type(instance).__name__!r}"
        )
    place = order.index(base)
    return super(order[place - 1], instance) if place > 0 else instance


def set_above(base: type, instance: Any, name: str, value: Any) -> None:
    """``super.name = value``: by the property that ``base`` has of this name, or else as the object's own."""
    order = type(instance).__mro__
    for cls in order[order.index(base) :]:
        setter = getattr(type(found := vars(cls).get(name)), "__set__", None)
        if setter is not None:
            setter(found, instance, value)
            return
    fields = getattr(instance, "__dict__", None)
    if fields is None:
        object.__setattr__(instance, name, value)
    else:
        fields[name] = value


def keep_proxy(instance: Any, holder: Any) -> None:
    """Let the object keep its proxy, on which JavaScript has the private fields of its class."""
    # What a `__new__` gave may be of another class.
    with contextlib.suppress(AttributeError):
        object.__setattr__(instance, _PROXY, holder)


# ---- Python classes that extend one of JavaScript's


class _InstanceClass(type):
    """The class of such classes, which have JavaScript's static members too."""

    def __getattr__(cls, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"type object {cls.__name__!r} has no attribute {name!r}")
        return getattr(constructor_of(cls), name)


class Instance(_native.JsInstance, metaclass=_InstanceClass):
    """An object of a Python class that extends a class of JavaScript's.

    An attribute that is set is a property of JavaScript's half, unless its name begins with an underscore: that is Python's alone.
    """

    __twinloop_parent__: Any
    __twinloop_constructor__: Any

    def __init_subclass__(cls, **named: Any) -> None:
        super().__init_subclass__(**named)
        for name, value in list(vars(cls).items()):
            if not name.startswith("_") and not callable(value) and not hasattr(type(value), "__get__"):
                setattr(cls, name, _Default(name, value))

    def __init__(self, *arguments: Any, **named: Any) -> None:
        self.__twinloop_construct__(self.__twinloop_parent__, constructor_of(type(self)), arguments, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")
        return _property(self, name)

    def __setattr__(self, name: str, value: Any) -> None:
        of_class = None if name.startswith("_") else getattr(type(self), name, None)
        if name.startswith("_") or hasattr(of_class, "__set__"):
            object.__setattr__(self, name, value)
        else:
            _set_property(self, name, value, of_class)

    def __delattr__(self, name: str) -> None:
        if name.startswith("_"):
            object.__delattr__(self, name)
        else:
            delattr(self.__twinloop_half__, name)


class _Default:
    """An attribute of the class, which an object has in JavaScript's half from the prototype on."""

    def __init__(self, name: str, value: Any) -> None:
        self._name = name
        self.value = value

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self.value
        value = _property(instance, self._name)
        # That of the class, until the object has one.
        is_default = type(value) is int and value == self.value and self._name not in vars(instance).get(_FLOATS, ())
        return self.value if is_default else value

    def __set__(self, instance: Any, value: Any) -> None:
        _set_property(instance, self._name, value, self.value)


# The floats without a fraction that Python wrote to properties, as JavaScript has no other Number for an int; and ints where the class has a float.
_FLOATS = "__twinloop_floats__"


def _property(instance: Any, name: str) -> Any:
    value = getattr(instance.__twinloop_half__, name)
    if type(value) is int and (floats := vars(instance).get(_FLOATS)) and floats.get(name) == value:
        return floats[name]
    return value


def _set_property(instance: Any, name: str, value: Any, of_class: Any) -> None:
    setattr(instance.__twinloop_half__, name, value)
    floats = vars(instance).get(_FLOATS)
    if (type(value) is float and value.is_integer()) or (type(value) is int and type(of_class) is float):
        if floats is None:
            floats = vars(instance)[_FLOATS] = {}
        floats[name] = value
    elif floats:
        floats.pop(name, None)


# By the class's identity: the base, while a class extends it.
_bases: weakref.WeakValueDictionary[int, type] = weakref.WeakValueDictionary()


def base_of(js_class: Any) -> type:
    """What stands for a class of JavaScript's among the bases of one of Python's."""
    known = _bases.get(hash(js_class))
    if known is not None and known.__dict__["__twinloop_parent__"] is js_class:
        return known
    names: dict[str, Any] = {"__twinloop_parent__": js_class, "__module__": "javascript"}
    abstract: Any = None
    for name, kind, *functions in _native.js_members(js_class):
        if name in names:
            continue
        if kind == "method":
            names[name] = _method(name, functions[0])
        elif kind == "accessor":
            getter, setter = functions
            names[name] = property(getter and _method(name, getter), setter and _method(name, setter))
        elif kind == "ability":
            names |= _ABILITIES[name]
            abstract = _ABSTRACT.get(name, abstract)
    if "then" in names:
        names["__await__"] = lambda self: self.__twinloop_half__.__await__()
    if abstract is collections.abc.MutableMapping:
        # Python's, which knows a default.
        del names["get"]
    elif "size" in names or "length" in names:
        names["__len__"] = _len
    base = _InstanceClass(js_class.name or "JsClass", (Instance,), names)
    if abstract is not None:
        abstract.register(base)
    _bases[hash(js_class)] = base
    return base


def _len(self: Any) -> int:
    return len(self.__twinloop_half__)


def _enter(self: Any) -> Any:
    return self


async def _enter_async(self: Any) -> Any:
    return self


_ITEMS = {
    "__len__": _len,
    "__getitem__": lambda self, key: self.__twinloop_half__[key],
    "__setitem__": lambda self, key, value: self.__twinloop_half__.__setitem__(key, value),
    "__delitem__": lambda self, key: self.__twinloop_half__.__delitem__(key),
    "__contains__": lambda self, value: value in self.__twinloop_half__,
}

# Special methods, which Python looks for in classes alone.
_ABILITIES: dict[str, dict[str, Any]] = {
    "iterable": {"__iter__": lambda self: iter(self.__twinloop_half__)},
    "async iterable": {"__aiter__": lambda self: aiter(self.__twinloop_half__)},
    "disposable": {
        "__enter__": _enter,
        "__exit__": lambda self, *exception: self.__twinloop_half__.__exit__(*exception),
    },
    "async disposable": {
        "__aenter__": _enter_async,
        "__aexit__": lambda self, *exception: self.__twinloop_half__.__aexit__(*exception),
    },
    "mapping": _ITEMS,
    "sequence": _ITEMS,
    "buffer": _ITEMS | {"__bytes__": lambda self: bytes(self.__twinloop_half__)},
    "callable": {"__call__": lambda self, *arguments, **named: self.__twinloop_half__(*arguments, **named)},
}
_ABSTRACT: dict[str, Any] = {
    "mapping": collections.abc.MutableMapping,
    "sequence": collections.abc.MutableSequence,
    "buffer": collections.abc.Sequence,
}


def constructor_of(cls: Any) -> Any:
    """JavaScript's constructor of objects of this class."""
    if "__twinloop_parent__" in vars(cls):
        return cls.__twinloop_parent__
    found = vars(cls).get("__twinloop_constructor__")
    if found is not None:
        return found
    members: dict[str, list[Any]] = {}
    for base in reversed(cls.__mro__):
        # What JavaScript's class has stands on its own prototype.
        if base in (object, Instance, _native.JsInstance) or "__twinloop_parent__" in vars(base):
            continue
        for name, value in vars(base).items():
            if not name.startswith("__") and (member := _member(name, value)) is not None:
                members[name] = member
    constructor = _native.js_derive(cls.__twinloop_parent__, cls, cls.__name__, list(members.values()))
    type.__setattr__(cls, "__twinloop_constructor__", constructor)
    return constructor


def _member(name: str, value: Any) -> list[Any] | None:
    if isinstance(value, property):
        return [name, "accessor", value.fget, value.fset]
    if isinstance(value, _Default):
        return [name, "value", value.value, None]
    return [name, "method", value, None] if isinstance(value, types.FunctionType) else None
