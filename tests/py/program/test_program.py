"""Programs in processes of their own: signals and Ctrl-C, `python -m twinloop`, its options and its tracebacks."""

from __future__ import annotations

import contextlib
import http.server
import os
import pathlib
import py_compile
import re
import shutil
import signal
import ssl
import subprocess
import sys
import textwrap
import threading
import zipfile

import pytest
import twinloop
from _twinloop import _native
from conftest import CERTIFICATES

ROOT = pathlib.Path(__file__).parents[3]


def start(*arguments, **options):
    return subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **options
    )


def finish(process, limit_s=30):
    try:
        output, errors = process.communicate(timeout=limit_s)
    finally:
        process.kill()
    return process.returncode, output, errors


@pytest.fixture
def program(tmp_path):
    """Writes a program and runs it by `python -m twinloop`."""

    def run_program(source, *arguments, options=(), **more):
        path = tmp_path / "app.py"
        path.write_text(textwrap.dedent(source))
        return finish(start("-m", "twinloop", *options, str(path), *arguments, **more))

    return run_program


def test_a_program_is_main_and_asyncio_run_uses_this_loop(program, tmp_path):
    (tmp_path / "neighbour.py").write_text("name = 'imported'")
    code, output, errors = program(
        """
        import asyncio, sys
        import neighbour
        async def main():
            print(type(asyncio.get_running_loop()).__module__.partition(".")[0], neighbour.name)
        if __name__ == "__main__":
            print(sys.argv[1:], __file__ == sys.argv[0], sys.modules["__main__"].__dict__ is globals())
            asyncio.run(main())
        """,
        "--flag",
        "value",
    )
    assert (code, errors) == (0, "")
    assert output.splitlines() == ["['--flag', 'value'] True True", "twinloop imported"]


def test_a_module_is_run_with_m(tmp_path):
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__main__.py").write_text("import sys; print(__name__, __package__, sys.argv[1:])")
    (tmp_path / "package" / "__init__.py").write_text("")
    code, output, errors = finish(start("-m", "twinloop", "-m", "package", "x", cwd=tmp_path))
    assert (code, output, errors) == (0, "__main__ package ['x']\n", "")


def test_a_traceback_shows_only_the_programs_own_frames(program, tmp_path):
    source = """
        def fail():
            raise LookupError("of the program")
        fail()
        """
    code, output, errors = program(source)
    path = tmp_path / "app.py"
    plain = finish(start(str(path)))
    assert (code, output, errors) == plain
    assert code == 1 and "program/command.py" not in errors


def test_a_syntax_error_is_shown_as_python_shows_it(program, tmp_path):
    code, _output, errors = program("x = (")
    assert code == 1
    assert errors == finish(start(str(tmp_path / "app.py")))[2]


SHOWS_ITSELF = """
import sys
print(__name__, sys.argv, sys.path[:2], __package__, __spec__, type(__loader__), globals().get("__file__"))
print(sorted(globals()), __builtins__ is __import__("builtins"), sys.modules["__main__"].__dict__ is globals())
print(sys._getframe().f_code.co_filename, sys.excepthook is sys.__excepthook__, globals().get("__cached__"))
def fail():
    raise LookupError("of the program")
fail()
"""


@pytest.fixture
def programs(tmp_path):
    """Programs of every form that `python` runs, each of which shows what it finds and fails."""
    (tmp_path / "app.py").write_text(SHOWS_ITSELF)
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text("import neighbour" + SHOWS_ITSELF)
    (tmp_path / "folder" / "neighbour.py").write_text("")
    (tmp_path / "folder" / "__init__.py").write_text("")
    (tmp_path / "folder" / "inner.py").write_text(SHOWS_ITSELF)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link.py").symlink_to("folder/inner.py")
    py_compile.compile(str(tmp_path / "app.py"), str(tmp_path / "compiled.pyc"))
    with zipfile.ZipFile(tmp_path / "app.zip", "w") as archive:
        archive.writestr("__main__.py", SHOWS_ITSELF)
    return tmp_path


