"""The sockets that a server listens on: a host and a port, a path, or a descriptor that somebody else has opened."""

from __future__ import annotations

import contextlib
import os
import socket
import stat
from typing import Any

from .settings import Settings


def listening(settings: Settings) -> list[socket.socket]:
    """The bound sockets that the settings name."""
    if settings.fd is not None:
        return [_of_descriptor(settings.fd)]
    if settings.uds is not None:
        return [_of_path(settings.uds)]
    return _of_host(settings.host, settings.port)


def _of_descriptor(fd: int) -> socket.socket:
    # A copy, as the number is the caller's to close.
    return socket.socket(fileno=os.dup(fd))


def _of_path(path: str) -> socket.socket:
    mode = 0o666
    with contextlib.suppress(FileNotFoundError):
        found = os.stat(path)
        if not stat.S_ISSOCK(found.st_mode):
            raise OSError(f"{path} exists and is no socket")
        mode = stat.S_IMODE(found.st_mode)
        # What an earlier server has left.
        os.unlink(path)
    listener = socket.socket(socket.AF_UNIX)
    try:
        _bind(listener, path, path)
        os.chmod(path, mode)
    except BaseException:
        listener.close()
        raise
    return listener


class SocketFile:
    """The file that a listening socket has, if it is one with a path; removed at the end, unless another server has the path by then."""

    def __init__(self, settings: Settings) -> None:
        self._path = settings.uds
        self._made = self._found()

    def _found(self) -> tuple[int, int] | None:
        if self._path is None:
            return None
        try:
            found = os.stat(self._path)
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def remove(self) -> None:
        """Give it up."""
        if self._path is not None and self._made is not None and self._made == self._found():
            with contextlib.suppress(OSError):
                os.unlink(self._path)


def _bind(listener: socket.socket, address: Any, shown: str) -> None:
    try:
        listener.bind(address)
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {shown}: {error.strerror}") from None


def _of_host(host: str, port: int) -> list[socket.socket]:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners: list[socket.socket] = []
    try:
        for family, kind, protocol, _, address in dict.fromkeys(found):
            if family not in (socket.AF_INET, socket.AF_INET6):
                continue
            # All of them get the port that the first was given.
            if listeners and not port:
                address = (address[0], listeners[0].getsockname()[1], *address[2:])
            try:
                listener = socket.socket(family, kind, protocol)
            except OSError:
                # The system has no such addresses.
                continue
            listeners.append(listener)
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if family == socket.AF_INET6:
                listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            _bind(listener, address, f"{address[0]}:{address[1]}")
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def url(listener: socket.socket, scheme: str) -> str:
    """Where a socket listens, for people and clients on this machine: an address that stands for all of them is none of a host."""
    name = listener.getsockname()
    if listener.family == socket.AF_UNIX:
        return f"unix socket {name if isinstance(name, str) else name.decode(errors='replace')}"
    host = {"0.0.0.0": "localhost", "::": "::1"}.get(name[0], name[0])
    if ":" in host:
        host = f"[{host}]"
    return f"{scheme}://{host}:{name[1]}"
