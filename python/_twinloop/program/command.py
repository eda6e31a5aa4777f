"""Running a program: ``python -m twinloop [OPTIONS] app.py [ARGUMENT...]``, ``-m module`` and the other ways of ``python``.

The program becomes ``__main__`` with its own ``sys.argv`` and ``sys.path[0]``, as if ``python`` had started it; the frames
of this file are cut from the traceback of an exception that nobody caught. Modules, folders and zip files are run by what
``python`` itself runs them by, a function of ``runpy``.
"""

from __future__ import annotations

import asyncio
import builtins
import io
import linecache
import os
import runpy
import signal
import sys
import types
from importlib.machinery import BuiltinImporter, SourceFileLoader, SourcelessFileLoader

import twinloop

from .. import _native
from ..loop import event_loop, tasks
from ..loop.process import install
from ..names import connect_to
from . import watched

USAGE = """\
usage: python -m twinloop [OPTIONS] FILE [ARGUMENT...]
       python -m twinloop [OPTIONS] -m MODULE [ARGUMENT...]
       python -m twinloop [OPTIONS] -c PYTHON [ARGUMENT...]
       python -m twinloop [OPTIONS] -e CODE [ARGUMENT...]
       python -m twinloop [OPTIONS] serve [OPTIONS] MODULE:APPLICATION
       python -m twinloop [OPTIONS] add npm:NAME... pypi:NAME...
       python -m twinloop [OPTIONS] types python:NAME|npm:NAME|FILE.d.ts [-o FILE]
       python -m twinloop [OPTIONS] trace [-o FILE] FILE [ARGUMENT...]
       python -m twinloop top [--once] [--json] PID
       python -m twinloop [OPTIONS] [--js]
       python -m twinloop --ps PID

Runs a Python program (FILE may be a folder or a zip file with a __main__.py, or - for standard input); asyncio.run uses
Twinloop's event loop. Without a program there is a prompt, at which "await" works; if standard input is no terminal, it is the
program. "add" installs packages by npm and pip; "types" writes what one
language's modules are to the other. "trace" runs a program and shows what its event loop did; "trace --help" has more; "top" shows what a running process is at. "serve" serves an ASGI or WSGI application over HTTP; "serve --help" lists its options. A FILE that ends in .js, .mjs, .ts or .mts, and CODE, is JavaScript, which may import Python
modules as "python:name".

options:
  --connect-to HOST1:PORT1:HOST2:PORT2   connect to HOST2:PORT2 where the program names HOST1:PORT1 (repeatable)
  --ca-file FILE                         trust the certificate authorities in FILE (default: SSL_CERT_FILE)
  --js                                   the prompt is for JavaScript, which may import Python modules
  --ps PID                               print what the tasks of a running process are doing, and end
  -V, --version                          print the versions of Twinloop and Python
  -h, --help                             show this text
"""


JAVASCRIPT = (".js", ".mjs", ".cjs", ".ts", ".mts", ".cts", ".jsx", ".tsx")


# What JavaScript runs as its prompt.
PROMPT = "process.getBuiltinModule('node:repl')[Symbol.for('twinloop.prompt')]()"


class UsageError(Exception):
    """The command line cannot be understood."""


def main(arguments: list[str] | None = None) -> None:
    """Parse the command line and run the program."""
    try:
        options = _parse(sys.argv[1:] if arguments is None else arguments)
        connect_to.install(options.connect_to)
    except (UsageError, ValueError) as error:
        print(f"twinloop: {error}\n\n{USAGE}", file=sys.stderr, end="")
        raise SystemExit(2) from None
    if options.help:
        print(USAGE, end="")
        return
    if options.version:
        print(f"twinloop {twinloop.__version__} (Python {sys.version.partition(' ')[0]})")
        return
    if options.ps is not None:
        _print_tasks(options.ps)
        return
    if options.add is not None:
        from . import packages

        sys.exit(packages.add(options.add))
    if options.types is not None:
        from . import typings

        _put_first_on_path("")
        sys.exit(typings.write(options.types))
    if options.top is not None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        sys.exit(_native.top_program(options.top))
    if options.trace is not None:
        _trace(options.trace)
    watched.report()
    if options.ca_file is not None:
        os.environ["SSL_CERT_FILE"] = os.path.abspath(options.ca_file)
    install()
    try:
        _run(options)
    except SystemExit:
        raise
    except BaseException as error:
        if isinstance(error, TypeError):
            from ..crossing.hints import add_hint

            add_hint(error)
        _hide_own_frames(error.__traceback__)
        raise


