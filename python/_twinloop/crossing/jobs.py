"""``js.run_in_worker``: a JavaScript function in a thread of its own, which the Task that waits for it can end.

The threads are ``crates/js/src/node/worker_threads/jobs.js``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from _twinloop import _native

if TYPE_CHECKING:
    from collections.abc import Iterable


async def run(work: Any, arguments: tuple[Any, ...], name: str, transfer: Iterable[Any], place: tuple[str, int]) -> Any:
    """Run ``work``, a function or the specifier of a module, and return what it gives; ``place`` is the file and line that ask."""
    referrer, line = place
    if isinstance(work, str):
        what = {"module": work, "referrer": referrer, "line": line, "name": name}
    elif isinstance(work, _native.JsProxy) and work.typeof == "function":
        what = {"source": work.toString(), "referrer": referrer, "line": line, "name": name}
    else:
        raise TypeError(f"run_in_worker() takes a JavaScript function or the name of a module, not {work!r}")
    values = _native.js_to_js({**what, "values": list(arguments)}, -1.0)
    job = _native.js_builtin("node/worker_threads/jobs").start(values, _native.js_to_js(list(transfer), -1.0))
    try:
        return await job.promise
    except asyncio.CancelledError:
        job.cancel()
        raise