@pytest.mark.parametrize("options", [(), ("-P",), ("-I",)], ids=lambda options: "".join(options) or "plain")
@pytest.mark.parametrize(
    "words",
    [
        ["app.py", "a", "-b"],
        ["./app.py"],
        ["folder/../app.py"],
        ["link.py"],
        ["compiled.pyc"],
        ["folder"],
        ["folder/", "a"],
        ["app.zip", "a"],
        ["empty"],
        ["."],
        ["-m", "folder.inner", "a"],
        ["-m", "nope"],
        ["-m", "folder.nope"],
        ["-", "a"],
        ["-c", SHOWS_ITSELF, "a"],
        ["missing.py"],
    ],
    ids=lambda words: "-".join(words).partition("\n")[0],
)
def test_a_program_finds_what_it_finds_under_python(programs, options, words):
    def outcome(*before):
        command = [sys.executable, *options, *before, *words]
        finished = subprocess.run(
            command, input=SHOWS_ITSELF, cwd=programs, capture_output=True, text=True, check=False, timeout=60
        )
        return finished.returncode, re.sub("0x[0-9a-f]+", "0x", finished.stdout), finished.stderr

    assert outcome("-m", "twinloop") == outcome()


def test_a_program_may_come_through_a_pipe():
    reader, writer = os.pipe()
    os.write(writer, b"print(__file__.partition('fd')[0])")
    os.close(writer)
    try:
        assert finish(start("-m", "twinloop", f"/dev/fd/{reader}", pass_fds=[reader])) == (0, "/dev/\n", "")
    finally:
        os.close(reader)


def test_the_programs_own_excepthook_gets_its_own_frames_and_the_interpreters_own_is_in_place_before(program):
    code, output, errors = program(
        """
        import sys, traceback
        assert sys.excepthook is sys.__excepthook__
        def show(kind, error, trace):
            names = [frame.name for frame in traceback.extract_tb(trace)]
            print(kind.__name__, names, trace is error.__traceback__ is sys.last_traceback, sys.excepthook is show)
        sys.excepthook = show
        def fail():
            1 / 0
        fail()
        """
    )
    assert (code, errors) == (1, "")
    assert output == "ZeroDivisionError ['<module>', 'fail'] True True\n"


def test_the_exit_status_is_the_programs(program):
    assert program("import sys; sys.exit(7)")[0] == 7
    assert program("raise SystemExit('message')")[::2] == (1, "message\n")


def test_a_missing_file_and_a_wrong_option_are_named(tmp_path):
    code, _, errors = finish(start("-m", "twinloop", str(tmp_path / "missing.py")))
    assert code == 2 and "missing.py" in errors
    code, _, errors = finish(start("-m", "twinloop", "--nonsense"))
    assert code == 2 and "--nonsense" in errors and "usage" in errors
    code, _, errors = finish(start("-m", "twinloop", "--connect-to", "nonsense", "x.py"))
    assert code == 2 and "nonsense" in errors


def test_help_explains_the_options():
    code, output, _ = finish(start("-m", "twinloop", "--help"))
    assert code == 0 and "--connect-to" in output and "--ca-file" in output


@contextlib.contextmanager
def https_server():
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body = f'{{"host": "{self.headers["Host"]}"}}'.encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / "server.pem")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


AIOHTTP_PROGRAM = """
    import asyncio
    import aiohttp

    async def fetch_data():
        async with aiohttp.ClientSession() as session:
            async with session.get('https://api.example.com/data') as response:
                data = await response.json()
                print(data)

    asyncio.run(fetch_data())
    """


