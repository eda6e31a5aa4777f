"""``walk``, ``copy`` and ``watch``: what is done with paths."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

from .. import _native


async def walk(
    top: Any,
    topdown: bool = True,
    onerror: Callable[[OSError], object] | None = None,
    followlinks: bool = False,
) -> AsyncIterator[tuple[str, list[str], list[str]]]:
    """The folders at and below ``top``, each as its path, the names of its folders and those of its files: ``os.walk``, folder by folder."""
    # Folders to look into, and, bottom up, those whose turn has come.
    waiting: list[tuple[str, tuple[str, list[str], list[str]] | None]] = [(os.fspath(top), None)]
    while waiting:
        path, found = waiting.pop()
        if found is not None:
            yield found
            continue
        try:
            entries = await _native.file_entries(path)
        except OSError as error:
            if onerror is not None:
                onerror(error)
            continue
        folders, files, links = [], [], set()
        for name, kind in entries:
            if kind == "link" and os.path.isdir(os.path.join(path, name)):
                folders.append(name)
                links.add(name)
            elif kind == "folder":
                folders.append(name)
            else:
                files.append(name)
        found = (path, folders, files)
        if topdown:
            # Who walks may take names out, or sort them.
            yield found
        else:
            waiting.append((path, found))
        waiting.extend(
            (os.path.join(path, name), None) for name in reversed(folders) if followlinks or name not in links
        )


async def copy(source: Any, destination: Any) -> str:
    """Copy a file's content and permissions, into a folder under its own name; the path of the copy: ``shutil.copy``."""
    origin, path = os.fsdecode(source), os.fsdecode(destination)
    if os.path.isdir(path):
        path = os.path.join(path, os.path.basename(origin))
    if os.path.exists(path) and os.path.samefile(origin, path):
        raise OSError(f"{origin!r} and {path!r} are the same file")
    await _native.file_copy(origin, path)
    return path


@dataclass(frozen=True, slots=True)
class FileChange:
    """What has happened: ``kind`` is "added", "removed", "changed", or "lost" where there was too much to tell; ``path`` is where."""

    kind: str
    path: str


class Watch:
    """Changes of a file, or of a folder with all below it, as they happen: ``async with`` and ``async for``."""

    def __init__(self, path: Any, *, recursive: bool = True) -> None:
        self._path = os.fsdecode(path)
        self._core = _native.FileWatch(self._path, recursive)
        self._is_folder = os.path.isdir(self._path)
        self._changes: deque[FileChange] = deque()

    def close(self) -> None:
        """End it; an iteration ends with what has been told."""
        self._core.close()

    async def __aenter__(self) -> Watch:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> FileChange:
        while not self._changes:
            events = await self._core.next()
            if not events:
                raise StopAsyncIteration
            for kind, name in events:
                self._changes.append(self._change(kind, name))
        return self._changes.popleft()

    def _change(self, kind: str, name: str | None) -> FileChange:
        if name is None:
            return FileChange("lost", self._path)
        path = os.path.join(self._path, name) if self._is_folder else self._path
        if kind == "content":
            return FileChange("changed", path)
        return FileChange("added" if os.path.lexists(path) else "removed", path)


def watch(path: Any, *, recursive: bool = True) -> Watch:
    """Tell of changes of a file, or of a folder and all below it, from now on."""
    return Watch(path, recursive=recursive)
