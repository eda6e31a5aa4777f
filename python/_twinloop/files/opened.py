"""``open``: files with the interface of aiofiles, which is that of the built-in ones with ``await``.

The native half reads and writes bytes at places; what a file is to a program is here: buffers, positions, lines, text. What a buffer can answer needs no
trip to another thread, and a small file that is in the system's cache needs none at all.
"""

from __future__ import annotations

import asyncio
import bisect
import codecs
import contextlib
import errno
import io
import locale
import os
import sys
import warnings
from collections.abc import Generator, Iterable
from typing import Any, Literal, overload

from .. import _native

#: So much is read ahead, and so much waits before it is written.
_BUFFER = 64 * 1024


class BinaryFile:
    """A file of bytes."""

    _lock: asyncio.Lock | None = None
    #: Of a temporary file: what goes when it is closed.
    _removed: str | None = None

    def __init__(self, core: Any, name: Any, mode: str, *, length: int | None, ahead: bytes = b"") -> None:
        self._core = core
        self._name = name
        self._mode = mode
        self._reads = "r" in mode or "+" in mode
        self._writes = mode[0] != "r" or "+" in mode
        self._appends = "a" in mode
        self._is_seekable = length is not None
        # What was read ahead is `_ahead[_at:]`; it ends at `_end` of the file.
        self._ahead = ahead
        self._at = 0
        self._end = len(ahead)
        # All of the file is in `_ahead`, as far as is known.
        self._is_whole = length is not None and len(ahead) >= length
        # What waits to be written at `_end`.
        self._waiting: list[bytes] = []
        self._waiting_size = 0
        self._most_waiting = _BUFFER
        self._is_closed = False

    # ---- what it is

    @property
    def name(self) -> Any:
        """The path that it was opened by."""
        return self._name

    @property
    def mode(self) -> str:
        """How it was opened."""
        return self._mode

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._is_closed

    def fileno(self) -> int:
        """The number of its descriptor."""
        number: int = self._core.fileno()
        return number

    def readable(self) -> bool:
        """Whether it can be read."""
        return self._reads

    async def writable(self) -> bool:
        """Whether it can be written."""
        return self._writes

    async def seekable(self) -> bool:
        """Whether it has positions; a pipe has none."""
        return self._is_seekable

    async def isatty(self) -> bool:
        """Whether it is a terminal."""
        return os.isatty(self.fileno())

    # ---- reading

    async def read(self, size: int | None = -1) -> bytes:
        """Up to ``size`` bytes, less only at the end; all that is left without one."""
        await self._begin_reading()
        if size is None or size < 0:
            return await self._read_all()
        parts = [self._take(size)]
        left = size - len(parts[0])
        while left > 0 and await self._read_ahead(left):
            parts.append(self._take(left))
            left -= len(parts[-1])
        return parts[0] if len(parts) == 1 else b"".join(parts)

    async def readall(self) -> bytes:
        """All that is left."""
        return await self.read()

    async def read1(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes by one read at most."""
        await self._begin_reading()
        if self._at == len(self._ahead):
            await self._read_ahead(size if size >= 0 else _BUFFER)
        return self._take(size if size >= 0 else len(self._ahead))

    async def readinto(self, buffer: Any) -> int:
        """Fill a buffer; how many bytes there were."""
        view = memoryview(buffer).cast("B")
        piece = await self.read(len(view))
        view[: len(piece)] = piece
        return len(piece)

    async def peek(self, size: int = 0) -> bytes:
        """What comes next, without taking it: as much as is there, and something unless it is the end."""
        await self._begin_reading()
        if self._at == len(self._ahead):
            await self._read_ahead(max(size, 1))
        return self._ahead[self._at :]

    async def readline(self, size: int = -1) -> bytes:
        """The next line with its end; empty at the end of the file."""
        await self._begin_reading()
        start = self._at
        while True:
            end = self._ahead.find(b"\n", start) + 1
            if end or 0 <= size <= len(self._ahead) - self._at:
                break
            kept = len(self._ahead) - self._at
            if not await self._read_ahead(_BUFFER, keep=True):
                end = len(self._ahead)
                break
            start = self._at + kept
        count = (end or len(self._ahead)) - self._at
        return self._take(count if size < 0 else min(count, size))

    async def readlines(self, hint: int = -1) -> list[bytes]:
        """The lines that are left; none any more once they have ``hint`` bytes."""
        lines, size = [], 0
        while line := await self.readline():
            lines.append(line)
            size += len(line)
            if 0 < hint < size:
                break
        return lines

    def __aiter__(self) -> BinaryFile:
        return self

    async def __anext__(self) -> bytes:
        if line := await self.readline():
            return line
        raise StopAsyncIteration

    async def _begin_reading(self) -> None:
        self._check_open()
        if not self._reads:
            raise io.UnsupportedOperation("not readable")
        if self._waiting:
            await self.flush()

    def _take(self, size: int) -> bytes:
        start, ahead = self._at, self._ahead
        piece = ahead if start == 0 and size >= len(ahead) else ahead[start : start + size]
        self._at += len(piece)
        return piece

    async def _read_all(self) -> bytes:
        rest = self._take(len(self._ahead))
        # Who goes back then reads what the file has become, as with the built-in.
        self._ahead, self._at = b"", 0
        if self._is_whole:
            self._is_whole = False
            return rest
        parts = [rest] if rest else []
        size = _BUFFER
        if self._is_seekable:
            size = max(await self._core.size() - self._end, 0) + 1
        while await self._read_ahead(size):
            parts.append(self._ahead)
            self._ahead = b""
            size = _BUFFER
        return b"".join(parts)

    async def _read_ahead(self, size: int, keep: bool = False) -> bool:
        """Reads what follows what was read ahead; False at the end."""
        async with self._one_at_a_time():
            self._is_whole = False
            piece: bytes = await self._core.read(self._end if self._is_seekable else None, max(size, _BUFFER))
            rest = self._ahead[self._at :] if keep or self._at < len(self._ahead) else b""
            self._ahead, self._at = rest + piece, 0
            self._end += len(piece)
            return bool(piece)

    # ---- writing

    async def write(self, data: Any) -> int:
        """Write bytes, which wait for others until there are 64 KiB, ``flush`` or ``close``."""
        self._check_open()
        if not self._writes:
            raise io.UnsupportedOperation("not writable")
        try:
            piece = bytes(data) if isinstance(data, (bytes, bytearray)) else memoryview(data).tobytes()
        except TypeError:
            raise TypeError(f"a bytes-like object is required, not '{type(data).__name__}'") from None
        if self._at < len(self._ahead):
            self._end -= len(self._ahead) - self._at
        self._ahead, self._at, self._is_whole = b"", 0, False
        self._waiting.append(piece)
        self._waiting_size += len(piece)
        if self._waiting_size >= self._most_waiting:
            await self.flush()
        return len(piece)

    async def writelines(self, lines: Iterable[Any]) -> None:
        """Write several pieces."""
        for line in lines:
            await self.write(line)

    async def flush(self) -> None:
        """Hand what waits to the operating system."""
        self._check_open()
        if not self._waiting:
            return
        async with self._one_at_a_time():
            piece, self._waiting, self._waiting_size = b"".join(self._waiting), [], 0
            if not piece:
                return
            start = self._end
            if self._appends or not self._is_seekable:
                await self._core.write(None, piece)
                self._end = await self._core.size() if self._is_seekable else 0
            else:
                self._end += len(piece)
                await self._core.write(start, piece)

    async def sync(self) -> None:
        """Wait until the file is on the disk."""
        await self.flush()
        await self._core.sync()

    async def truncate(self, size: int | None = None) -> int:
        """Cut it, or fill it with zeros, to ``size`` bytes; to the position without one."""
        if not self._writes:
            raise io.UnsupportedOperation("truncate")
        position = await self.tell()
        length = position if size is None else size
        await self._core.truncate(length)
        self._ahead, self._at, self._end, self._is_whole = b"", 0, position, False
        return length

    # ---- positions

    async def tell(self) -> int:
        """The position."""
        self._check_seekable()
        if self._waiting:
            await self.flush()
        return self._end - (len(self._ahead) - self._at)

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position; the new one."""
        position = await self.tell()
        if whence == os.SEEK_CUR:
            offset += position
        elif whence == os.SEEK_END:
            offset += await self._core.size()
        elif whence != os.SEEK_SET:
            raise ValueError(f"invalid whence ({whence}, should be 0, 1 or 2)")
        if offset < 0:
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        start = self._end - len(self._ahead)
        if start <= offset <= self._end:
            self._at = offset - start
        else:
            self._ahead, self._at, self._end, self._is_whole = b"", 0, offset, False
        return offset

    # ---- the end

    async def close(self) -> None:
        """Write what waits, and close it."""
        if self._is_closed:
            return
        try:
            if self._waiting:
                await self.flush()
        finally:
            self._is_closed = True
            self._core.close()
            if self._removed is not None:
                with contextlib.suppress(FileNotFoundError):
                    await _native.file_remove(self._removed, False)

    async def __aenter__(self) -> BinaryFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __del__(self) -> None:
        if getattr(self, "_is_closed", True):
            return
        # As with the built-in files, what was written is not lost.
        if self._waiting:
            piece, number = b"".join(self._waiting), self.fileno()
            if self._appends or not self._is_seekable:
                os.write(number, piece)
            else:
                os.pwrite(number, piece, self._end)
        self._core.close()
        warnings.warn(f"unclosed file {self!r}", ResourceWarning, stacklevel=2, source=self)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self._name!r} mode={self._mode!r}{' closed' if self._is_closed else ''}>"

    def _check_open(self) -> None:
        if self._is_closed:
            raise ValueError("I/O operation on closed file.")

    def _check_seekable(self) -> None:
        self._check_open()
        if not self._is_seekable:
            raise io.UnsupportedOperation("File or stream is not seekable.")

    def _one_at_a_time(self) -> asyncio.Lock:
        """Tasks that share a file change its buffers one after the other."""
        if self._lock is None:
            self._lock = asyncio.Lock()
        return self._lock


