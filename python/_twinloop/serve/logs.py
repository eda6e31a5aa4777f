"""What a server logs: ``twinloop.error`` about itself and its application, ``twinloop.access`` a line a request, both below ``twinloop``.

The lines look as uvicorn's do. A configuration for ``logging`` takes the place of ours (``--log-config``).
"""

from __future__ import annotations

import copy
import http
import json
import logging
import logging.config
import os
import sys
from typing import Any
from urllib.parse import quote

error_logger = logging.getLogger("twinloop.error")
access_logger = logging.getLogger("twinloop.access")

TRACE = 5
LEVELS = {
    "critical": logging.CRITICAL,
    "error": logging.ERROR,
    "warning": logging.WARNING,
    "info": logging.INFO,
    "debug": logging.DEBUG,
    "trace": TRACE,
}

CONFIG: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "default": {"()": "_twinloop.serve.logs.Formatter", "fmt": "%(levelprefix)s %(message)s"},
        "access": {
            "()": "_twinloop.serve.logs.AccessFormatter",
            "fmt": '%(levelprefix)s %(client_addr)s - "%(request_line)s" %(status_code)s',
        },
    },
    "handlers": {
        "default": {"formatter": "default", "class": "logging.StreamHandler", "stream": "ext://sys.stderr"},
        "access": {"formatter": "access", "class": "logging.StreamHandler", "stream": "ext://sys.stdout"},
    },
    "loggers": {
        "twinloop": {"handlers": ["default"], "level": "INFO", "propagate": False},
        "twinloop.error": {"level": "INFO"},
        "twinloop.access": {"handlers": ["access"], "level": "INFO", "propagate": False},
    },
}


def configure(settings: Any) -> None:
    """Set logging up as the settings say."""
    logging.addLevelName(TRACE, "TRACE")
    chosen = settings.log_config
    if chosen is None:
        chosen = copy.deepcopy(CONFIG)
        for formatter in chosen["formatters"].values():
            formatter["use_colors"] = settings.use_colors
    if isinstance(chosen, dict):
        logging.config.dictConfig(chosen)
    elif chosen.endswith(".json"):
        with open(chosen, encoding="utf-8") as file:
            logging.config.dictConfig(json.load(file))
    elif chosen.endswith((".yaml", ".yml")):
        # The package yaml is the user's.
        import yaml

        with open(chosen, encoding="utf-8") as file:
            logging.config.dictConfig(yaml.safe_load(file))
    else:
        if not os.path.exists(chosen):
            raise FileNotFoundError(f"there is no file {chosen!r} for --log-config")
        logging.config.fileConfig(chosen, disable_existing_loggers=False)
    set_level(settings.log_level)


def set_level(level: str | int | None) -> None:
    """``level`` is a name, a number, or None for what logging has already."""
    if level is None:
        return
    number = LEVELS.get(level.lower()) if isinstance(level, str) else level
    if number is None:
        raise ValueError(f"log_level is a number or one of {', '.join(LEVELS)}, not {level!r}")
    error_logger.setLevel(number)
    access_logger.setLevel(number)


def request_line(scope: dict[str, Any]) -> str:
    """The path and the query that were asked for."""
    path = quote(scope["path"])
    query = scope["query_string"]
    return f"{path}?{query.decode('ascii', 'replace')}" if query else path


def client(scope: dict[str, Any]) -> str:
    """The client's address as text."""
    address = scope.get("client")
    return f"{address[0]}:{address[1]}" if address else ""


_COLORS = {
    TRACE: "34",
    logging.DEBUG: "36",
    logging.INFO: "32",
    logging.WARNING: "33",
    logging.ERROR: "31",
    logging.CRITICAL: "91",
}


class Formatter(logging.Formatter):
    """Adds ``levelprefix``, in colour on a terminal."""

    def __init__(
        self, fmt: str | None = None, datefmt: str | None = None, style: Any = "%", use_colors: bool | None = None
    ) -> None:
        super().__init__(fmt, datefmt, style)
        self.use_colors = sys.stdout.isatty() if use_colors is None and sys.stdout else bool(use_colors)

    def color(self, text: str, code: str) -> str:
        """The text in colour, if there are colours."""
        return f"\x1b[{code}m{text}\x1b[0m" if self.use_colors else text

    def formatMessage(self, record: logging.LogRecord) -> str:
        """As the base class, with what is added to the record."""
        record = copy.copy(record)
        name = record.levelname
        record.__dict__["levelprefix"] = (
            self.color(name, _COLORS.get(record.levelno, "0")) + ":" + " " * (8 - len(name))
        )
        self.extend(record)
        return super().formatMessage(record)

    def extend(self, record: logging.LogRecord) -> None:
        """Add to the record what the format may name."""


class AccessFormatter(Formatter):
    """Adds ``client_addr``, ``request_line`` and ``status_code``, and ``method``, ``full_path`` and ``http_version`` that they are made of."""

    def extend(self, record: logging.LogRecord) -> None:
        """Take the arguments of the record apart."""
        client_addr, method, full_path, version, status = record.args  # type: ignore[misc]
        try:
            phrase = http.HTTPStatus(int(status)).phrase  # type: ignore[arg-type]
        except ValueError:
            phrase = ""
        code = {1: "97", 2: "32", 3: "33", 4: "31", 5: "91"}.get(int(status) // 100, "0")  # type: ignore[arg-type]
        record.__dict__.update(
            client_addr=client_addr,
            method=method,
            full_path=full_path,
            http_version=version,
            request_line=self.color(f"{method} {full_path} HTTP/{version}", "1"),
            status_code=self.color(f"{status} {phrase}", code),
        )
