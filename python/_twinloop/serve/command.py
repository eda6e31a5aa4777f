"""The command ``serve``: ``python -m twinloop serve [OPTIONS] module:application``, with uvicorn's options.

This file reads the words and runs one process; ``supervisor`` runs several, or one again and again.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import socket
import sys
from collections.abc import Sequence
from typing import Any

from . import applications, logs, supervisor
from .lifespan import LifespanError
from .logs import error_logger
from .server import Server
from .settings import CHOICES, Settings
from .sockets import SocketFile, listening

#: The exit status of a server whose application could not start, as uvicorn's.
STARTUP_FAILURE = 3


def main(words: Sequence[str]) -> int:
    """Serve until a signal ends it; returns the exit status."""
    options = _parser().parse_args(words)
    if options.env_file is not None:
        _read_environment(options.env_file)
    settings = settings_of(options)
    logs.configure(settings)
    place = supervisor.Place.of_worker()
    if place is None and (options.workers > 1 or options.reload):
        settings.multiprocess = options.workers > 1
        return supervisor.supervise(options, settings, list(words))
    if options.app_dir is not None and options.app_dir not in sys.path:
        sys.path.insert(0, options.app_dir)
    settings.multiprocess = options.workers > 1
    try:
        with asyncio.Runner() as runner:
            return runner.run(_serve(options.app, settings, place))
    except applications.ApplicationError as error:
        error_logger.error("Error loading ASGI app. %s", error)
        return 1
    except OSError as error:
        error_logger.error("%s", error)
        return 1


async def _serve(name: str, settings: Settings, place: supervisor.Place | None) -> int:
    application = applications.load(name, factory=settings.factory)
    listeners = place.listeners if place is not None else listening(settings)
    # That of workers is their parent's.
    file = SocketFile(settings) if place is None else None
    server = Server(application, settings)
    error_logger.info("Started server process [%d]", os.getpid())
    ending = _Ending(server)
    server.on_enough(ending.begin_for_enough)
    with ending:
        if place is not None:
            place.watch(ending.begin)
        try:
            await server.start(listeners)
        except LifespanError:
            return STARTUP_FAILURE
        if place is not None:
            place.ready()
        else:
            _tell(server, listeners)
        await ending.wait()
        is_well = await server.close()
    error_logger.info("Finished server process [%d]", os.getpid())
    if file is not None:
        file.remove()
    return 0 if is_well else 1


def _tell(server: Server, _listeners: list[socket.socket]) -> None:
    for url in server.urls:
        error_logger.info("Twinloop running on %s (Press CTRL+C to quit)", url)


class _Ending:
    """What ends a server: a signal drains it, a second one cuts it."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._begun = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def begin(self) -> None:
        """Drain, or cut if that was asked for before."""
        if self._begun.is_set():
            self._server.abort()
            return
        error_logger.info("Shutting down")
        self._begun.set()

    def begin_for_enough(self) -> None:
        """As many requests have come as were wanted."""
        if not self._begun.is_set():
            error_logger.warning(
                "Maximum request limit of %d exceeded. Terminating process.", self._server.settings.limit_max_requests
            )
            self._begun.set()

    async def wait(self) -> None:
        """Wait until it begins."""
        await self._begun.wait()

    def __enter__(self) -> _Ending:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.add_signal_handler(number, self.begin)
        return self

    def __exit__(self, *_: object) -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            self._loop.remove_signal_handler(number)


def _read_environment(path: str) -> None:
    with open(path, encoding="utf-8") as file:
        for line in file:
            text = line.strip().removeprefix("export ")
            name, equals, value = text.partition("=")
            if equals and not text.startswith("#"):
                value = value.strip()
                if value[:1] in ("'", '"') and value[-1:] == value[:1] and len(value) > 1:
                    value = value[1:-1]
                os.environ.setdefault(name.strip(), value)


# ---- the words ---------------------------------------------------------------------------------------------------------


def settings_of(options: argparse.Namespace) -> Settings:
    """What the words say, as settings."""
    headers = []
    for header in options.header:
        name, colon, value = header.partition(":")
        if not colon:
            _parser().error(f"--header is given as NAME:VALUE, not {header!r}")
        headers.append((name.strip(), value.strip()))
    fields = {name: getattr(options, name) for name in Settings.__dataclass_fields__ if hasattr(options, name)}
    try:
        return Settings(**fields, headers=headers)
    except ValueError as error:
        _parser().error(str(error))


