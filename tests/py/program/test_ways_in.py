"""The ways into the loop that docs/asyncio.md names: loop factory, policy, and the recipes for uvicorn, pytest-asyncio and anyio.

Each is a program in a process of its own that says which loop ran it.
"""

from __future__ import annotations

import subprocess
import sys
import textwrap
import urllib.request

import pytest

IS_OURS = "isinstance(asyncio.get_running_loop(), twinloop.EventLoop)"


@pytest.fixture
def write(tmp_path):
    """Writes files into the folder in which the programs run."""

    def write_file(name, source):
        (tmp_path / name).write_text(textwrap.dedent(source))
        return tmp_path

    return write_file


def python(folder, *arguments):
    words = [sys.executable, *arguments]
    finished = subprocess.run(words, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    return finished.returncode, finished.stdout, finished.stderr


@pytest.mark.parametrize(
    "way",
    [
        "twinloop.run(main())",
        "asyncio.Runner(loop_factory=twinloop.new_event_loop).run(main())",
        "twinloop.install(); asyncio.run(main())",
        "asyncio.set_event_loop_policy(twinloop.EventLoopPolicy()); asyncio.run(main())",
        "asyncio.set_event_loop_policy(twinloop.EventLoopPolicy()); asyncio.new_event_loop().run_until_complete(main())",
    ],
)
def test_a_way_of_python_leads_to_this_loop(write, way):
    folder = write("app.py", f"import asyncio, twinloop\nasync def main(): print({IS_OURS})\n{way}\n")
    code, output, errors = python(folder, "-W", "ignore", "app.py")
    assert (code, output) == (0, "True\n"), errors


def test_without_a_way_in_asyncio_keeps_its_own_loop(write):
    folder = write("app.py", f"import asyncio, twinloop\nasync def main(): print({IS_OURS})\nasyncio.run(main())\n")
    assert python(folder, "app.py") == (0, "False\n", "")


APPLICATION = f"""
import asyncio, twinloop

async def app(scope, receive, send):
    if scope["type"] != "http":
        return
    await send({{"type": "http.response.start", "status": 200, "headers": []}})
    await send({{"type": "http.response.body", "body": str({IS_OURS}).encode()}})
"""


def response_of(folder, *words):
    """What the application answers when uvicorn, started by these words, serves it on a free port."""
    command = [sys.executable, *words]
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            address = next(line for line in lines if "Uvicorn running on" in line).split()[4]
            with urllib.request.urlopen(address, timeout=30) as response:
                return response.read()
        finally:
            server.terminate()
            server.communicate(timeout=30)
            assert server.returncode in (0, -15)


@pytest.mark.parametrize(
    "words",
    [
        ["-m", "uvicorn", "--loop", "twinloop:new_event_loop"],
        ["-m", "twinloop", "-m", "uvicorn", "--loop", "none"],
    ],
)
def test_uvicorn_serves_on_this_loop(write, words):
    pytest.importorskip("uvicorn")
    folder = write("served.py", APPLICATION)
    assert response_of(folder, *words, "--port", "0", "--lifespan", "off", "served:app") == b"True"


def test_pytest_asyncio_runs_tests_on_this_loop(write):
    pytest.importorskip("pytest_asyncio")
    write(
        "conftest.py",
        """
        import twinloop

        def pytest_asyncio_loop_factories(config, item):
            return {"twinloop": twinloop.new_event_loop}
        """,
    )
    folder = write(
        "test_it.py",
        f"""
        import asyncio, pytest, twinloop

        @pytest.mark.asyncio
        async def test_loop():
            assert {IS_OURS}
        """,
    )
    code, output, errors = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert code == 0 and "1 passed" in output, output + errors


def test_anyio_runs_programs_and_tests_on_this_loop(write):
    pytest.importorskip("anyio")
    write(
        "app.py",
        f"""
        import asyncio, anyio, twinloop

        async def main():
            print({IS_OURS})

        anyio.run(main, backend_options={{"loop_factory": twinloop.new_event_loop}})
        """,
    )
    folder = write(
        "test_it.py",
        f"""
        import asyncio, pytest, twinloop

        @pytest.fixture
        def anyio_backend():
            return "asyncio", {{"loop_factory": twinloop.new_event_loop}}

        @pytest.mark.anyio
        async def test_loop():
            assert {IS_OURS}
        """,
    )
    assert python(folder, "app.py") == (0, "True\n", "")
    code, output, errors = python(folder, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert code == 0 and "1 passed" in output, output + errors


# uvicorn takes uvloop where that can be imported; this is all of it that counts here.
STAND_IN_FOR_UVLOOP = """
import asyncio

class Loop(asyncio.SelectorEventLoop):
    pass

def new_event_loop():
    return Loop()

def run(main):
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        return runner.run(main)
"""


@pytest.mark.parametrize("others", [[], ["uvloop.py"]], ids=["asyncio", "uvloop"])
@pytest.mark.parametrize("way", ["module", "program"])
def test_an_unchanged_program_with_uvicorn_runs_on_this_loop(write, way, others):
    # uvicorn gives its runner asyncio's own loop class, or uvloop's if it is there, so nobody asked the policy.
    pytest.importorskip("uvicorn")
    for name in others:
        write(name, STAND_IN_FOR_UVLOOP)
    write("app.py", "import uvicorn\nuvicorn.run('served:app', port=0, lifespan='off')\n")
    folder = write("served.py", APPLICATION)
    words = ["app.py"] if way == "program" else ["-m", "uvicorn", "--port", "0", "--lifespan", "off", "served:app"]
    assert response_of(folder, "-m", "twinloop", *words) == b"True"


def test_a_program_that_calls_uvloops_run_gets_uvloop_and_the_end_says_so(write):
    # It refuses every other loop, so putting ours in its place would end the program.
    write("uvloop.py", STAND_IN_FOR_UVLOOP)
    program = "import asyncio, uvloop\nasync def main(): print(type(asyncio.get_running_loop()).__name__)\nuvloop.run(main())\n"
    code, output, errors = python(write("app.py", program), "-m", "twinloop", "app.py")
    assert (code, output) == (0, "Loop\n") and errors.endswith("that it chose itself: uvloop.Loop\n"), errors


def test_a_program_that_makes_a_loop_of_its_own_gets_it_and_the_end_says_so(write):
    folder = write(
        "app.py",
        """
        import asyncio

        async def main():
            print(type(asyncio.get_running_loop()).__name__)

        loop = asyncio.SelectorEventLoop()
        loop.run_until_complete(main())
        loop.close()
        """,
    )
    code, output, errors = python(folder, "-m", "twinloop", "app.py")
    assert (code, output) == (0, "_UnixSelectorEventLoop\n")
    assert errors == (
        "twinloop: the program ran no event loop of Twinloop's, but one that it chose itself: "
        "asyncio.unix_events._UnixSelectorEventLoop\n"
    )


@pytest.mark.parametrize(
    "program",
    [
        "",
        "import asyncio\nasync def main(): pass\nasyncio.run(main())\nasyncio.SelectorEventLoop().run_until_complete(main())",
        "import asyncio, os\nasync def main(): pass\nif os.fork() == 0: asyncio.SelectorEventLoop().run_until_complete(main())",
    ],
    ids=["no loop", "ours too", "in a forked child"],
)
def test_the_end_says_nothing_where_nothing_is_to_be_said(write, program):
    folder = write("app.py", program)
    assert python(folder, "-W", "ignore", "-m", "twinloop", "app.py") == (0, "", "")


@pytest.mark.parametrize(
    ("factory", "is_ours"),
    [
        ("asyncio.SelectorEventLoop", True),
        ("asyncio.new_event_loop", True),
        ("lambda: asyncio.SelectorEventLoop()", False),
    ],
)
def test_which_loop_factories_of_a_runner_are_a_choice(write, factory, is_ours):
    folder = write(
        "app.py",
        f"""
        import asyncio, twinloop
        twinloop.install()
        twinloop.install()      # Again changes nothing.

        async def main():
            print({IS_OURS})

        with asyncio.Runner(loop_factory={factory}) as runner:
            runner.run(main())
        asyncio.set_event_loop_policy(None)
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(main())
        """,
    )
    code, output, errors = python(folder, "-W", "ignore", "app.py")
    assert (code, output) == (0, f"{is_ours}\nFalse\n")
    assert errors.startswith("twinloop: the program ran no event loop") is not is_ours


CHILDREN = f"""
    import asyncio, concurrent.futures, multiprocessing, sys
    import twinloop

    if sys.argv[1:] == ["install"] and __name__ == "__main__":
        twinloop.install()

    async def main():
        return {IS_OURS}

    def child(_=None):
        return asyncio.run(main())

    def tell(queue):
        queue.put(child())

    if __name__ == "__main__":
        for way in ("fork", "spawn", "forkserver"):
            context = multiprocessing.get_context(way)
            queue = context.SimpleQueue()
            process = context.Process(target=tell, args=(queue,))
            process.start()
            print(way, queue.get(), flush=True)
            process.join()
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as pool:
            print("pool", *pool.map(child, [None]))
"""


@pytest.mark.parametrize("words", [["-m", "twinloop", "app.py"], ["app.py", "install"]], ids=["program", "install"])
def test_children_of_multiprocessing_run_on_this_loop_however_they_start(write, words):
    # Only forked ones did: those of spawn and forkserver are new interpreters, which know nothing of their parent's policy.
    folder = write("app.py", CHILDREN)
    code, output, errors = python(folder, "-W", "ignore", *words)
    assert (code, output) == (0, "fork True\nspawn True\nforkserver True\npool True\n"), errors


def test_without_install_children_are_left_alone(write):
    folder = write("app.py", CHILDREN)
    code, output, _ = python(folder, "-W", "ignore", "app.py")
    assert (code, output) == (0, "fork False\nspawn False\nforkserver False\npool False\n")


def test_the_rules_of_connect_to_hold_in_spawned_children(write):
    folder = write(
        "app.py",
        """
        import multiprocessing, socket

        def child(queue):
            queue.put(socket.getaddrinfo("a.invalid", 80)[0][4])

        if __name__ == "__main__":
            context = multiprocessing.get_context("spawn")
            queue = context.SimpleQueue()
            process = context.Process(target=child, args=(queue,))
            process.start()
            process.join()
            print(None if queue.empty() else queue.get())
        """,
    )
    code, output, errors = python(folder, "-m", "twinloop", "--connect-to", "a.invalid:80:127.0.0.1:8080", "app.py")
    assert (code, output) == (0, "('127.0.0.1', 8080)\n"), errors


def test_javascript_knows_how_it_was_started_and_how_another_is(write):
    # Only programs of `python -m twinloop` told it: in others a fork started the interpreter's file without the package, and argv was empty.
    folder = write(
        "app.py",
        """
        import asyncio, sys, threading, twinloop
        from twinloop import js

        async def main():
            parent = await js.import_module("./parent.mjs")
            print(list(parent.words) == [sys.executable, "app.py", "a", "\ufffd"], await parent.answer("b"))

        twinloop.run(main())
        thread = threading.Thread(target=lambda: twinloop.run(main()))
        thread.start()
        thread.join()
        """,
    )
    write(
        "parent.mjs",
        """
        import { fork } from "node:child_process";
        export const words = process.argv;
        export const answer = (word) => new Promise((resolve) => fork("./child.mjs", [word]).once("message", resolve));
        """,
    )
    write("child.mjs", "process.send(process.argv.at(-1)); process.disconnect();")
    code, output, errors = python(folder, "app.py", "a", b"\xff")
    assert (code, output) == (0, "True b\nTrue b\n"), errors
