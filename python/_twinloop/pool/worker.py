"""What runs in a worker's process: calls that come over a socket, one after the other, until it is closed. Imports nothing of the loop."""

from __future__ import annotations

import contextlib
import pickle
import signal
import socket
import struct
import traceback
from typing import Any

from .reporting import CURRENT, Reporter

#: The length before each message.
LENGTH = struct.Struct("!Q")


def pack(message: Any) -> bytes:
    """A message with its length before it."""
    data = pickle.dumps(message, protocol=pickle.HIGHEST_PROTOCOL)
    return LENGTH.pack(len(data)) + data


def serve(connection: socket.socket) -> None:
    """Answer calls until the other end is gone."""
    # Ctrl-C is for the program, which ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Who is not wanted any more is killed, and never asks.
    CURRENT.set(Reporter(lambda value: connection.sendall(pack(("progress", value))), lambda: False))
    stream = connection.makefile("rb")
    with contextlib.suppress(ConnectionError):
        # The program's file could be imported.
        connection.sendall(pack(("begun", None)))
        while head := stream.read(LENGTH.size):
            data = stream.read(LENGTH.unpack(head)[0])
            connection.sendall(_answer(data))


def _answer(data: bytes) -> bytes:
    try:
        function, arguments, named = pickle.loads(data)
        return pack(("result", function(*arguments, **named)))
    except BaseException as error:
        error.add_note("in a worker of the pool:\n" + "".join(traceback.format_exception(error)).rstrip())
        try:
            packed = pack(("error", error))
            # What is made of it there may be refused, as by a class whose arguments are not its own.
            pickle.loads(packed[LENGTH.size :])
        except Exception:
            told = RuntimeError(f"{type(error).__name__}: {error}")
            told.add_note(error.__notes__[-1])
            return pack(("error", told))
        return packed
