"""``%load_ext twinloop`` in IPython and notebooks: cells of JavaScript, and JavaScript in cells of Python.

A cell that begins with ``%%js`` becomes an ``await`` of :func:`run_cell`, so that it runs where cells that await do. On a kernel whose loop is Twinloop's
(``python -m twinloop -m ipykernel_launcher``) that is the loop itself, and JavaScript goes on between cells. On any other, JavaScript runs on a loop of its
own while a cell does, as the kernel's cannot be replaced while it runs; ``%autoawait twinloop`` has cells of Python await there too.
"""

from __future__ import annotations

import asyncio
import re
import sys
from typing import TYPE_CHECKING, Any

from _twinloop import _native
from _twinloop.loop import early

if TYPE_CHECKING:
    from collections.abc import Coroutine

_NAMES = re.compile(r"[A-Za-z_$][\w$]*")

# Of IPython's own, and of the language: no variables that a cell of JavaScript means.
_NOT_SHARED = {"In", "Out", "exit", "quit", "open", "get_ipython", "python"}

_FIRST_LINE = re.compile(r"\s*%%js\s*$")


def load(shell: Any) -> None:
    """Begin; ``shell`` is IPython's."""
    cells = _Cells(shell)
    shell.user_ns["__twinloop_cells__"] = cells
    shell.user_ns_hidden["__twinloop_cells__"] = cells
    shell.input_transformer_manager.cleanup_transforms.insert(0, _transform)
    shell.loop_runner_map["twinloop"] = (cells.run_to_its_end, True)
    # What cells of Python do with JavaScript at once, where the kernel has another loop.
    early.elsewhere = cells.run_to_its_end


def unload(shell: Any) -> None:
    """End it; what JavaScript has stays until the kernel ends."""
    shell.user_ns.pop("__twinloop_cells__", None)
    shell.loop_runner_map.pop("twinloop", None)
    early.elsewhere = None
    transforms = shell.input_transformer_manager.cleanup_transforms
    if _transform in transforms:
        transforms.remove(_transform)


def _transform(lines: list[str]) -> list[str]:
    """A cell of JavaScript as Python that awaits it."""
    if not lines or not _FIRST_LINE.match(lines[0]):
        return lines
    return [f"await __twinloop_cells__.run({''.join(lines[1:])!r})\n"]


class _Cells:
    def __init__(self, shell: Any) -> None:
        self._shell = shell
        # Of a kernel whose loop is another one.
        self._loop: Any = None

    async def run(self, code: str) -> Any:
        """Run a cell on Twinloop's loop: the one that runs, or one of its own."""
        if isinstance(asyncio.get_running_loop(), _native.LoopCore):
            return await run_cell(code, self._shell.user_ns, self._shell.execution_count)
        return self.run_to_its_end(run_cell(code, self._shell.user_ns, self._shell.execution_count))

    def run_to_its_end(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the loop of its own, while the kernel's waits."""
        if self._loop is None or self._loop.is_closed():
            from _twinloop.loop.event_loop import new_event_loop

            self._loop = new_event_loop()
        outer = asyncio._get_running_loop()
        asyncio._set_running_loop(None)
        try:
            return self._loop.run_until_complete(work)
        finally:
            asyncio._set_running_loop(outer)


async def run_cell(code: str, names: dict[str, Any], number: int) -> Any:
    """Run a cell of JavaScript, which sees Python's variables by their names, and return its last value; what it declares is Python's too."""
    everything = _native.js_eval("globalThis")
    redirect = _native.js_builtin("web/console/console").redirect
    shared = {
        name: names[name]
        for name in set(_NAMES.findall(code))
        if name in names and name not in _NOT_SHARED and not name.startswith("_")
    }
    given = {}
    for name, value in shared.items():
        everything[name] = value
        given[name] = everything[name]
    redirect(1, sys.stdout.write)
    redirect(2, sys.stderr.write)
    try:
        cell = _native.js_builtin("node/repl/cells").run(code, f"<cell {number}>")
        declared = list(cell.names)
        try:
            take = await cell.done
            return take()
        finally:
            for name in declared:
                names[name] = everything[name]
            for name, value in given.items():
                if everything[name] is not value and name not in declared:
                    names[name] = everything[name]
    finally:
        redirect(1, None)
        redirect(2, None)