def _run(options: _Options) -> None:
    if options.serve is not None:
        _serve(options.serve)
    elif options.code is not None or options.file.endswith(JAVASCRIPT):
        _run_javascript(options)
    elif options.module is not None:
        _run_module(options.module, options.arguments)
    elif options.python is not None:
        _run_code(options.python, options.arguments)
    elif options.file == "-" or (not options.file and not (sys.stdin and sys.stdin.isatty())):
        _run_input(options.file, options.arguments)
    elif not options.file:
        _run_prompt()
    else:
        _run_file(options.file, options.arguments)


class _Options:
    def __init__(self) -> None:
        self.connect_to: list[str] = []
        self.ca_file: str | None = None
        self.module: str | None = None
        self.file = ""
        self.code: str | None = None
        self.python: str | None = None
        self.serve: list[str] | None = None
        self.add: list[str] | None = None
        self.types: list[str] | None = None
        self.top: list[str] | None = None
        # The words before "trace", and those after it.
        self.trace: tuple[list[str], list[str]] | None = None
        self.arguments: list[str] = []
        self.help = False
        self.version = False
        self.ps: int | None = None


def _parse(arguments: list[str]) -> _Options:
    options = _Options()
    rest = list(arguments)
    while rest:
        word = rest.pop(0)
        name, equals, value = word.partition("=")
        if name in ("--connect-to", "--ca-file") or word in ("-m", "-c", "-e"):
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
            elif word == "-c":
                options.python, options.arguments = value, rest
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
        elif word == "--js":
            options.code, options.arguments = PROMPT, rest
            return options
        elif word in ("-h", "--help"):
            options.help = True
            return options
        elif word in ("-V", "--version"):
            options.version = True
            return options
        elif word.startswith("-") and word != "-":
            raise UsageError(f"unknown option: {word}")
        elif word == "serve":
            options.serve = rest
            return options
        elif word == "top":
            options.top = rest
            return options
        elif word == "trace":
            options.trace = arguments[: len(arguments) - len(rest) - 1], rest
            return options
        elif word == "add":
            options.add = rest
            return options
        elif word == "types":
            options.types = rest
            return options
        else:
            options.file, options.arguments = word, rest
            return options
    return options


