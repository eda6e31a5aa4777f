"""Python functions in threads and processes, for JavaScript that must not wait: ``import { run_in_process } from "python:twinloop.js.workers"``.

``await run_in_thread(f, 1)``, ``await run_in_process.callKwargs(f, 1, { signal, progress: (value) => ... })``; the function itself reports by
``twinloop.js.workers.report(value)``. Python may use them too.
"""

from __future__ import annotations

from _twinloop.pool.calls import run_in_process, run_in_thread
from _twinloop.pool.reporting import JobCancelled as Stopped
from _twinloop.pool.reporting import is_cancelled as is_stopped
from _twinloop.pool.reporting import progress as report

for _public in (run_in_process, run_in_thread):
    _public.__module__ = __name__

__all__ = ["Stopped", "is_stopped", "report", "run_in_process", "run_in_thread"]
