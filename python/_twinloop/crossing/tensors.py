"""Memory as tensors (DLPack, https://dmlc.github.io/dlpack), for libraries whose arrays are no buffers of Python's. NumPy makes them of buffers and back."""

from __future__ import annotations

from typing import Any


def _numpy(what: str) -> Any:
    try:
        import numpy
    except ImportError:
        raise BufferError(f"{what} as an array takes NumPy, which is not installed") from None
    return numpy


def capsule_of(view: Any, **options: Any) -> Any:
    """What ``__dlpack__`` of JavaScript's memory gives."""
    return _numpy("memory of JavaScript's").asarray(memoryview(view)).__dlpack__(**options)


def array_of(tensor: Any) -> Any:
    """A NumPy array over a tensor's memory, which stands in the processor's."""
    return _numpy(f"a {type(tensor).__name__}").from_dlpack(tensor)


def as_array(view: Any, dtype: Any, copy: bool | None) -> Any:
    """What ``__array__`` of JavaScript's memory gives: an array of its own elements, over the memory itself unless ``copy``."""
    numpy = _numpy("memory of JavaScript's")
    array = numpy.frombuffer(view, dtype=memoryview(view).format)
    if copy is False and dtype is not None and numpy.dtype(dtype) != array.dtype:
        raise ValueError(f"elements of another type ({dtype}) take a copy")
    return array.astype(dtype or array.dtype, copy=bool(copy))
