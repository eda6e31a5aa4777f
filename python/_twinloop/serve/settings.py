"""What a server may be told, by the names that uvicorn's users know."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Sequence
from typing import Any


@dataclasses.dataclass
class Settings:
    """The options of a server; ``command`` has them as words of the command line."""

    host: str = "127.0.0.1"
    port: int = 8000
    uds: str | None = None
    fd: int | None = None
    backlog: int = 2048
    interface: str = "auto"
    factory: bool = False
    lifespan: str = "auto"
    root_path: str = ""
    proxy_headers: bool = True
    forwarded_allow_ips: str | Sequence[str] | None = None
    access_log: bool = True
    log_level: str | int | None = None
    log_config: dict[str, Any] | str | None = None
    use_colors: bool | None = None
    server_header: bool = True
    date_header: bool = True
    headers: Sequence[tuple[str, str]] = ()
    #: Whether answers are compressed for the clients that take it, and from how many bytes on.
    compress: bool = False
    compress_min_size: int = 1024
    limit_concurrency: int | None = None
    limit_max_requests: int | None = None
    timeout_keep_alive: float = 5
    timeout_graceful_shutdown: float | None = None
    h11_max_incomplete_event_size: int | None = None
    ws_max_size: int = 16 * 1024 * 1024
    ws_ping_interval: float | None = 20.0
    ws_ping_timeout: float | None = 20.0
    ws_per_message_deflate: bool = True
    wsgi_threads: int = 10
    ssl_keyfile: str | os.PathLike[str] | None = None
    ssl_certfile: str | os.PathLike[str] | None = None
    ssl_keyfile_password: str | None = None
    ssl_ca_certs: str | os.PathLike[str] | None = None
    #: Of ``ssl.VerifyMode``: whether clients show a certificate of those authorities.
    ssl_cert_reqs: int = 0
    #: Whether more than one process answers, for ``wsgi.multiprocess``.
    multiprocess: bool = False

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ValueError(f"{name} is one of {', '.join(known)}, not {getattr(self, name)!r}")
        if self.ssl_keyfile is not None and self.ssl_certfile is None:
            raise ValueError("ssl_keyfile needs ssl_certfile")
        if self.forwarded_allow_ips is None:
            self.forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")

    @property
    def is_secure(self) -> bool:
        return self.ssl_certfile is not None


CHOICES = {
    "interface": ("auto", "asgi3", "asgi2", "wsgi"),
    "lifespan": ("auto", "on", "off"),
}