def test_connect_to_and_ca_file_lead_an_unchanged_program_to_a_local_server(program):
    with https_server() as port:
        code, output, errors = program(
            AIOHTTP_PROGRAM,
            options=[
                f"--connect-to=api.example.com:443:127.0.0.1:{port}",
                "--ca-file",
                str(CERTIFICATES / "authority.pem"),
            ],
        )
    assert (code, output, errors) == (0, "{'host': 'api.example.com'}\n", "")


def test_connect_to_reaches_streams_and_blocking_clients_too(program):
    with https_server() as port:
        code, output, errors = program(
            """
            import asyncio, urllib.request
            async def main():
                reader, writer = await asyncio.open_connection("api.example.com", 443, ssl=True)
                writer.write(b"GET / HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n")
                print((await reader.read()).decode().splitlines()[-1])
                writer.close()
                print(await asyncio.to_thread(lambda: urllib.request.urlopen("https://api.example.com/").read().decode()))
            asyncio.run(main())
            """,
            options=["--connect-to", f"::127.0.0.1:{port}", "--ca-file", str(CERTIFICATES / "authority.pem")],
        )
    assert (code, errors) == (0, "")
    assert output.splitlines() == ['{"host": "x"}', '{"host": "api.example.com"}']


def test_a_wrong_certificate_is_an_ssl_error_with_its_reason(program):
    with https_server() as port:
        code, _, errors = program(AIOHTTP_PROGRAM, options=[f"--connect-to=api.example.com:443:127.0.0.1:{port}"])
    assert code == 1 and "CERTIFICATE_VERIFY_FAILED" in errors


def interrupt_when_ready(process, number=signal.SIGINT):
    assert process.stdout.readline() == "ready\n"
    process.send_signal(number)
    return finish(process)


@pytest.mark.parametrize(
    "body",
    [
        "await asyncio.sleep(3600)",
        "await asyncio.Event().wait()",
        "loop.call_soon(spin); await asyncio.sleep(3600)",
        "\n    while True: await asyncio.sleep(0)",
    ],
    ids=["sleeping", "waiting", "busy with callbacks", "busy with turns"],
)
def test_ctrl_c_ends_a_program_as_asyncio_does(tmp_path, body):
    path = tmp_path / "app.py"
    path.write_text(
        "import asyncio\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    def spin(): loop.call_soon(spin)\n"
        "    print('ready', flush=True)\n"
        f"    {body}\n"
        "asyncio.run(main())\n"
    )
    code, _, errors = interrupt_when_ready(start("-m", "twinloop", str(path)))
    assert code == -signal.SIGINT
    assert errors.rstrip().endswith("KeyboardInterrupt")


def test_ctrl_c_raises_out_of_run_forever(tmp_path):
    path = tmp_path / "app.py"
    path.write_text(
        "import twinloop\n"
        "loop = twinloop.new_event_loop()\n"
        "loop.call_soon(lambda: print('ready', flush=True))\n"
        "try:\n"
        "    loop.run_forever()\n"
        "except KeyboardInterrupt:\n"
        "    print('interrupted')\n"
        "loop.close()\n"
    )
    code, output, errors = interrupt_when_ready(start(str(path)))
    assert (code, output, errors) == (0, "interrupted\n", "")


