"""``twinloop.pool``: calls that compute, in processes or threads, so that they do not stop the loop.

``jobs`` is the loop's side, ``worker`` what runs in a process; ``reporting`` is what a function that is called there tells of its progress. ``calls`` are
single calls, of ``twinloop.js.workers``.
"""
