"""Memory as tensors (DLPack, https://dmlc.github.io/dlpack), for libraries whose arrays are no buffers of Python's. NumPy makes them of buffers and back."""

from __future__ import annotations

from typing import Any


def _numpy(what: str) -> Any:
    try:
        import numpy
    except ImportError:
        raise BufferError(f"{what} by DLPack takes NumPy, which is not installed") from None
    return numpy


def capsule_of(view: Any, **options: Any) -> Any:
    """What ``__dlpack__`` of JavaScript's memory gives."""
    return _numpy("memory of JavaScript's").asarray(memoryview(view)).__dlpack__(**options)


def array_of(tensor: Any) -> Any:
    """A NumPy array over a tensor's memory, which stands in the processor's."""
    return _numpy(f"a {type(tensor).__name__}").from_dlpack(tensor)
