"""The prompt of ``python -m twinloop``: lines of Python on a loop that goes on between them, with ``await`` at the top level.

It is to Twinloop's loop what ``python -m asyncio`` is to asyncio's. The loop runs in the main thread, where Ctrl-C arrives, and a
thread reads the lines; each statement is run on the loop while that thread waits for it. All statements share one context.
"""

from __future__ import annotations

import ast
import asyncio
import code
import concurrent.futures
import contextvars
import inspect
import os
import sys
import threading
import types
from typing import Any

_FILE = "<console>"


def run(names: dict[str, Any]) -> int:
    """Read and run statements, which find ``names``, until the end of the input; returns the exit status."""
    with asyncio.Runner() as runner:
        loop = runner.get_loop()
        prompt = _Prompt(loop, names)
        reader = threading.Thread(target=prompt.read, name="twinloop-prompt", daemon=True)
        _complete(names)
        reader.start()
        while True:
            try:
                loop.run_forever()
            except KeyboardInterrupt:
                prompt.interrupt()
            else:
                return prompt.status


def _complete(names: dict[str, Any]) -> None:
    """Let the line editor know and complete names, where there is one."""
    try:
        import readline
        import rlcompleter
    except ImportError:
        return
    hook = getattr(sys, "__interactivehook__", None)
    if hook is not None:
        hook()
    readline.set_completer(rlcompleter.Completer(names).complete)


class _Prompt(code.InteractiveConsole):
    """``read`` and ``runcode`` are called in the thread that reads, everything else on the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop, names: dict[str, Any]) -> None:
        super().__init__(names, _FILE)
        self.compile.compiler.flags |= ast.PyCF_ALLOW_TOP_LEVEL_AWAIT
        self.status = 0
        self._loop = loop
        self._context = contextvars.copy_context()
        # The statement that awaits something now.
        self._awaiting: asyncio.Task[None] | None = None
        self._is_interrupted = False

    def read(self) -> None:
        """Read statements until there are no more, then end the loop's run."""
        version = sys.version.partition(" ")[0]
        first = f"{getattr(sys, 'ps1', '>>> ')}import asyncio, twinloop"
        try:
            self._run_startup_file()
            self.interact(
                f'Twinloop with Python {version}: "await" works here, and "twinloop.js" is JavaScript.\n{first}', ""
            )
        except SystemExit as leaving:
            self.status = self._status_of(leaving)
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)

    def _status_of(self, leaving: SystemExit) -> int:
        # As the interpreter does with it.
        if leaving.code is None or isinstance(leaving.code, int):
            return leaving.code or 0
        self.write(f"{leaving.code}\n")
        return 1

    def _run_startup_file(self) -> None:
        path = os.environ.get("PYTHONSTARTUP")
        if path:
            import tokenize

            sys.audit("cpython.run_startup", path)
            try:
                with tokenize.open(path) as file:
                    self.runcode(compile(file.read(), path, "exec"))
            except (OSError, SyntaxError):
                self.showtraceback()

    def runcode(self, code: types.CodeType) -> None:
        """Run one statement on the loop and wait for its end."""
        ended: concurrent.futures.Future[None] = concurrent.futures.Future()
        self._loop.call_soon_threadsafe(self._start, code, ended, context=self._context)
        error = ended.exception()
        if isinstance(error, SystemExit):
            raise error
        if self._is_interrupted:
            self._is_interrupted = False
            self.write("\nKeyboardInterrupt\n")
        elif error is not None:
            try:
                raise error.with_traceback(_from_statement(error.__traceback__))
            except BaseException:
                # Shows what is below this frame.
                self.showtraceback()

    def _start(self, code: types.CodeType, ended: concurrent.futures.Future[None]) -> None:
        try:
            result = types.FunctionType(code, self.locals)()
        except BaseException as error:
            self._is_interrupted = isinstance(error, KeyboardInterrupt)
            ended.set_exception(error)
            return
        if inspect.iscoroutine(result):
            self._awaiting = self._loop.create_task(self._finish(result, ended), context=self._context)
        else:
            ended.set_result(None)

    async def _finish(
        self, statement: types.CoroutineType[Any, Any, None], ended: concurrent.futures.Future[None]
    ) -> None:
        try:
            await statement
        except BaseException as error:
            # SystemExit and KeyboardInterrupt must not end the run of the loop, as they do when a task raises them.
            self._is_interrupted |= isinstance(error, KeyboardInterrupt)
            ended.set_exception(error)
        else:
            ended.set_result(None)
        finally:
            self._awaiting = None

    def interrupt(self) -> None:
        """Ctrl-C: end what is awaited; while a line is typed there is nothing to end."""
        if self._awaiting is not None:
            self._is_interrupted = True
            self._awaiting.cancel()


def _from_statement(traceback: types.TracebackType | None) -> types.TracebackType | None:
    """The part of a traceback that begins in the statement."""
    inside = traceback
    while inside is not None and inside.tb_frame.f_code.co_filename != _FILE:
        inside = inside.tb_next
    return traceback if inside is None else inside
