"""One event loop for Python and JavaScript.

``twinloop.run(main())`` runs a coroutine on Twinloop's event loop. ``new_event_loop`` is a loop factory for
``asyncio.Runner``, uvicorn and others; ``install()`` makes every ``asyncio.run`` of the process use this loop. ``await fetch(url)``
is an HTTP client, ``async with WebSocket(url)`` one of WebSockets, ``await serve(application)`` a server, and ``BroadcastChannel(name)`` reaches
other loops, processes and machines.
"""

from __future__ import annotations

import asyncio as _asyncio
import sys as _sys

if "t" in _sys.abiflags:
    raise ImportError(
        "twinloop does not support the free-threaded build of CPython: its loop relies on the GIL for order. "
        f"Use the ordinary build of Python {_sys.version_info[0]}.{_sys.version_info[1]}."
    )

from _twinloop.loop.event_loop import EventLoop, new_event_loop
from _twinloop.loop.process import EventLoopPolicy, install
from _twinloop.loop.tasks import format_tasks

__version__ = "0.2.0"

__all__ = [
    "AbortController",
    "AbortError",
    "AbortSignal",
    "BroadcastChannel",
    "BroadcastEvent",
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "EventLoop",
    "EventLoopPolicy",
    "EventSource",
    "FetchCertificateError",
    "FetchConnectionError",
    "FetchConnectionResetError",
    "FetchDecodeError",
    "FetchError",
    "FetchJSONError",
    "FetchNameError",
    "FetchRedirectError",
    "FetchTLSError",
    "FetchTimeoutError",
    "FileChange",
    "HTTPStatusError",
    "Headers",
    "Job",
    "MessagesLost",
    "NamedTemporaryFile",
    "Pool",
    "Request",
    "Response",
    "Retry",
    "Server",
    "ServerSentEvent",
    "Session",
    "TemporaryDirectory",
    "TemporaryFile",
    "WebSocket",
    "WebSocketError",
    "WebSocketHandshakeError",
    "WorkerDied",
    "__version__",
    "copy",
    "fetch",
    "format_tasks",
    "install",
    "js_app",
    "new_event_loop",
    "open",
    "pool",
    "progress",
    "run",
    "serve",
    "walk",
    "watch",
]

# What most programs do not need is loaded when it is named. The engine costs memory and time that a program without JavaScript need not pay,
# and serving many modules.
_LATER = {
    "AbortController": "_twinloop.fetch.signals",
    "AbortError": "_twinloop.fetch.errors",
    "AbortSignal": "_twinloop.fetch.signals",
    "BroadcastChannel": "_twinloop.broadcast.channel",
    "BroadcastEvent": "_twinloop.broadcast.channel",
    "ConnectionClosed": "_twinloop.fetch.errors",
    "ConnectionClosedError": "_twinloop.fetch.errors",
    "ConnectionClosedOK": "_twinloop.fetch.errors",
    "EventSource": "_twinloop.fetch.events",
    "FetchCertificateError": "_twinloop.fetch.errors",
    "FetchConnectionError": "_twinloop.fetch.errors",
    "FetchConnectionResetError": "_twinloop.fetch.errors",
    "FetchDecodeError": "_twinloop.fetch.errors",
    "FetchError": "_twinloop.fetch.errors",
    "FetchJSONError": "_twinloop.fetch.errors",
    "FetchNameError": "_twinloop.fetch.errors",
    "FetchRedirectError": "_twinloop.fetch.errors",
    "FetchTLSError": "_twinloop.fetch.errors",
    "FetchTimeoutError": "_twinloop.fetch.errors",
    "FileChange": "_twinloop.files.folders",
    "HTTPStatusError": "_twinloop.fetch.errors",
    "Headers": "_twinloop._native",
    "Job": "_twinloop.pool.jobs",
    "MessagesLost": "_twinloop.broadcast.channel",
    "NamedTemporaryFile": "_twinloop.files.temporary",
    "Pool": "_twinloop.pool.jobs",
    "Request": "_twinloop.serve.handlers",
    "Response": "_twinloop._native",
    "Retry": "_twinloop.fetch.session",
    "Server": "_twinloop.serve.server",
    "ServerSentEvent": "_twinloop.fetch.events",
    "Session": "_twinloop.fetch.session",
    "TemporaryDirectory": "_twinloop.files.temporary",
    "TemporaryFile": "_twinloop.files.temporary",
    "WebSocket": "_twinloop.fetch.websocket",
    "WebSocketError": "_twinloop.fetch.errors",
    "WebSocketHandshakeError": "_twinloop.fetch.errors",
    "WorkerDied": "_twinloop.pool.jobs",
    "copy": "_twinloop.files.folders",
    "fetch": "_twinloop._native",
    "js": "twinloop.js",
    "js_app": "_twinloop.serve.js_handlers",
    "open": "_twinloop.files.opened",
    "pool": "_twinloop.pool.jobs",
    "progress": "_twinloop.pool.reporting",
    "serve": "_twinloop.serve.server",
    "walk": "_twinloop.files.folders",
    "watch": "_twinloop.files.folders",
}

# What users meet in tracebacks, `repr` and `help` is the name that they import it by.
for _public in (EventLoop, EventLoopPolicy, format_tasks, install, new_event_loop):
    _public.__module__ = __name__


def run(main, *, debug=None, loop_factory=None):
    """Run the coroutine ``main`` on a new Twinloop event loop and return its result, as ``asyncio.run`` does.

    ``loop_factory`` makes the loop, for a subclass or for ``lambda: twinloop.EventLoop(test_clock=True)``.
    """
    if _asyncio._get_running_loop() is not None:
        raise RuntimeError("twinloop.run() cannot be called from a running event loop")
    with _asyncio.Runner(debug=debug, loop_factory=loop_factory or new_event_loop) as runner:
        try:
            return runner.run(main)
        except TypeError as error:
            from _twinloop.crossing.hints import add_hint

            add_hint(error)
            raise


def load_ipython_extension(shell):
    """``%load_ext twinloop`` in IPython and notebooks: cells that begin with ``%%js`` are JavaScript."""
    from _twinloop.program import notebook

    notebook.load(shell)


def unload_ipython_extension(shell):
    """``%unload_ext twinloop``."""
    from _twinloop.program import notebook

    notebook.unload(shell)


def __getattr__(name):
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    module = importlib.import_module(_LATER[name])
    if name == "js":
        return module
    found = getattr(module, name)
    found.__module__ = __name__
    globals()[name] = found
    return found


def __dir__():
    return sorted({*globals(), *_LATER})
