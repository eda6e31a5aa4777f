"""Bodies of requests that are not bytes yet: files, iterables, asynchronous iterables, and forms with files (RFC 7578)."""

from __future__ import annotations

import asyncio
import io
import mimetypes
import os
import secrets
import stat
from collections.abc import AsyncIterable, Iterable, Iterator, Mapping
from typing import Any

#: How much of an object that is read like a file is read at a time.
_PIECE = 64 * 1024

#: The tasks that read asynchronous iterables: asyncio itself holds them weakly.
_running: set[asyncio.Task[None]] = set()


def parts_of(body: Any, name: str) -> list[Any]:
    """What the native half makes a body of: bytes, a file as (file, start, length, name), an iterator, or an asynchronous iterable in a list."""
    if isinstance(body, str):
        return [body.encode()]
    if isinstance(body, (bytes, bytearray, memoryview)):
        return [bytes(body)]
    if isinstance(body, os.PathLike):
        body = _Opened(body)
        known = os.fstat(body.fileno())
        if stat.S_ISREG(known.st_mode):
            return [(body, 0, known.st_size, body.name)]
    if hasattr(body, "read"):
        part = _part_of_file(body)
        return [part if part is not None else _pieces(body)]
    if isinstance(body, AsyncIterable):
        return [[body]]
    if isinstance(body, Iterable) and not isinstance(body, Mapping):
        return [iter(body)]
    kinds = "bytes, text, a file, a path or an (asynchronous) iterable of bytes"
    raise TypeError(f"{name} is {kinds}, not {type(body).__name__!r}")


def _part_of_file(file: Any) -> tuple[Any, int, int, str] | None:
    """A file on a disk, which is read without a visit to Python."""
    if not isinstance(file, (io.BufferedReader, io.BufferedRandom, io.FileIO)):
        return None
    known = os.fstat(file.fileno())
    if not stat.S_ISREG(known.st_mode):
        return None
    start = file.tell()
    return file, start, max(known.st_size - start, 0), str(file.name)


class _Opened:
    """A file that was opened by its path, until the native half has a descriptor of its own, or its last piece was read."""

    def __init__(self, path: os.PathLike[Any]) -> None:
        self.name = os.fsdecode(path)
        self._fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)

    def fileno(self) -> int:
        return self._fd

    def read(self, size: int) -> bytes:
        return os.read(self._fd, size)

    def __del__(self) -> None:
        # None was opened if the path is nobody's.
        if (fd := getattr(self, "_fd", None)) is not None:
            os.close(fd)


def _pieces(file: Any) -> Iterator[Any]:
    while piece := file.read(_PIECE):
        yield piece


def multipart(data: Any, files: Any) -> tuple[str, list[Any]]:
    """A form with files: its content type, and its parts.

    ``files`` is a mapping or pairs; a file is a body, or a tuple of a name, a body and a content type.
    """
    boundary = f"twinloop-{secrets.token_hex(16)}"
    parts: list[Any] = []
    for name, value in data:
        parts.append(_head(boundary, name) + value.encode() + b"\r\n")
    for name, given in files.items() if isinstance(files, Mapping) else files:
        file_name, body, kind = _file_of(given)
        parts.append(_head(boundary, str(name), file_name, kind))
        parts += parts_of(body, "a file")
        parts.append(b"\r\n")
    parts.append(f"--{boundary}--\r\n".encode())
    return f"multipart/form-data; boundary={boundary}", parts


def _file_of(given: Any) -> tuple[str, Any, str]:
    name, kind = None, None
    if isinstance(given, tuple):
        if not 2 <= len(given) <= 3:
            raise TypeError("a file is a body, or a tuple of a name, a body and a content type")
        name, body = given[:2]
        kind = given[2] if len(given) == 3 else None
    else:
        body = given
    if name is None:
        path = os.fspath(body) if isinstance(body, os.PathLike) else getattr(body, "name", None)
        name = os.path.basename(path) if isinstance(path, str) and path else "file"
    return str(name), body, kind or mimetypes.guess_type(name)[0] or "application/octet-stream"


def _head(boundary: str, name: str, file_name: str | None = None, kind: str | None = None) -> bytes:
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
    if file_name is not None:
        head += f'; filename="{_quoted(file_name)}"'
    if kind is not None:
        if any(character in kind for character in "\r\n\0"):
            raise ValueError(f"the content type {kind!r} has a character that ends lines")
        head += f"\r\nContent-Type: {kind}"
    return f"{head}\r\n\r\n".encode()


def _quoted(name: str) -> str:
    """As browsers write it (https://html.spec.whatwg.org/#multipart-form-data)."""
    return name.replace("\r", "%0D").replace("\n", "%0A").replace('"', "%22")


def start(source: AsyncIterable[Any], sink: Any) -> asyncio.Task[None]:
    """Begin to read an asynchronous iterable into the place from which a connection takes its pieces."""
    task = asyncio.get_running_loop().create_task(_pump(source, sink))
    _running.add(task)
    task.add_done_callback(_running.discard)
    return task


async def _pump(source: AsyncIterable[Any], sink: Any) -> None:
    iterator = aiter(source)
    try:
        async for piece in iterator:
            if not await sink.write(piece):
                break
    except asyncio.CancelledError:
        sink.finish(ConnectionError("the body of the request was cancelled"))
        raise
    except BaseException as error:
        sink.finish(error)
        if not isinstance(error, Exception):
            raise
    else:
        sink.finish()
    finally:
        close = getattr(iterator, "aclose", None)
        if close is not None:
            await close()
