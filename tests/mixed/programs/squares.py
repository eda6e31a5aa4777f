"""What ``dask_cluster.py`` has done by Dask's workers, which import it."""

from __future__ import annotations

import os
import pathlib
import signal
import time


def square(number: int) -> int:
    return number * number


def loop_of(dask_worker=None, dask_scheduler=None) -> str:
    """Whose loop the process runs on; Dask gives the process's own object by the name of an argument."""
    return type((dask_worker or dask_scheduler).loop.asyncio_loop).__module__


def knows(key: str, dask_scheduler=None) -> bool:
    """Whether the scheduler has a task."""
    return key in dask_scheduler.tasks


def wait_in(folder: str, number: int) -> int:
    """Says that it has begun, and waits until the folder has a file ``open``."""
    pathlib.Path(folder, f"begun-{number}").touch()
    while not pathlib.Path(folder, "open").exists():
        time.sleep(0.01)
    return number


def note(path: str) -> None:
    pathlib.Path(path).touch()


def root(number: float) -> float:
    if number < 0:
        raise ValueError(f"no root of {number}")
    return number**0.5


def die_once(folder: str) -> int:
    """Ends its process when it is called first, and says the next time how often it was begun."""
    begun = len(os.listdir(folder)) + 1
    pathlib.Path(folder, f"{begun}").touch()
    if begun == 1:
        os.kill(os.getpid(), signal.SIGKILL)
    return begun