@pytest.mark.parametrize(
    "code",
    [
        "process.once('SIGTERM', () => process.kill(process.pid, 'SIGTERM'))",
        "process.once('SIGTERM', () => setTimeout(() => process.kill(process.pid, 'SIGTERM'), 20))",
        "const f = () => {}; process.on('SIGTERM', f); process.off('SIGTERM', f)",
    ],
    ids=["sent again at once", "sent again later", "no listener any more"],
)
def test_a_signal_without_a_listener_does_what_it_does_by_default(tmp_path, code):
    """Once listened to, it never did again: "clean up, then end by the same signal" went on for ever."""
    path = tmp_path / "app.mjs"
    path.write_text(f"{code}; setTimeout(() => {{}}, 5000); console.log('ready');")
    code, _, _ = interrupt_when_ready(start("-m", "twinloop", str(path)), signal.SIGTERM)
    assert code == -signal.SIGTERM


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1, signal.SIGINT])
def test_signal_handlers_run_on_the_loop(tmp_path, number):
    path = tmp_path / "app.py"
    path.write_text(
        "import asyncio, twinloop\n"
        "async def main():\n"
        "    loop = asyncio.get_running_loop()\n"
        "    stopped = loop.create_future()\n"
        f"    loop.add_signal_handler({int(number)}, stopped.set_result, 'handled')\n"
        "    print('ready', flush=True)\n"
        "    print(await stopped)\n"
        f"    print(loop.remove_signal_handler({int(number)}), loop.remove_signal_handler({int(number)}))\n"
        "twinloop.run(main())\n"
    )
    code, output, errors = interrupt_when_ready(start(str(path)), number)
    assert (code, output, errors) == (0, "handled\nTrue False\n", "")


def test_a_loop_with_live_transports_can_be_left_at_the_end_of_the_process(tmp_path):
    path = tmp_path / "app.py"
    path.write_text(
        "import asyncio, twinloop\n"
        "loop = twinloop.new_event_loop()\n"
        "async def main():\n"
        "    server = await asyncio.start_server(lambda r, w: w.write(b'x'), '127.0.0.1', 0)\n"
        "    global pair\n"
        "    pair = await asyncio.open_connection(*server.sockets[0].getsockname())\n"
        "    await pair[0].read(1)\n"
        "loop.run_until_complete(main())\n"
        "print('done')\n"
    )
    code, output, _ = finish(start(str(path)))
    assert (code, output) == (0, "done\n")


def test_a_loop_that_is_left_open_at_the_end_of_the_process_says_nothing(tmp_path):
    path = tmp_path / "app.py"
    path.write_text(
        "import asyncio, twinloop\n"
        "loop = twinloop.new_event_loop()\n"
        "asyncio.set_event_loop(loop)\n"
        "async def main(): pass\n"
        "loop.run_until_complete(main())\n"
    )
    finished = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, check=False)
    assert (finished.returncode, finished.stdout, finished.stderr) == (0, "", "")


def test_install_makes_asyncio_run_use_this_loop(tmp_path):
    path = tmp_path / "app.py"
    path.write_text(
        "import asyncio, twinloop\n"
        "twinloop.install()\n"
        "async def main(): print(isinstance(asyncio.get_running_loop(), twinloop.EventLoop))\n"
        "asyncio.run(main())\n"
    )
    assert finish(start(str(path))) == (0, "True\n", "")


def test_a_process_pool_started_by_spawn_finds_the_program(program):
    code, output, errors = program(
        """
        import asyncio, concurrent.futures, multiprocessing
        def work(number):
            return number * 2
        async def main():
            context = multiprocessing.get_context("spawn")
            with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
                print(await asyncio.get_running_loop().run_in_executor(pool, work, 21))
        if __name__ == "__main__":
            asyncio.run(main())
        """,
        env={**os.environ},
    )
    assert (code, output, errors) == (0, "42\n", "")


def test_the_free_threaded_build_is_refused_with_a_clear_error():
    code = "import sys; sys.abiflags = 't'; import twinloop"
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert finished.returncode == 1
    assert "ImportError: twinloop does not support the free-threaded build" in finished.stderr


LOOPS_IN_DAEMON_THREADS = """
    import asyncio, threading, time, twinloop

    class Echo(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
        def data_received(self, data):
            self.transport.write(data)

    class Finalized:
        def __del__(self):
            for _ in range(10):
                pass

    async def main():
        loop = asyncio.get_running_loop()
        server = await loop.create_server(Echo, "127.0.0.1", 0)
        _, echo = await loop.create_connection(Echo, *server.sockets[0].getsockname())
        echo.transport.write(b"for ever")
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        def busy(_finalized):
            loop.call_soon(busy, Finalized())
        busy(None)
        while True:
            writer.write(b"x")
            await reader.read(10)

    for _ in range(3):
        threading.Thread(target=twinloop.run, args=(main(),), daemon=True).start()
    time.sleep(0.3)
    print("the end", flush=True)
"""