def _level(text: str) -> str | int:
    if text.isdecimal():
        return int(text)
    if text.lower() not in logs.LEVELS:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(logs.LEVELS)}")
    return text.lower()


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no number of bytes")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="twinloop serve",
        usage="twinloop serve [OPTIONS] MODULE:ATTRIBUTE",
        description="Serve a Python application: ASGI, WSGI, or a function from request to response.",
        allow_abbrev=False,
    )
    add: Any = parser.add_argument
    switch = argparse.BooleanOptionalAction
    add("app", metavar="MODULE:ATTRIBUTE", help="the application; also FILE.py or FILE.py:ATTRIBUTE")
    add("--host", default="127.0.0.1", help="listen on this host (default: %(default)s)")
    add("--port", type=int, default=8000, help="listen on this port, 0 for a free one (default: %(default)s)")
    add("--uds", metavar="PATH", help="listen on a Unix socket")
    add("--fd", type=int, help="listen on a socket that was handed in under this number")
    add("--workers", type=int, default=int(os.environ.get("WEB_CONCURRENCY", "1")), help="serve by so many processes")
    add("--reload", action="store_true", help="begin again when a file changes")
    add(
        "--reload-dir",
        dest="reload_dirs",
        action="append",
        default=[],
        metavar="FOLDER",
        help="look for changes here (repeatable)",
    )
    add(
        "--reload-include",
        dest="reload_includes",
        action="append",
        default=[],
        metavar="PATTERN",
        help="files that count (default: *.py)",
    )
    add(
        "--reload-exclude",
        dest="reload_excludes",
        action="append",
        default=[],
        metavar="PATTERN",
        help="files that do not count",
    )
    add("--reload-delay", type=float, default=0.25, metavar="SECONDS", help="how often to look (default: %(default)s)")
    add("--app-dir", default="", metavar="FOLDER", help="look for the module here (default: the working directory)")
    add("--factory", action="store_true", help="the attribute is a function that makes the application")
    add("--interface", choices=CHOICES["interface"], default="auto", help="how the application is called")
    add(
        "--lifespan", choices=CHOICES["lifespan"], default="auto", help="whether the application hears of start and end"
    )
    add("--root-path", default="", metavar="PATH", help="where the application is mounted")
    add("--proxy-headers", action=switch, default=True, help="believe X-Forwarded-For and -Proto of trusted clients")
    add(
        "--forwarded-allow-ips",
        metavar="HOSTS",
        help="the clients that are trusted (default: $FORWARDED_ALLOW_IPS or 127.0.0.1)",
    )
    add("--env-file", metavar="FILE", help="environment variables")
    add("--log-config", metavar="FILE", help="a configuration of logging: .json, .yaml or .ini")
    add("--log-level", type=_level, metavar="LEVEL", help="critical, error, warning, info, debug, trace or a number")
    add("--access-log", action=switch, default=True, help="a line for each request")
    add("--use-colors", action=switch, default=None, help="colours in logs")
    add("--server-header", action=switch, default=True, help="a header server")
    add("--date-header", action=switch, default=True, help="a header date")
    add("--header", action="append", default=[], metavar="NAME:VALUE", help="a header of every answer (repeatable)")
    add("--compress", action=switch, default=False, help="compress answers for the clients that take it")
    add(
        "--compress-min-size",
        type=_size,
        default=1024,
        metavar="BYTES",
        help="those of so many bytes and more (default: %(default)s)",
    )
    add("--backlog", type=int, default=2048, help="how many connections may wait to be accepted (default: %(default)s)")
    add("--limit-concurrency", type=int, metavar="N", help="refuse more requests at a time by 503")
    add("--limit-max-requests", type=int, metavar="N", help="end after so many requests")
    add(
        "--timeout-keep-alive",
        type=float,
        default=5,
        metavar="SECONDS",
        help="end a connection that is idle so long (default: %(default)s)",
    )
    add(
        "--timeout-graceful-shutdown",
        type=float,
        metavar="SECONDS",
        help="how long the end may wait for what is under way",
    )
    add("--h11-max-incomplete-event-size", type=int, metavar="BYTES", help="the longest head of a request")
    add("--ssl-keyfile", metavar="FILE", help="the private key")
    add("--ssl-certfile", metavar="FILE", help="the certificate and those that lead to it")
    add("--ssl-keyfile-password", metavar="TEXT", help="the password of the key")
    add("--ssl-ca-certs", metavar="FILE", help="the authorities of clients' certificates")
    add(
        "--ssl-cert-reqs", type=int, choices=(0, 1, 2), default=0, help="clients need none, may have one, must have one"
    )
    add("--ws-max-size", type=int, default=16 * 1024 * 1024, metavar="BYTES", help="the longest message of a websocket")
    add("--ws-ping-interval", type=float, default=20.0, metavar="SECONDS", help="ask a quiet websocket so often")
    add("--ws-ping-timeout", type=float, default=20.0, metavar="SECONDS", help="and wait so long for its answer")
    add(
        "--ws-per-message-deflate", type=_truth, default=True, metavar="BOOLEAN", help="compress messages of websockets"
    )
    add("--wsgi-threads", type=int, default=10, metavar="N", help="how many threads answer for a WSGI application")
    # What chooses between implementations that there is one of.
    for name in ("--loop", "--http", "--ws", "--ssl-version", "--ssl-ciphers", "--ws-max-queue"):
        add(name, help=argparse.SUPPRESS)
    return parser


def _truth(text: str) -> bool:
    words = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}
    if text.lower() not in words:
        raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")
    return words[text.lower()]
