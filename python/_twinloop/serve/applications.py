"""Finding the application that a name means, and knowing how it wants to be called."""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import os
import sys
from typing import Any

from .. import _native
from . import handlers, js_handlers, wsgi

#: The names that are looked for when none is given.
USUAL_NAMES = ("app", "application", "create_app", "make_app")


class ApplicationError(Exception):
    """The application cannot be found or made."""


def load(name: str, *, factory: bool = False) -> Any:
    """What ``module:attribute.attribute``, ``module`` or ``path/file.py[:attribute]`` means."""
    place, _, attributes = name.partition(":")
    is_file = place.endswith(".py") or os.sep in place
    module = _load_file(place) if is_file else _load_module(place, name)
    if not attributes:
        usual = USUAL_NAMES[2:] if factory else USUAL_NAMES[:2]
        attributes = next((each for each in usual if hasattr(module, each)), "")
        if not attributes:
            raise ApplicationError(
                f"{place} has no attribute {' or '.join(usual)}; name the application: {place}:ATTRIBUTE"
            )
    found: Any = module
    for attribute in attributes.split("."):
        try:
            found = getattr(found, attribute)
        except AttributeError:
            raise ApplicationError(f"attribute {attributes!r} not found in {place!r}") from None
    return made(found, name) if factory else found


def made(factory: Any, name: str) -> Any:
    """The application that a factory makes."""
    try:
        return factory()
    except TypeError as error:
        if error.__traceback__ is not None and error.__traceback__.tb_next is None:
            raise ApplicationError(f"the factory {name} cannot be called: {error}") from None
        raise


def _load_module(place: str, name: str) -> Any:
    if not place:
        raise ApplicationError(f"{name!r} names no module: an application is given as MODULE:ATTRIBUTE")
    try:
        return importlib.import_module(place)
    except ModuleNotFoundError as error:
        # Only if it is this one, and not one that it imports.
        if error.name is None or not (place + ".").startswith(error.name + "."):
            raise
        raise ApplicationError(f"could not import module {place!r}") from None


def _load_file(path: str) -> Any:
    if not os.path.exists(path):
        raise ApplicationError(f"there is no file {path!r}")
    full_path = os.path.abspath(path)
    folder, file = os.path.split(full_path)
    stem = file.removesuffix(".py")
    if folder not in sys.path:
        sys.path.insert(0, folder)
    if stem.isidentifier() and _is_found(stem, full_path):
        return importlib.import_module(stem)
    # Another module has the name, and keeps it; or no import could name it.
    name = f"{stem} ({full_path})"
    if name in sys.modules:
        return sys.modules[name]
    spec = importlib.util.spec_from_file_location(name, full_path)
    if spec is None or spec.loader is None:
        raise ApplicationError(f"{path!r} is no Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        raise
    return module


def _is_found(name: str, full_path: str) -> bool:
    """Whether an import of this name gives the file."""
    loaded = sys.modules.get(name)
    if loaded is not None:
        return getattr(loaded, "__file__", None) == full_path
    spec = importlib.util.find_spec(name)
    return spec is not None and spec.origin == full_path


def interface_of(application: Any) -> str:
    """``asgi3``, ``asgi2``, ``wsgi`` or ``handler``, by what it can be called with."""
    if inspect.isclass(application):
        # Called with the scope, such a class makes what is awaited (ASGI 3) or called again (ASGI 2).
        return "asgi3" if hasattr(application, "__await__") else "asgi2"
    call = application
    if not (inspect.isroutine(application) or isinstance(application, functools.partial)):
        call = application.__call__
    is_coroutine = inspect.iscoroutinefunction(_unwrapped(call))
    try:
        parameters = inspect.signature(call).parameters.values()
    except (TypeError, ValueError):
        return "asgi3"
    positional = [each for each in parameters if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD)]
    needed = sum(each.default is each.empty for each in positional)
    if any(each.kind is each.VAR_POSITIONAL for each in parameters):
        return "asgi3"
    if needed == 1 and len(positional) < 3:
        return "handler" if is_coroutine else "asgi2"
    return "wsgi" if needed == 2 and len(positional) == 2 and not is_coroutine else "asgi3"


def _unwrapped(call: Any) -> Any:
    while isinstance(call, functools.partial):
        call = call.func
    return call


def as_asgi3(application: Any, interface: str, settings: Any) -> Any:
    """The application as one that is called with scope, receive and send."""
    if isinstance(application, _native.JsProxy):
        return js_handlers.JsApplication(application)
    if not callable(application):
        raise ApplicationError(f"{application!r} is no application: it cannot be called")
    if interface == "auto":
        interface = interface_of(application)
    if interface == "wsgi":
        return wsgi.WsgiApplication(application, threads=settings.wsgi_threads, multiprocess=settings.multiprocess)
    if interface == "handler":
        return handlers.Handler(application)
    if interface == "asgi2":

        async def asgi2(scope, receive, send):
            await application(scope)(receive, send)

        return asgi2
    return application
