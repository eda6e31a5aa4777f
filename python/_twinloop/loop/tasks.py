"""What the tasks of a process are doing: the coroutines each is in, and what it waits for.

``format_tasks()`` gives it as text. ``python -m twinloop --ps PID`` asks a live process: the first loop that runs in a main
thread installs a handler for one real-time signal, and the handler, which Python runs between two instructions of the main
thread, sends the text to the asker through an abstract Unix socket. So a program that is busy answers too, and one that
nobody asks pays nothing. Only processes of the same user, and root, are answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import sys
import threading
import weakref
from collections.abc import Iterator

SIGNAL = signal.SIGRTMIN + 12
ANSWER_LIMIT_S = 5.0
# The most that is sent to an asker that does not read: the handler must not hold the program up.
SEND_LIMIT_S = 1.0

_loops: weakref.WeakSet = weakref.WeakSet()


class AskError(Exception):
    """A process cannot be asked for its tasks."""


# ---- the text ----------------------------------------------------------------------------------------------------------


def format_tasks(loop=None) -> str:
    """The tasks of one loop, or of every Twinloop loop of the process, one tree for each task that no other waits for."""
    loops = [loop] if loop is not None else [each for each in list(_loops) if not each.is_closed()]
    parts = []
    for each in loops:
        tasks = sorted(asyncio.all_tasks(each), key=_age)
        state = "running" if each.is_running() else "not running"
        lines = [f"{type(each).__name__} at {id(each):#x} ({state}), {len(tasks)} task{'' if len(tasks) == 1 else 's'}"]
        waited_for = {inner for task in tasks for inner in _inner_tasks(task)}
        seen: set[asyncio.Task] = set()
        roots = [task for task in tasks if task not in waited_for]
        # Tasks that wait for each other in a ring have no root; each is shown where it is met first.
        for task in [*roots, *tasks]:
            if task not in seen:
                lines.extend(_describe(task, "  ", seen))
        parts.append("\n".join(lines))
    return "\n".join(parts) if parts else "no event loop"


def tell_json() -> str:
    """The tasks of the running loop, for ``twinloop top``."""
    tasks = sorted(asyncio.all_tasks(), key=_age)
    return json.dumps({"language": "Python", "tasks": [_tell(task) for task in tasks]})


def _tell(task: asyncio.Task) -> dict[str, str]:
    coroutine = task.get_coro()
    chain = await_chain(coroutine)
    inner = _inner_tasks(task)
    waiter = getattr(task, "_fut_waiter", None)
    if inner:
        waits_for = "waits for " + ", ".join(each.get_name() for each in inner[:5])
    elif waiter is not None:
        waits_for = f"waits for {type(waiter).__name__}"
    else:
        waits_for = "is running" if _is_current(task) else "is ready to run"
    return {
        "name": task.get_name(),
        "coroutine": getattr(coroutine, "__qualname__", type(coroutine).__name__),
        "at": chain[-1] if chain else "",
        "waitsFor": waits_for,
    }


def _age(task: asyncio.Task) -> tuple[int, str]:
    # Default names are numbered in the order of creation.
    name = task.get_name()
    number = name.rpartition("-")[2]
    return (int(number) if number.isdigit() else sys.maxsize, name)


def _describe(task: asyncio.Task, indent: str, seen: set[asyncio.Task]) -> Iterator[str]:
    coroutine = task.get_coro()
    name = getattr(coroutine, "__qualname__", type(coroutine).__name__)
    if task in seen:
        yield f"{indent}{task.get_name()}: {name} (see above)"
        return
    seen.add(task)
    yield f"{indent}{task.get_name()}: {name}"
    for frame in await_chain(coroutine):
        yield f"{indent}  in {frame}"
    inner = _inner_tasks(task)
    for other in inner:
        yield f"{indent}  waits for"
        yield from _describe(other, indent + "    ", seen)
    waiter = getattr(task, "_fut_waiter", None)
    if waiter is not None and not inner:
        yield f"{indent}  waits for {waiter!r}"
    elif waiter is None and not task.done():
        yield f"{indent}  {'is running' if _is_current(task) else 'is ready to run'}"


def _is_current(task: asyncio.Task) -> bool:
    return asyncio.current_task(task.get_loop()) is task


def _inner_tasks(task: asyncio.Task) -> list[asyncio.Task]:
    """The tasks that this one waits for, itself or through gather."""
    waiter = getattr(task, "_fut_waiter", None)
    candidates = [waiter, *getattr(waiter, "_children", ())]
    return [each for each in candidates if isinstance(each, asyncio.Task) and not each.done()]


def await_chain(coroutine) -> list[str]:
    """Where a coroutine is suspended, and what it awaits in turn: ``name (file:line)``, the outermost first."""
    chain = []
    while coroutine is not None and len(chain) < 100:
        frame = next(
            filter(None, (getattr(coroutine, field, None) for field in ("cr_frame", "gi_frame", "ag_frame"))), None
        )
        if frame is not None:
            chain.append(f"{frame.f_code.co_name} ({frame.f_code.co_filename}:{frame.f_lineno})")
        coroutine = next(
            filter(None, (getattr(coroutine, field, None) for field in ("cr_await", "gi_yieldfrom", "ag_await"))), None
        )
    return chain


# ---- the process that is asked -----------------------------------------------------------------------------------------


def register(loop) -> None:
    """Count a loop that begins to run among those that are shown."""
    _loops.add(loop)
    if threading.current_thread() is threading.main_thread() and signal.getsignal(SIGNAL) is signal.SIG_DFL:
        signal.signal(SIGNAL, _answer)


def _address(pid: int) -> str:
    return f"\0twinloop-ps-{pid}"


def _peer_uid(connection: socket.socket) -> int:
    credentials = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    return struct.unpack("3i", credentials)[1]


def _answer(_signal, _frame) -> None:
    # Whatever goes wrong here is the asker's business, not the program's.
    with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(SEND_LIMIT_S)
        connection.connect(_address(os.getpid()))
        if _peer_uid(connection) in (0, os.geteuid()):
            try:
                text = format_tasks()
            except Exception as error:
                text = f"the tasks cannot be listed: {error!r}"
            connection.sendall(text.encode(errors="backslashreplace"))


# ---- the process that asks ---------------------------------------------------------------------------------------------


def ask(pid: int) -> str:
    """The tasks of the process ``pid``. Raises ``AskError`` if it runs no Twinloop loop or does not answer."""
    if not _handles_signal(pid):
        raise AskError(f"process {pid} runs no Twinloop event loop in its main thread")
    with socket.socket(socket.AF_UNIX) as listener:
        try:
            listener.bind(_address(pid))
        except OSError:
            raise AskError(f"process {pid} is being asked by somebody else") from None
        listener.listen(1)
        listener.settimeout(ANSWER_LIMIT_S)
        try:
            os.kill(pid, SIGNAL)
        except OSError as error:
            raise AskError(f"process {pid} cannot be asked: {error.strerror}") from None
        try:
            connection, _ = listener.accept()
        except TimeoutError:
            raise AskError(
                f"process {pid} did not answer: its main thread is in a call that does not return to Python"
            ) from None
        with connection:
            connection.settimeout(ANSWER_LIMIT_S)
            return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def _handles_signal(pid: int) -> bool:
    # Without a handler the signal would end the process.
    try:
        with open(f"/proc/{pid}/status") as status:
            caught = next(line for line in status if line.startswith("SigCgt:"))
    except OSError:
        raise AskError(f"there is no process {pid}") from None
    return bool(int(caught.split()[1], 16) >> (SIGNAL - 1) & 1)
