"""Names to addresses: what ``socket.getaddrinfo`` answers, without blocking the loop.

A literal address is answered at once, and remembered, since its answer never changes; a name goes to the system's
resolver on the native blocking pool. A program that puts a function of its own in the place of ``socket.getaddrinfo``
(and ``--connect-to`` does) is left to asyncio, which calls that.
"""

from __future__ import annotations

import functools
import socket
import sys

from . import connect_to

# What a type and a protocol of zero stand for, as the system's resolver lists them.
_KINDS = (
    (socket.SOCK_STREAM, socket.IPPROTO_TCP),
    (socket.SOCK_DGRAM, socket.IPPROTO_UDP),
    (socket.SOCK_RAW, 0),
)
# Flags that change nothing for a literal host and a numeric port.
_HARMLESS_FLAGS = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV | socket.AI_PASSIVE


def are_the_systems():
    """True unless somebody replaced ``socket.getaddrinfo``."""
    return socket.getaddrinfo is connect_to.system_getaddrinfo


async def resolve(loop, host, port, family, kind, protocol, flags):
    """What ``socket.getaddrinfo`` gives."""
    try:
        known = _literal(host, port, family, kind, protocol, flags)
    except TypeError:  # Something that cannot be hashed, such as a bytearray.
        known = None
    if known is not None:
        return list(known)
    sys.audit("socket.getaddrinfo", host, port, family, kind, protocol)
    future = loop.create_future()
    loop._resolve(future, _host(host), _service(port), [family, kind, protocol, flags])
    return [(_family(family), _kind(kind), *rest) for family, kind, *rest in await future]


# Making the member of an enumeration takes a microsecond; there are few.
@functools.lru_cache(maxsize=64)
def _family(number):
    return socket._intenum_converter(number, socket.AddressFamily)


@functools.lru_cache(maxsize=64)
def _kind(number):
    return socket._intenum_converter(number, socket.SocketKind)


@functools.lru_cache(maxsize=1024, typed=True)
def _literal(host, port, family, kind, protocol, flags):
    """The answer for a literal address and a port's number; None for everything else."""
    # Raw sockets have no ports, which is the resolver's to say.
    if not isinstance(host, str) or flags & ~_HARMLESS_FLAGS or kind == socket.SOCK_RAW:
        return None
    if isinstance(port, str) and port.isascii() and port.isdecimal():
        port = int(port)
    if port is None:
        port = 0
    if not isinstance(port, int) or not 0 <= port < 65536:
        return None
    for candidate in (socket.AF_INET, socket.AF_INET6):
        try:
            packed = socket.inet_pton(candidate, host)
        except (OSError, ValueError):
            continue
        if family not in (socket.AF_UNSPEC, candidate):
            return None
        # As the resolver writes it: "::0001" is "::1".
        text = socket.inet_ntop(candidate, packed)
        address = (text, port) if candidate == socket.AF_INET else (text, port, 0, 0)
        answers = tuple(
            (candidate, its_kind, its_protocol, "", address)
            for its_kind, its_protocol in _KINDS
            if kind in (0, its_kind) and protocol in (0, its_protocol)
        )
        # Rarer combinations, such as a protocol for raw sockets, are the resolver's to judge.
        return answers or None
    return None


def _host(host):
    if isinstance(host, str):
        return host.encode("idna")
    if host is None or isinstance(host, bytes):
        return host
    raise TypeError("getaddrinfo() argument 1 must be string or None")


def _service(port):
    if isinstance(port, int):
        return b"%d" % port
    if isinstance(port, str):
        return port.encode()
    if port is None or isinstance(port, bytes):
        return port
    raise OSError("Int or String expected")