class TextFile:
    """A file of text."""

    def __init__(self, binary: BinaryFile, encoding: str, errors: str, newline: str | None) -> None:
        self._binary = binary
        self._encoding = encoding
        self._errors = errors
        self._newline = newline
        self._decoder = self._new_decoder()
        self._encoder: Any = None
        # What was decoded is `_text[_at:]`. It was made of `_source`, which begins at `_source_start` of the file.
        self._text = ""
        self._at = 0
        self._source = b""
        self._source_start = 0
        self._is_line_buffered = False
        self._was_read = False

    @property
    def name(self) -> Any:
        """The path that it was opened by."""
        return self._binary.name

    @property
    def mode(self) -> str:
        """How it was opened."""
        return self._binary.mode

    @property
    def closed(self) -> bool:
        """Whether it was closed."""
        return self._binary.closed

    @property
    def encoding(self) -> str:
        """The encoding of its text."""
        return self._encoding

    @property
    def errors(self) -> str:
        """What is done about what is not of the encoding."""
        return self._errors

    @property
    def buffer(self) -> BinaryFile:
        """The file of bytes below."""
        return self._binary

    def fileno(self) -> int:
        """The number of its descriptor."""
        return self._binary.fileno()

    def readable(self) -> bool:
        """Whether it can be read."""
        return self._binary.readable()

    async def writable(self) -> bool:
        """Whether it can be written."""
        return await self._binary.writable()

    async def seekable(self) -> bool:
        """Whether it has positions."""
        return await self._binary.seekable()

    async def isatty(self) -> bool:
        """Whether it is a terminal."""
        return await self._binary.isatty()

    # ---- reading

    async def read(self, size: int | None = -1) -> str:
        """Up to ``size`` characters, less only at the end; all that is left without one."""
        if size is None or size < 0:
            is_fresh = not self._was_read
            data = await self._binary.read()
            self._was_read = True
            if is_fresh and self._encoding == "utf-8":
                text = data.decode("utf-8", self._errors)
                if self._newline is None and "\r" in text:
                    text = text.replace("\r\n", "\n").replace("\r", "\n")
                return text
            rest: str = self._decoder.decode(data, True)
            text = self._text[self._at :] + rest
            self._forget()
            return text
        while len(self._text) - self._at < size and await self._decode_more():
            pass
        return self._take(size)

    async def readline(self, size: int = -1) -> str:
        """The next line with its end; empty at the end of the file."""
        searched = self._at
        while not (end := self._line_end(searched)) and not 0 <= size <= len(self._text) - self._at:
            # An end of two characters may be cut in two.
            kept = max(len(self._text) - self._at - 1, 0)
            if not await self._decode_more():
                end = len(self._text)
                break
            searched = self._at + kept
        count = (end or len(self._text)) - self._at
        return self._take(count if size < 0 else min(count, size))

    async def readlines(self, hint: int = -1) -> list[str]:
        """The lines that are left; none any more once they have ``hint`` characters."""
        lines, size = [], 0
        while line := await self.readline():
            lines.append(line)
            size += len(line)
            if 0 < hint < size:
                break
        return lines

    def __aiter__(self) -> TextFile:
        return self

    async def __anext__(self) -> str:
        if line := await self.readline():
            return line
        raise StopAsyncIteration

    def _line_end(self, start: int) -> int:
        """Where the line ends that begins here or before; 0 if that is not known yet."""
        text = self._text
        if self._newline != "":
            ending = self._newline or "\n"
            at = text.find(ending, start)
            return at + len(ending) if at >= 0 else 0
        feed, carriage = text.find("\n", start), text.find("\r", start)
        if carriage < 0 or 0 <= feed < carriage:
            return feed + 1
        # The decoder keeps a carriage return at the end of a piece until it knows what follows.
        return carriage + 2 if feed == carriage + 1 else carriage + 1

    def _take(self, count: int) -> str:
        text = self._text[self._at : self._at + count]
        self._at += len(text)
        return text

    async def _decode_more(self) -> bool:
        """Decodes what follows; False at the end."""
        self._was_read = True
        if self._at == len(self._text):
            left, _ = self._decoder.getstate()
            self._source = left
            # Of a file without positions nobody asks for one.
            self._source_start = await self._position_below() - len(left)
            self._text, self._at = "", 0
        piece = await self._binary.read1(_BUFFER)
        self._source += piece
        more = self._decoder.decode(piece, not piece)
        if more:
            self._text, self._at = self._text[self._at :] + more, 0
        return bool(piece or more)

    # ---- writing

    async def write(self, text: str) -> int:
        """Write text, which waits for more until there are 64 KiB, ``flush`` or ``close``."""
        if not isinstance(text, str):
            raise TypeError(f"write() argument must be str, not {type(text).__name__}")
        if self._was_read and self._at < len(self._text):
            # What was decoded ahead was not read.
            await self.seek(await self.tell())
        written = text
        if self._newline and self._newline != "\n" and "\n" in text:
            written = text.replace("\n", self._newline)
        if self._encoding == "utf-8":
            data = written.encode("utf-8", self._errors)
        else:
            data = (await self._encoder_here()).encode(written)
        await self._binary.write(data)
        if self._is_line_buffered and ("\n" in text or "\r" in text):
            await self.flush()
        return len(text)

    async def writelines(self, lines: Iterable[str]) -> None:
        """Write several pieces."""
        for line in lines:
            await self.write(line)

    async def flush(self) -> None:
        """Hand what waits to the operating system."""
        await self._binary.flush()

    async def sync(self) -> None:
        """Wait until the file is on the disk."""
        await self._binary.sync()

    async def truncate(self, size: int | None = None) -> int:
        """Cut it, or fill it with zeros, to ``size`` bytes; to the position without one."""
        return await self._binary.truncate(await self.tell() if size is None else size)

    async def _encoder_here(self) -> Any:
        if self._encoder is None:
            self._encoder = codecs.getincrementalencoder(self._encoding)(self._errors)
            # A mark of the byte order stands at the beginning alone.
            below = self._binary
            if below._is_seekable and (await below._core.size() if below._appends else await below.tell()):
                self._encoder.setstate(0)
        return self._encoder

    # ---- positions

    async def tell(self) -> int:
        """The position, which is one of bytes: `seek` takes it."""
        await self._binary.tell()
        if not self._was_read:
            return await self._binary.tell()
        if self._at == len(self._text):
            left, _ = self._decoder.getstate()
            return await self._binary.tell() - len(left)
        # So many characters of the source were read; those that were decoded and are left are at its end.
        text = self._decoded(len(self._source))
        taken = len(text) - (len(self._text) - self._at)
        places = range(len(self._source) + 1)
        return self._source_start + bisect.bisect_left(places, taken, key=lambda place: len(self._decoded(place)))

    async def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Move the position to the beginning, the end, or where ``tell`` was."""
        if whence == os.SEEK_CUR:
            if offset:
                raise io.UnsupportedOperation("can't do nonzero cur-relative seeks")
            offset, whence = await self.tell(), os.SEEK_SET
        elif whence == os.SEEK_END and offset:
            raise io.UnsupportedOperation("can't do nonzero end-relative seeks")
        if offset < 0:
            raise ValueError(f"negative seek position {offset}")
        position = await self._binary.seek(offset, whence)
        self._forget()
        self._decoder = self._new_decoder()
        self._encoder = None
        return position

    def _decoded(self, place: int) -> str:
        decoder = self._new_decoder()
        text: str = decoder.decode(self._source[:place])
        return text

    def _new_decoder(self) -> Any:
        decoder: Any = codecs.getincrementaldecoder(self._encoding)(self._errors)
        if self._newline in (None, ""):
            decoder = io.IncrementalNewlineDecoder(decoder, translate=self._newline is None)
        return decoder

    def _forget(self) -> None:
        self._text, self._at, self._source = "", 0, b""

    async def _position_below(self) -> int:
        return await self._binary.tell() if self._binary._is_seekable else 0

    # ---- the end

    async def close(self) -> None:
        """Write what waits, and close it."""
        await self._binary.close()

    async def __aenter__(self) -> TextFile:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    def __repr__(self) -> str:
        return f"<TextFile name={self.name!r} mode={self.mode!r} encoding={self._encoding!r}{' closed' if self.closed else ''}>"


class Opening:
    """A file that is opened when it is awaited, or by ``async with``, which closes it too."""

    def __init__(self, coroutine: Any) -> None:
        self._coroutine = coroutine
        self._file: Any = None

    def __await__(self) -> Generator[Any, Any, Any]:
        opened: Generator[Any, Any, Any] = self._coroutine.__await__()
        return opened

    async def __aenter__(self) -> Any:
        self._file = await self._coroutine
        return self._file

    async def __aexit__(self, *_: object) -> None:
        await self._file.close()


@overload
def open(file: Any, mode: Literal["rb", "wb", "ab", "xb"], buffering: int = -1) -> Opening: ...
@overload
def open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> Opening: ...
def open(
    file: Any,
    mode: str = "r",
    buffering: int = -1,
    encoding: str | None = None,
    errors: str | None = None,
    newline: str | None = None,
) -> Opening:
    """Open a file: ``async with twinloop.open(path) as file``, or ``file = await twinloop.open(path)``.

    The arguments are those of the built-in ``open``, and the file has its methods, to be awaited.
    """
    letters = set(mode)
    if (
        len(letters) != len(mode)
        or letters - set("rwaxbt+")
        or len(letters & set("rwax")) != 1
        or {"b", "t"} <= letters
    ):
        raise ValueError(f"invalid mode: {mode!r}")
    is_binary = "b" in letters
    for value, what in ((encoding, "an encoding"), (errors, "an errors"), (newline, "a newline")):
        if is_binary and value is not None:
            raise ValueError(f"binary mode doesn't take {what} argument")
    if newline not in (None, "", "\n", "\r", "\r\n"):
        raise ValueError(f"illegal newline value: {newline!r}")
    if buffering == 0 and not is_binary:
        raise ValueError("can't have unbuffered text I/O")
    if not isinstance(file, (str, bytes, os.PathLike)):
        raise TypeError(f"a file is opened by its path, not by {type(file).__name__!r}")
    if encoding in (None, "locale"):
        encoding = "utf-8" if sys.flags.utf8_mode else locale.getencoding()
    name = codecs.lookup(encoding).name
    return Opening(_open(file, mode, buffering, None if is_binary else name, errors or "strict", newline))


async def _open(
    file: Any, mode: str, buffering: int, encoding: str | None, errors: str, newline: str | None
) -> BinaryFile | TextFile:
    path = os.fsdecode(file)
    if "r" in mode and "+" not in mode:
        core, length, ahead = await _native.file_begin(path, _BUFFER)
        binary = BinaryFile(core, file, mode, length=length, ahead=ahead)
    else:
        core = await _native.file_open(path, mode)
        binary = BinaryFile(core, file, mode, length=0 if _has_positions(core) else None)
        binary._is_whole = False
        if "a" in mode and binary._is_seekable:
            binary._end = await core.size()
    if buffering == 0:
        binary._most_waiting = 0
    if encoding is None:
        return binary
    text = TextFile(binary, encoding, errors, newline)
    text._is_line_buffered = buffering == 1
    return text


def _has_positions(core: Any) -> bool:
    try:
        os.lseek(core.fileno(), 0, os.SEEK_CUR)
    except OSError:
        return False
    return True
