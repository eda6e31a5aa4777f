"""Functions that `test_workers.py` runs in threads and processes."""

from __future__ import annotations

import contextvars
import os
import threading
import time
from typing import Any

from twinloop.js import workers

stopped = threading.Event()
name: contextvars.ContextVar[str] = contextvars.ContextVar("name")
reached = 0


def square(number: int) -> int:
    return number * number


def where(value: Any) -> list[Any]:
    return [os.getpid(), threading.get_ident(), value]


def count(to: int) -> str:
    global reached
    for number in range(to):
        reached = number
        workers.report({"at": number})
    return "counted"


def fail(message: str) -> None:
    raise LookupError(message)


def endless() -> None:
    try:
        while True:
            time.sleep(0.005)
            workers.report()
    except workers.Stopped:
        stopped.set()
        raise


def busy() -> None:
    while True:
        pass


def leave() -> None:
    os._exit(3)


def odd() -> Any:
    return lambda: 1
