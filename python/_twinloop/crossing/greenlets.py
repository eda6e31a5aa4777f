"""Greenlets beside JavaScript: which of them may be left, and which may use it.

A greenlet that is left is a call in whose place others run, on the same part of the stack. JavaScript's engine knows what it has on the stack by
addresses, so a greenlet must not be left while JavaScript is on its part: the switch raises a RuntimeError (``crates/runtime/src/bridge/greenlets.rs``).
"""

from __future__ import annotations

import sys
import weakref
from typing import Any

from _twinloop import _native

_LEFT = (
    "a greenlet cannot be left while JavaScript is on its stack: what JavaScript calls within SQLAlchemy's run_sync cannot wait for the database; "
    "give run_sync a function of Python's, or let JavaScript await what is async"
)
# A function of JavaScript's may catch the error and try again, but not for ever.
_MOST_ATTEMPTS = 10


class _Watch:
    """What is called after each switch of this thread, in the greenlet that goes on."""

    def __init__(self, before: Any) -> None:
        self._before = before
        # How many calls of JavaScript were on the stack when a greenlet began, and when it went on last.
        self._begun: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._resumed: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self._is_put_away = False

    def __call__(self, event: str, switch: tuple[Any, Any]) -> None:
        if self._before is not None:
            self._before(event, switch)
        origin, target = switch
        depth = _native.js_depth()
        is_new = target.parent is not None and target not in self._begun
        if not is_new and not origin.dead and origin.parent is not None and depth > self._resumed.get(origin, depth):
            self._bring_back(origin)
        if is_new:
            self._begun[target] = depth
        self._resumed[target] = depth
        is_put_away = self._begun.get(target, depth) < depth
        if is_put_away != self._is_put_away:
            self._is_put_away = is_put_away
            _native.js_is_put_away(is_put_away)

    def _bring_back(self, origin: Any) -> None:
        """End the calls of JavaScript on the stack of ``origin``, and raise here what says so."""
        # An exception ends the watching.
        _native.js_watch_greenlets()
        for _ in range(_MOST_ATTEMPTS):
            origin.throw(RuntimeError(_LEFT))
            if origin.dead or _native.js_depth() <= self._resumed.get(origin, 0):
                break
        raise RuntimeError(_LEFT)


def watch() -> bool:
    """Watch the switches of this thread from now on; false while the package is being imported."""
    greenlet: Any = sys.modules["greenlet"]
    if not (hasattr(greenlet, "settrace") and hasattr(greenlet, "getcurrent")):
        return False
    if isinstance(greenlet.gettrace(), _Watch):
        return True
    watching = _Watch(greenlet.gettrace())
    current = greenlet.getcurrent()
    if current.parent is not None:
        watching._begun[current] = watching._resumed[current] = _native.js_depth()
    greenlet.settrace(watching)
    return True
