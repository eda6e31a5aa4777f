"""Running a program: ``python -m twinloop [OPTIONS] app.py [ARGUMENT...]`` or ``-m module``.

The program becomes ``__main__`` with its own ``sys.argv`` and ``sys.path[0]``, as if ``python`` had started it; the frames
of this file are cut from the traceback of an exception that nobody caught.
"""

from __future__ import annotations

import builtins
import os
import runpy
import sys
import types
from importlib.machinery import SourceFileLoader

from . import _connect_to, _tasks
from ._policy import install

USAGE = """\
usage: python -m twinloop [OPTIONS] FILE [ARGUMENT...]
       python -m twinloop [OPTIONS] -m MODULE [ARGUMENT...]
       python -m twinloop [OPTIONS] -e CODE [ARGUMENT...]
       python -m twinloop --ps PID

Runs a Python program; asyncio.run uses Twinloop's event loop. A FILE that ends in .js, .mjs, .ts or .mts, and CODE,
is JavaScript, which may import Python modules as "python:name".

options:
  --connect-to HOST1:PORT1:HOST2:PORT2   connect to HOST2:PORT2 where the program names HOST1:PORT1 (repeatable)
  --ca-file FILE                         trust the certificate authorities in FILE (default: SSL_CERT_FILE)
  --ps PID                               print what the tasks of a running process are doing, and end
  --help                                 show this text
"""


JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")


class UsageError(Exception):
    """The command line cannot be understood."""


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run the program."""
    try:
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        _connect_to.install(options.connect_to)
    except (UsageError, ValueError) as error:
        print(f"twinloop: {error}\n\n{USAGE}", file=sys.stderr, end="")
        raise SystemExit(2) from None
    if options.help:
        print(USAGE, end="")
        return
    if options.ps is not None:
        _print_tasks(options.ps)
        return
    if options.ca_file is not None:
        os.environ["SSL_CERT_FILE"] = os.path.abspath(options.ca_file)
    install()
    _hide_own_frames()
    if options.code is not None or options.file.endswith(JAVASCRIPT):
        _run_javascript(options)
    elif options.module is not None:
        _run_module(options.module, options.arguments)
    else:
        _run_file(options.file, options.arguments)


class _Options:
    def __init__(self) -> None:
        self.connect_to: list[str] = []
        self.ca_file: str | None = None
        self.module: str | None = None
        self.file = ""
        self.code: str | None = None
        self.arguments: list[str] = []
        self.help = False
        self.ps: int | None = None


def _parse(arguments: list[str]) -> _Options:
    options = _Options()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--connect-to", "--ca-file") or word in ("-m", "-e"):
            if not equals:
                if not rest:
                    raise UsageError(f"{word} needs a value")
                value = rest.pop(0)
            if name == "--connect-to":
                options.connect_to.append(value)
            elif name == "--ca-file":
                options.ca_file = value
            elif word == "-e":
                options.code, options.arguments = value, rest
                return options
            else:
                options.module, options.arguments = value, rest
                return options
        elif name == "--ps":
            value = value if equals else rest.pop(0) if rest else ""
            if not value.isdecimal():
                raise UsageError(f"--ps needs the number of a process, not {value!r}")
            options.ps = int(value)
            return options
        elif word in ("-h", "--help"):
            options.help = True
            return options
        elif word.startswith("-") and word != "-":
            raise UsageError(f"unknown option: {word}")
        else:
            options.file, options.arguments = word, rest
            return options
    raise UsageError("no program given")


def _print_tasks(pid: int) -> None:
    try:
        print(_tasks.ask(pid))
    except _tasks.AskError as error:
        print(f"twinloop: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _run_file(path: str, arguments: list[str]) -> None:
    try:
        with open(path, "rb") as file:
            source = file.read()
    except OSError as error:
        # Python's own words and exit status for a program that it cannot open.
        print(f"twinloop: can't open file {path!r}: {error}", file=sys.stderr)
        raise SystemExit(2) from None
    module = types.ModuleType("__main__")
    module.__file__ = path
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    module.__loader__ = SourceFileLoader("__main__", path)
    sys.modules["__main__"] = module
    sys.argv[:] = [path, *arguments]
    sys.path[0] = os.path.dirname(os.path.realpath(path))
    code = compile(source, path, "exec", dont_inherit=True)
    exec(code, module.__dict__)


def _run_javascript(options: _Options) -> None:
    from . import js

    js._connect(options.connect_to, options.ca_file)
    sys.path[0] = os.path.dirname(os.path.realpath(options.file)) if options.file else ""
    sys.exit(js.run_program(options.file, options.arguments, code=options.code))


def _run_module(name: str, arguments: list[str]) -> None:
    # runpy replaces the first word by the module's path.
    sys.argv[:] = [name, *arguments]
    runpy.run_module(name, run_name="__main__", alter_sys=True)


def _hide_own_frames() -> None:
    show = sys.excepthook

    def show_program_frames(kind, error, traceback):
        own = {__file__, os.path.join(os.path.dirname(__file__), "__main__.py"), runpy.__file__, "<frozen runpy>"}
        while traceback is not None and traceback.tb_frame.f_code.co_filename in own:
            traceback = traceback.tb_next
        show(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = show_program_frames
