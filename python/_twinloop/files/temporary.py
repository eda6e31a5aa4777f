"""Temporary files and folders, with the interface of ``aiofiles.tempfile``: they go when they are closed."""

from __future__ import annotations

import contextlib
import os
import secrets
import tempfile
from collections.abc import Generator
from typing import Any

from .. import _native
from .opened import BinaryFile, Opening, TextFile, open

_ATTEMPTS = 100


def NamedTemporaryFile(
    mode: str = "w+b",
    buffering: int = -1,
    encoding: str | None = None,
    newline: str | None = None,
    suffix: str | None = None,
    prefix: str | None = None,
    dir: Any = None,
    delete: bool = True,
) -> Opening:
    """A new file that nobody else has, with a name; it goes with ``close``, unless ``delete=False``."""
    return Opening(_open(mode, buffering, encoding, newline, suffix, prefix, dir, "close" if delete else "never"))


def TemporaryFile(
    mode: str = "w+b",
    buffering: int = -1,
    encoding: str | None = None,
    newline: str | None = None,
    suffix: str | None = None,
    prefix: str | None = None,
    dir: Any = None,
) -> Opening:
    """A new file without a name: nothing is left of it when it is closed, whatever happens."""
    return Opening(_open(mode, buffering, encoding, newline, suffix, prefix, dir, "open"))


async def _open(
    mode: str,
    buffering: int,
    encoding: str | None,
    newline: str | None,
    suffix: str | None,
    prefix: str | None,
    folder: Any,
    removed_at: str,
) -> BinaryFile | TextFile:
    if mode[:1] not in ("w", "x", "a"):
        raise ValueError(f"a new file is written, which the mode {mode!r} is not for")
    place = os.path.join(tempfile.gettempdir() if folder is None else os.fsdecode(folder), prefix or "tmp")
    for _ in range(_ATTEMPTS):
        path = f"{place}{secrets.token_hex(5)}{suffix or ''}"
        try:
            core = await _native.file_open(path, "x+", 0o600)
            break
        except FileExistsError:
            continue
    else:
        raise FileExistsError(f"no name was free that begins with {place!r}")
    core.close()
    opened: BinaryFile | TextFile = await open(path, mode.replace("x", "w"), buffering, encoding, None, newline)
    if removed_at == "open":
        await _native.file_remove(path, False)
    elif removed_at == "close":
        binary = opened.buffer if isinstance(opened, TextFile) else opened
        binary._removed = path
    return opened


class TemporaryDirectory:
    """A new folder that nobody else has: ``async with`` gives its path, and removes it with all in it."""

    def __init__(self, suffix: str | None = None, prefix: str | None = None, dir: Any = None) -> None:
        self._suffix = suffix or ""
        self._place = os.path.join(tempfile.gettempdir() if dir is None else os.fsdecode(dir), prefix or "tmp")
        self.name = ""

    async def _open(self) -> TemporaryDirectory:
        path = await _native.file_temporary_folder(self._place)
        if self._suffix:
            os.rename(path, path + self._suffix)
        self.name = path + self._suffix
        return self

    def __await__(self) -> Generator[Any, Any, TemporaryDirectory]:
        return self._open().__await__()

    async def cleanup(self) -> None:
        """Remove it with all in it."""
        if self.name:
            with contextlib.suppress(FileNotFoundError):
                await _native.file_remove(self.name, True)

    async def __aenter__(self) -> str:
        await self._open()
        return self.name

    async def __aexit__(self, *_: object) -> None:
        await self.cleanup()
