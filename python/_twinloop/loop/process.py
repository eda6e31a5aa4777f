"""A whole process on this loop: the event loop policy, and what chooses a loop without asking it.

``asyncio.run`` asks the policy unless it is given a loop factory, and some packages always give one: uvicorn takes asyncio's own loop,
or uvloop's where that is installed. While our policy is set, a runner uses Twinloop's loop in the place of those. Children that
multiprocessing starts as new interpreters (spawn and forkserver) install it too, as forked ones inherit it. Who makes a loop of another
kind gets it; if by the end of the process no loop but such ones ran, that is said.

Python 3.14 deprecates policies (asyncio warns when its public names are touched), but ``asyncio.run`` without a loop
factory still asks one; so the private names are used where they exist.
"""

from __future__ import annotations

import asyncio
import atexit
import functools
import importlib.util
import os
import sys
from asyncio import events, unix_events

from ..names import connect_to
from .event_loop import EventLoop, new_event_loop

_DefaultPolicy = getattr(unix_events, "_DefaultEventLoopPolicy", None) or unix_events._UnixDefaultEventLoopPolicy
_get_policy = getattr(events, "_get_event_loop_policy", None) or events.get_event_loop_policy
_set_policy = getattr(events, "_set_event_loop_policy", None) or events.set_event_loop_policy

# The classes of the loops that have run since `install`.
_ran: set[type] = set()
_is_installed = False


class EventLoopPolicy(_DefaultPolicy):
    """The policy that makes ``asyncio.new_event_loop`` and ``asyncio.run`` use Twinloop's loop."""

    _loop_factory = staticmethod(new_event_loop)


def install() -> None:
    """Make every ``asyncio.run`` and ``asyncio.new_event_loop`` of this process and its children use Twinloop's loop.

    A runner that is given asyncio's own loop class, or uvloop's, uses Twinloop's as well; any other loop factory, a loop that the
    program makes itself, and a policy that it sets later are left as they are.
    """
    global _is_installed
    _set_policy(EventLoopPolicy())
    if not _is_installed:
        _is_installed = True
        _choose_for_runners()
        _extend_spawning()
        _watch_what_runs()


# ---- runners that are given a loop factory -----------------------------------------------------------------------------


def _choose_for_runners():
    make = asyncio.Runner.__init__

    @functools.wraps(make)
    def __init__(self, *, debug=None, loop_factory=None):
        policy = _get_policy()
        if isinstance(policy, EventLoopPolicy) and _is_nobodys_choice(loop_factory, sys._getframe(1)):
            loop_factory = policy.new_event_loop
        make(self, debug=debug, loop_factory=loop_factory)

    asyncio.Runner.__init__ = __init__


def _is_nobodys_choice(loop_factory, caller):
    """Whether a loop factory is one that packages take when their user has not chosen any."""
    candidates = [asyncio.SelectorEventLoop, getattr(asyncio, "EventLoop", None)]
    uvloop = sys.modules.get("uvloop")
    candidates += [getattr(uvloop, name, None) for name in ("new_event_loop", "Loop")]
    if loop_factory is None or loop_factory not in candidates:
        return False
    if caller.f_globals.get("__name__") == asyncio.runners.__name__:
        caller = caller.f_back
    # `uvloop.run` is a choice, and refuses every other loop.
    return caller is None or caller.f_globals.get("__name__") != "uvloop"


# ---- children that do not inherit the policy ---------------------------------------------------------------------------


class _SpawnFinder:
    """Notices the import of ``multiprocessing.spawn``, which takes milliseconds that most programs need not spend."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        if name != "multiprocessing.spawn":
            return None
        sys.meta_path.remove(cls)
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.loader is not None:
            load = spec.loader.exec_module

            def load_and_extend(module):
                load(module)
                _extend(module)

            spec.loader.exec_module = load_and_extend
        return spec


class _Installation:
    """What a child gets before anything else: unpickling it there installs Twinloop's loop."""

    def __reduce__(self):
        folder = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
        return exec, (_IN_CHILD.format(folder=folder, rules=connect_to.texts), {})


# The path of the parent comes later. Another interpreter than the parent's may lack the package.
_IN_CHILD = """\
import sys
sys.path.append({folder!r})
try:
    import twinloop
    from _twinloop.names import connect_to
except ImportError:
    pass
else:
    connect_to.install({rules!r})
    twinloop.install()
"""


def _extend_spawning():
    module = sys.modules.get("multiprocessing.spawn")
    if module is None:
        sys.meta_path.insert(0, _SpawnFinder)
    else:
        _extend(module)


def _extend(spawn):
    prepare = spawn.get_preparation_data

    @functools.wraps(prepare)
    def get_preparation_data(name):
        data = prepare(name)
        if isinstance(_get_policy(), EventLoopPolicy):
            data["twinloop"] = _Installation()
        return data

    spawn.get_preparation_data = get_preparation_data


# ---- what ran after all ------------------------------------------------------------------------------------------------


def _watch_what_runs():
    set_running_loop = events._set_running_loop

    @functools.wraps(set_running_loop)
    def note_and_set(loop):
        if loop is not None:
            _ran.add(type(loop))
        set_running_loop(loop)

    # Every loop calls it, under one of these names.
    events._set_running_loop = asyncio._set_running_loop = note_and_set
    atexit.register(_tell_what_ran, os.getpid())


def _tell_what_ran(process):
    if os.getpid() != process or not _ran or any(issubclass(kind, EventLoop) for kind in _ran):
        return
    names = ", ".join(sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in _ran))
    print(
        f"twinloop: the program ran no event loop of Twinloop's, but one that it chose itself: {names}", file=sys.stderr
    )
