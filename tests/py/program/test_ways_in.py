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
    command = [sys.executable, *words, "--port", "0", "--lifespan", "off", "served:app"]
    with subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True) as server:
        try:
            lines = iter(server.stderr.readline, "")
            address = next(line for line in lines if "Uvicorn running on" in line).split()[4]
            with urllib.request.urlopen(address, timeout=30) as response:
                assert response.read() == b"True"
        finally:
            server.terminate()
            server.communicate(timeout=30)
    assert server.returncode in (0, -15)


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
