"""``--connect-to``: the program names one host and port, connections go to another, as curl's option of that name.

A rule is ``HOST1:PORT1:HOST2:PORT2``; an empty HOST1 or PORT1 matches anything, an empty HOST2 or PORT2 keeps what the
program asked for. TLS still checks the name that the program asked for.
"""

from __future__ import annotations

import socket
from typing import Any

# The rules as they were given, for the JavaScript of this process.
texts: list[str] = []
_rules: list[tuple[str, str, str, str]] = []
system_getaddrinfo = socket.getaddrinfo


def parse(text: str) -> tuple[str, str, str, str]:
    """Split a rule; IPv6 addresses stand in brackets. Raises ValueError for anything else."""
    parts: list[str] = []
    rest = text
    while True:
        if rest.startswith("["):
            address, bracket, rest = rest[1:].partition("]")
            if not bracket or (rest and not rest.startswith(":")):
                raise ValueError(f"invalid address in brackets: {text!r}")
            parts.append(address)
            more = rest.startswith(":")
            rest = rest[1:]
        else:
            part, colon, rest = rest.partition(":")
            parts.append(part)
            more = bool(colon)
        if not more:
            break
    ports = [part for part in parts[1::2] if part]
    if len(parts) != 4 or not all(port.isdecimal() and int(port) < 65536 for port in ports):
        raise ValueError(f"not of the form HOST1:PORT1:HOST2:PORT2: {text!r}")
    return parts[0].lower(), parts[1], parts[2], parts[3]


def install(rules: list[str]) -> None:
    """Apply the rules to this process: to the loop's connections and to ``socket.getaddrinfo``."""
    _rules.extend([parse(text) for text in rules])
    texts.extend(rules)
    if _rules:
        socket.getaddrinfo = _redirected_getaddrinfo


def redirect(host: Any, port: Any) -> tuple[Any, Any]:
    """Where a connection to ``host`` and ``port`` goes."""
    if not _rules or not isinstance(host, (str, bytes)):
        return host, port
    name = host.decode("ascii", "replace") if isinstance(host, bytes) else host
    for from_host, from_port, to_host, to_port in _rules:
        if from_host in ("", name.lower()) and from_port in ("", str(port)):
            return to_host or host, int(to_port) if to_port else port
    return host, port


def _redirected_getaddrinfo(host: Any, port: Any, *arguments: Any, **options: Any) -> Any:
    return system_getaddrinfo(*redirect(host, port), *arguments, **options)
