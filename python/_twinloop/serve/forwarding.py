"""Whom a proxy speaks for: ``X-Forwarded-For`` and ``X-Forwarded-Proto``, believed from trusted clients only."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Any


class Proxies:
    """The addresses, networks and other names that are trusted; ``*`` is everybody."""

    def __init__(self, trusted: str | Sequence[str]) -> None:
        words = trusted.split(",") if isinstance(trusted, str) else trusted
        words = [word.strip() for word in words if word.strip()]
        self.trusts_all = "*" in words
        self._networks = []
        self._names = set()
        for word in words:
            try:
                self._networks.append(ipaddress.ip_network(word))
            except ValueError:
                self._names.add(word)

    def trusts(self, host: str | None) -> bool:
        """Whether a host may say whom it speaks for."""
        if self.trusts_all:
            return True
        if not host:
            return False
        try:
            address = ipaddress.ip_address(host)
        except ValueError:
            return host in self._names
        return any(address in network for network in self._networks)

    def apply(self, scope: dict[str, Any]) -> None:
        """Put into a scope what a trusted client says of its own client."""
        client = scope["client"]
        if not self.trusts(client[0] if client else None):
            return
        headers = scope["headers"]
        scheme = _last(headers, b"x-forwarded-proto").strip().lower()
        if scheme in ("http", "https", "ws", "wss"):
            is_secure = scheme in ("https", "wss")
            plain = "ws" if scope["type"] == "websocket" else "http"
            scope["scheme"] = plain + "s" * is_secure
        host = self._first_untrusted(
            b",".join(value for name, value in headers if name == b"x-forwarded-for").decode("latin-1")
        )
        if host:
            # Its port is not known.
            scope["client"] = (host, 0)

    def _first_untrusted(self, text: str) -> str:
        hosts = [host.strip() for host in text.split(",") if host.strip()]
        if not hosts:
            return ""
        if self.trusts_all:
            return _without_port(hosts[0])
        # Every proxy adds whom it has heard from at the end.
        for host in reversed(hosts):
            if not self.trusts(_without_port(host)):
                return _without_port(host)
        return _without_port(hosts[0])


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.partition(":")[0] if host.count(":") == 1 else host


def _last(headers: Sequence[tuple[bytes, bytes]], wanted: bytes) -> str:
    return next((value for name, value in reversed(headers) if name == wanted), b"").decode("latin-1")