def test_a_process_ends_quietly_while_daemon_threads_run_loops(program):
    for _ in range(3):
        assert program(LOOPS_IN_DAEMON_THREADS) == (0, "the end\n", "")


# Functions of CPython that run no Python code, let go of no object and never ask for the GIL. PyO3 guards the two that do.
HARMLESS = set(
    """
    PyBool_FromLong PyBuffer_IsContiguous PyByteArray_AsString PyByteArray_FromStringAndSize PyByteArray_Resize PyByteArray_Size
    PyBytes_FromStringAndSize PyBytes_Size PyCFunction_GetSelf PyCallable_Check PyContext_Enter PyContext_Exit PyDict_Next
    PyErr_ExceptionMatches PyErr_Fetch PyErr_GetRaisedException PyErr_GivenExceptionMatches PyErr_NoMemory PyErr_Occurred
    PyEval_RestoreThread PyEval_SaveThread PyException_GetTraceback
    PyFloat_FromDouble PyGILState_Check PyGILState_Ensure PyInterpreterState_Get PyInterpreterState_GetID
    PyInterpreterState_ThreadHead PyList_Append PyList_GetItem PyList_GetItemRef PyLong_AsUnsignedLongLong PyLong_FromDouble
    PyLong_FromLong PyLong_FromSsize_t PyLong_FromUnsignedLongLong PyModuleDef_Init PyModule_GetNameObject
    PyObject_CheckBuffer PyObject_Free PyObject_GC_Del PyObject_GC_IsTracked PyObject_GC_Track PyObject_GC_UnTrack
    PyObject_GenericGetDict PyObject_GenericSetDict PyObject_Init PyObject_Malloc PySequence_Check PySlice_AdjustIndices PySlice_New PyThreadState_Get
    PyThreadState_Next
    PyTuple_GetItem PyType_GetModuleName PyType_GetName PyType_GetQualName PyType_IsSubtype PyType_Modified
    PyUnicode_AsUTF8AndSize PyUnicode_EqualToUTF8AndSize PyUnicode_FromKindAndData PyUnicode_FromStringAndSize PyUnicode_InternInPlace
    PyIter_Check PyLong_FromNativeBytes PyType_GetFullyQualifiedName PyUnicode_New _PyUnicode_Ready
    PyWeakref_GetObject PyWeakref_GetRef Py_GetVersion Py_InitializeEx Py_IsFinalizing Py_IsInitialized
    _PyBytes_Resize _PyLong_FromByteArray _Py_CheckFunctionResult
""".split()
)


@pytest.mark.skipif(shutil.which("nm") is None, reason="nm (binutils) lists what the extension module calls")
def test_every_function_of_cpython_that_may_run_python_code_is_guarded():
    listing = subprocess.run(
        ["nm", "-D", "--undefined-only", _native.__file__], capture_output=True, text=True, check=True
    )
    objects = re.compile(r"PyExc_\w+|\w+_Type|\w+Struct|_PyWeakref_\w+")
    called = {name for name in re.findall(r"\b_?Py\w+", listing.stdout) if not objects.fullmatch(name)}
    source = (ROOT / "crates/py/src/ffi/last_calls.rs").read_text()
    guarded = set(re.findall(r"__wrap_(\w+)", source))
    assert {"PyObject_Call", "_Py_Dealloc"} <= guarded & called
    assert called - guarded - HARMLESS == set()


@pytest.mark.parametrize("option", ["-V", "--version"])
def test_the_version_is_told(option):
    version = sys.version.partition(" ")[0]
    assert finish(start("-m", "twinloop", option)) == (0, f"twinloop {twinloop.__version__} (Python {version})\n", "")
