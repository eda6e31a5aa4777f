"""Telling a loop's exception handler of what a protocol or a callback raised."""

from __future__ import annotations

import contextlib


def report(loop, context):
    """Call the exception handler with ``context`` as in the ``except`` block of its exception.

    asyncio calls it there: what the handler raises has the exception as its ``__context__``, and ``sys.exc_info`` tells it.
    The exception itself is left as it was: raising it here adds a line to its traceback and may replace its context.
    """
    error = context["exception"]
    traceback, cause = error.__traceback__, error.__context__
    try:
        raise error
    except BaseException:
        error.__traceback__, error.__context__ = traceback, cause
        loop.call_exception_handler(context)


def report_transport(loop, transport, protocol, message, error):
    """Report what went wrong with a transport, with the keys that asyncio's own transports give."""
    report(loop, {"message": message, "exception": error, "transport": transport, "protocol": protocol})


@contextlib.contextmanager
def reported(loop, transport, protocol, message):
    """Around a call of a transport's protocol: what it raises is reported and the loop goes on, unless it ends the program."""
    try:
        yield
    except (SystemExit, KeyboardInterrupt):
        raise
    except BaseException as error:
        report_transport(loop, transport, protocol, message, error)
