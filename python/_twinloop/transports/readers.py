"""Stream readers with a native hot path.

asyncio makes the readers of ``open_connection`` and ``start_server``; a transport of ours adopts them when it gets their
protocol, and ``children`` those of a child: their class becomes the subclass below. Whatever somebody has subclassed or
changed stays as it is.
"""

from __future__ import annotations

import asyncio

from .. import _native


class StreamReader(asyncio.StreamReader):
    """``asyncio.StreamReader`` on a transport of Twinloop."""

    __slots__ = ()

    def __new__(cls, *args, **kwargs):
        # Only readers on our transports have the native state; anybody else wants asyncio's class.
        return asyncio.StreamReader(*args, **kwargs)


_native.install_stream_reader_methods(StreamReader)

# Attributes that the native state holds, in the place of the instance's dictionary.
_MIRRORED = ("_limit", "_buffer", "_eof", "_paused", "_exception", "_waiter")

_READER_METHODS = {
    name: value for name, value in vars(asyncio.StreamReader).items() if callable(value) and not name.startswith("__")
}
_READER_METHODS["__anext__"] = asyncio.StreamReader.__anext__
_DATA_RECEIVED = asyncio.StreamReaderProtocol.data_received


def adopt(protocol):
    """The native state of the reader behind an ``asyncio.StreamReaderProtocol``; None if it must be fed as asyncio does."""
    return adopt_reader(protocol._stream_reader) if calls(protocol.data_received, _DATA_RECEIVED) else None


def adopt_reader(reader):
    """The native state of a reader that nothing but asyncio's own code feeds; None if somebody has changed it."""
    if type(reader) is StreamReader:
        return reader._native if _is_untouched(reader) else None
    if type(reader) is not asyncio.StreamReader or not _is_untouched(reader):
        return None
    loop = reader._loop
    if not isinstance(loop, _native.LoopCore) or loop.get_debug():
        return None
    state = _native.ReaderState(loop)
    values = [(name, getattr(reader, name)) for name in _MIRRORED]
    for name in _MIRRORED:
        delattr(reader, name)
    reader._native = state
    reader.__class__ = StreamReader
    for name, value in values:
        setattr(reader, name, value)
    return state


def take_all(reader):
    """What a reader has received and nobody has read, which it does not have afterwards."""
    if reader is None or not reader._buffer:
        return b""
    data = bytes(reader._buffer)
    reader._buffer.clear()
    reader._maybe_resume_transport()
    return data


def calls(bound_method, function):
    """Whether a protocol's method is still asyncio's own."""
    return getattr(bound_method, "__func__", None) is function


def _is_untouched(reader):
    if "feed_data" in vars(reader):
        return False
    methods = vars(asyncio.StreamReader)
    return all(methods.get(name) is method for name, method in _READER_METHODS.items())