def _print_tasks(pid: int) -> None:
    try:
        print(tasks.ask(pid))
    except tasks.AskError as error:
        print(f"twinloop: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def _run_file(path: str, arguments: list[str]) -> None:
    # Late, for other programs need not wait for it.
    from pkgutil import get_importer, read_code

    sys.argv[:] = [path, *arguments]
    module = _become_main()
    full_path = _absolute(path)
    if get_importer(full_path) is not None:
        _put_first_on_path(full_path, although_safe=True)
        runpy._run_module_as_main("__main__", alter_argv=False)  # type: ignore[attr-defined]
        return
    _put_first_on_path(os.path.dirname(os.path.realpath(path)))
    module.__file__ = full_path
    module.__cached__ = None  # type: ignore[attr-defined]
    try:
        # Read once: it may be a pipe.
        with io.open_code(full_path) as file:
            content = file.read()
    except OSError as error:
        # Python's own words and exit status for a program that it cannot open.
        reason = f"[Errno {error.errno}] {error.strerror}"
        print(f"{sys.orig_argv[0]}: can't open file {full_path!r}: {reason}", file=sys.stderr)
        raise SystemExit(2) from None
    loader: type[SourceFileLoader | SourcelessFileLoader] = SourcelessFileLoader
    code = read_code(io.BytesIO(content))
    if code is None:
        code, loader = compile(content, full_path, "exec", dont_inherit=True), SourceFileLoader
    module.__loader__ = loader("__main__", full_path)
    exec(code, module.__dict__)


def _run_input(name: str, arguments: list[str]) -> None:
    sys.argv[:] = [name, *arguments]
    _put_first_on_path("")
    module = _become_main()
    module.__file__ = "<stdin>"
    module.__cached__ = None  # type: ignore[attr-defined]
    # There is none if it was closed before the interpreter started.
    source = sys.stdin.buffer.read() if sys.stdin else b""
    exec(compile(source, "<stdin>", "exec", dont_inherit=True), module.__dict__)


def _run_prompt() -> None:
    from . import prompt

    sys.argv[:] = [""]
    _put_first_on_path("")
    module = _become_main()
    module.__dict__.update(asyncio=asyncio, twinloop=twinloop)
    sys.exit(prompt.run(module.__dict__))


def _run_code(source: str, arguments: list[str]) -> None:
    sys.argv[:] = ["-c", *arguments]
    _put_first_on_path("")
    module = _become_main()
    code = compile(source, "<string>", "exec", dont_inherit=True)
    _remember_lines(code, source)
    exec(code, module.__dict__)


def _remember_lines(code: types.CodeType, source: str) -> None:
    # From 3.13 on tracebacks show the lines of such a program: 3.13.0 finds them by the name, later ones by the code.
    remember = getattr(linecache, "_register_code", None)
    if remember is not None:
        remember(code if hasattr(linecache, "_getlines_from_code") else "<string>", source, "<string>")


def _run_module(name: str, arguments: list[str]) -> None:
    # runpy replaces the first word by the module's path.
    sys.argv[:] = ["-m", *arguments]
    _put_first_on_path(os.getcwd())
    _become_main()
    runpy._run_module_as_main(name)  # type: ignore[attr-defined]


def _run_javascript(options: _Options) -> None:
    from twinloop import js

    if options.code is PROMPT:
        signal.signal(signal.SIGINT, _interrupt)
    js._connect(options.connect_to, options.ca_file)
    _put_first_on_path(os.path.dirname(os.path.realpath(options.file)) if options.file else "")
    sys.exit(js.run_program(options.file, options.arguments, code=options.code))


class Interrupted(Exception):
    """Ctrl-C at the prompt for JavaScript, which goes on; KeyboardInterrupt would end the loop."""


def _interrupt(_number: int, frame: types.FrameType | None) -> None:
    # JavaScript sees to itself, below the frame that only runs the loop.
    if frame is not None and frame.f_code.co_filename != event_loop.__file__:
        raise Interrupted("interrupted by Ctrl-C")


def _trace(words: tuple[list[str], list[str]]) -> None:
    before, after = words
    # Ctrl-C ends the program, and not who writes its trace; a signal that is ignored would be by the program too.
    signal.signal(signal.SIGINT, lambda *_: None)
    sys.exit(_native.trace_program(after, [sys.executable, "-m", "twinloop", *before]))


def _serve(words: list[str]) -> None:
    application = _javascript_application(words)
    if application is not None:
        from twinloop import js

        _put_first_on_path(os.path.dirname(os.path.realpath(application)))
        sys.exit(js._serve(words))
    from ..serve import command

    _become_main()
    sys.exit(command.main(words))


def _javascript_application(words: list[str]) -> str | None:
    """The word that names a JavaScript file to be served."""
    return next((word for word in words if word.endswith(JAVASCRIPT) and os.path.isfile(word)), None)


def _absolute(path: str) -> str:
    """The path as Python tells it to a program: absolute, but not normalised."""
    if os.path.isabs(path):
        return path
    return os.getcwd() if path == "." else os.path.join(os.getcwd(), path)


def _become_main() -> types.ModuleType:
    """Put a new module, as a program finds it when ``python`` starts it, in the place of Twinloop's own ``__main__``."""
    module = types.ModuleType("__main__")
    module.__loader__ = BuiltinImporter
    module.__builtins__ = builtins  # type: ignore[attr-defined]
    if sys.version_info < (3, 14):
        module.__annotations__ = {}
    sys.modules["__main__"] = module
    return module


def _put_first_on_path(folder: str, *, although_safe: bool = False) -> None:
    """Replace the entry of ``sys.path`` for the program's place. With the options -P and -I there is none."""
    if not sys.flags.safe_path:
        sys.path[0] = folder
    elif although_safe:
        sys.path.insert(0, folder)


def _hide_own_frames(traceback: types.TracebackType | None) -> None:
    """Let who shows the exception that ends the program see the part of its traceback that is not this file's."""
    while traceback is not None and traceback.tb_frame.f_code.co_filename == __file__:
        traceback = traceback.tb_next
    # Only now: until here the program has found the interpreter's own hook, and may have set another.
    show = getattr(sys, "excepthook", None)
    if show is None:
        return

    def show_program_frames(
        kind: type[BaseException], error: BaseException, _traceback: types.TracebackType | None
    ) -> None:
        sys.excepthook = show
        sys.last_traceback = traceback
        show(kind, error.with_traceback(traceback), traceback)

    sys.excepthook = show_program_frames
