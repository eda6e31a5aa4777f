"""What the tests of callbacks share."""

from __future__ import annotations


def run_until_stopped(loop, *callbacks):
    for callback in callbacks:
        loop.call_soon(callback)
    loop.run_forever()


def failing():
    raise ValueError("expected")


def lines_of(error):
    """The functions in the traceback of an exception."""
    names, traceback = [], error.__traceback__
    while traceback is not None:
        names.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    return names
