"""``python -m twinloop trace``: what the trace says of programs in Python, and in both languages."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap

import pytest


class Trace:
    """The events of a trace in Chrome's format."""

    def __init__(self, text, finished):
        self.events = json.loads(text)["traceEvents"]
        self.finished = finished

    def bars(self, name):
        """The bars whose name begins so, by their start."""
        found = [each for each in self.events if each["ph"] == "X" and each["name"].startswith(name)]
        return sorted(found, key=lambda bar: bar["ts"])

    def bar(self, name):
        (bar,) = self.bars(name)
        return bar

    def row(self, bar):
        (name,) = (
            each["args"]["name"]
            for each in self.events
            if each["name"] == "thread_name" and (each["pid"], each["tid"]) == (bar["pid"], bar["tid"])
        )
        return name

    def leads(self, origin, bar):
        """Whether an arrow leads from one bar into another."""
        begins = {
            each["id"]
            for each in self.events
            if each["ph"] == "s"
            and each["tid"] == origin["tid"]
            and origin["ts"] - 0.01 <= each["ts"] <= origin["ts"] + origin["dur"] + 0.01
        }
        return any(
            each["ph"] == "f" and each["id"] in begins and (each["tid"], each["ts"]) == (bar["tid"], bar["ts"])
            for each in self.events
        )


@pytest.fixture
def trace(tmp_path):
    """Traces a program of these files, the first of which is run."""

    def run(*words, **files):
        for name, source in files.items():
            (tmp_path / name.replace("_", ".")).write_text(textwrap.dedent(source))
        output = tmp_path / "out.json"
        command = [sys.executable, "-m", "twinloop", "trace", "-o", str(output), *words]
        if not words:
            command.append(next(iter(files)).replace("_", "."))
        finished = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        return Trace(output.read_text(), finished)

    return run


def test_a_step_that_blocks_is_named_with_its_line_and_the_way_out(trace):
    traced = trace(
        app_py="""\
        import asyncio
        import time

        def sleepy():
            time.sleep(0.1)

        async def main():
            await asyncio.sleep(0.001)
            sleepy()
            await asyncio.sleep(0.001)

        asyncio.run(main())
        """
    )
    assert traced.finished.returncode == 0, traced.finished.stderr
    steps = traced.bars("main (app.py:7)")
    assert len(steps) == 3
    slow = [step for step in steps if step["dur"] >= 100_000]
    assert len(slow) == 1
    assert slow[0]["cat"] == "python"
    assert traced.row(slow[0]) == "main (app.py:7)"
    assert "sleepy (app.py:5)" in traced.finished.stderr
    assert "use `await asyncio.sleep(...)`" in traced.finished.stderr


def test_what_computes_is_sent_to_the_pool(trace):
    traced = trace(
        app_py="""\
        import asyncio

        def crunch():
            return sum(number * number for number in range(3_000_000))

        async def main():
            asyncio.get_running_loop().call_soon(crunch)
            await asyncio.sleep(0.01)

        asyncio.run(main())
        """
    )
    assert traced.bar("crunch (app.py:3)")["args"]["kind"] == "Callback"
    assert "move it to `twinloop.pool`" in traced.finished.stderr
    # Where it was when it was looked at.
    assert "at <genexpr> (app.py:4)" in traced.finished.stderr


def test_tasks_have_lanes_and_say_whom_they_waited_for(trace):
    traced = trace(
        app_py="""\
        import asyncio

        async def fetch(delay):
            await asyncio.sleep(delay)
            return delay

        async def main():
            first = asyncio.create_task(fetch(0.01))
            second = asyncio.create_task(fetch(0.02), name="the second")
            await first
            await second

        asyncio.run(main())
        """
    )
    first, second, main = traced.bars("fetch"), traced.bars("the second: fetch"), traced.bars("main (app.py:7)")
    rows = {traced.row(bar): bar["tid"] for bar in traced.bars("fetch")}
    assert set(rows) == {"fetch (app.py:3)", "the second: fetch (app.py:3)"}
    assert not second, "bars have the coroutine's name, rows the task's"
    assert len(first) == 4
    assert len(main) == 3
    # Each was made by the task that waits for it, and made that go on.
    assert traced.leads(main[0], first[0])
    last_of = {bar["tid"]: bar for bar in first}
    assert traced.leads(last_of[rows["fetch (app.py:3)"]], main[1])
    assert traced.leads(last_of[rows["the second: fetch (app.py:3)"]], main[2])
    assert "had not ended" not in traced.finished.stderr


def test_a_task_that_nobody_waited_for_is_told(trace):
    traced = trace(
        app_py="""\
        import asyncio

        async def forgotten():
            await asyncio.Event().wait()

        async def main():
            global kept
            kept = asyncio.create_task(forgotten())
            await asyncio.sleep(0.001)
            import os
            os._exit(3)

        asyncio.run(main())
        """
    )
    assert traced.finished.returncode == 3
    assert "had not ended when the trace did" in traced.finished.stderr
    assert "forgotten (app.py:3)" in traced.finished.stderr


def test_a_task_that_awaits_javascript_has_an_arrow_from_it(trace):
    traced = trace(
        app_py="""\
        import asyncio
        from twinloop import js

        async def main():
            lib = await js.import_module("./lib.mjs")
            print(await lib.slow(3))

        asyncio.run(main())
        """,
        lib_mjs="""\
        const sleep = (ms) => new Promise((resolve) => setTimeout(function wakeUp() { resolve(); }, ms));
        export async function slow(value) {
          await sleep(20);
          return value * 2;
        }
        """,
    )
    assert traced.finished.stdout == "6\n", traced.finished.stderr
    slow = traced.bars("slow (lib.mjs:2)")[-1]
    assert slow["cat"] == "javascript"
    assert traced.leads(traced.bar("wakeUp (lib.mjs:1)"), slow)
    assert traced.leads(slow, traced.bars("main (app.py:4)")[-1])


def test_javascript_that_awaits_a_task_has_an_arrow_from_it(trace):
    traced = trace(
        app_mjs="""\
        import { double } from 'python:lib';
        async function main() {
          console.log(await double(4));
        }
        await main();
        """,
        lib_py="""\
        import asyncio

        async def double(value):
            await asyncio.sleep(0.02)
            return value * 2
        """,
    )
    assert traced.finished.stdout == "8\n", traced.finished.stderr
    step = traced.bars("double (lib.py:3)")[-1]
    assert step["cat"] == "python"
    assert traced.leads(step, traced.bars("main (app.mjs:2)")[-1])


def test_ctrl_c_ends_the_program_and_not_its_trace(tmp_path):
    program = """\
    import asyncio

    async def main():
        print("ready", flush=True)
        await asyncio.sleep(1000)

    asyncio.run(main())
    """
    (tmp_path / "app.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "twinloop", "trace", "-o", "out.json", "app.py"]
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as running:
        assert running.stdout.readline() == "ready\n"
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=60)
    assert "KeyboardInterrupt" in errors
    assert running.returncode in (1, 130)
    traced = Trace((tmp_path / "out.json").read_text(), running)
    assert traced.bars("main (app.py:3)")


def test_work_in_threads_is_named_with_when_it_ran(trace):
    traced = trace(
        app_py="""\
        import asyncio
        import concurrent.futures

        def work(event, _):
            event.wait()
            return 1

        def fails():
            raise ValueError("no")

        async def main():
            import threading
            loop = asyncio.get_running_loop()
            event = threading.Event()
            with concurrent.futures.ThreadPoolExecutor(1) as pool:
                first = loop.run_in_executor(pool, work, event, 2)
                second = loop.run_in_executor(pool, fails)
                event.set()
                print(await first)
                try:
                    await second
                except ValueError as error:
                    print(error)

        asyncio.run(main())
        """
    )
    assert traced.finished.stdout == "1\nno\n", traced.finished.stderr
    for name in ("work (app.py:4)", "fails (app.py:8)"):
        kinds = [bar["args"]["kind"] for bar in traced.bars(name)]
        assert kinds == ["PoolWait", "PoolRun"], name
    first, second = traced.bars("work")[1], traced.bars("fails")[1]
    assert first["ts"] + first["dur"] <= second["ts"] + 0.01
    assert traced.row(first) == "blocking work"


def test_top_tells_tasks_by_name_and_what_they_wait_for(tmp_path):
    program = """\
    import asyncio
    import time

    async def waits():
        await asyncio.Event().wait()

    async def works():
        while True:
            time.sleep(0.01)
            await asyncio.sleep(0.02)

    async def main():
        kept = [asyncio.create_task(waits(), name="the waiting one"), asyncio.create_task(works())]
        print("ready", flush=True)
        await asyncio.wait(kept)

    asyncio.run(main())
    """
    (tmp_path / "app.py").write_text(textwrap.dedent(program))
    command = [sys.executable, "-m", "twinloop", "app.py"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        try:
            assert running.stdout.readline() == "ready\n"
            top = [sys.executable, "-m", "twinloop", "top", "--once", str(running.pid)]
            shown = subprocess.run([*top, "--json"], capture_output=True, text=True, timeout=60, check=True)
            text = subprocess.run(top, capture_output=True, text=True, timeout=60, check=True).stdout
        finally:
            running.kill()
    told = json.loads(shown.stdout)
    (python,) = (each for each in told["languages"] if each["language"] == "Python")
    tasks = {task["name"]: task for task in python["tasks"]}
    assert tasks["the waiting one"]["coroutine"] == "waits"
    assert tasks["the waiting one"]["waitsFor"] == "waits for Future"
    assert "the waiting one" in tasks["Task-1"]["waitsFor"] or tasks["Task-1"]["waitsFor"] == "waits for Future"
    assert any(each["name"] == "works (app.py:7)" for each in told["active"])
    assert any(each["callback"] == "works (app.py:7)" for each in told["slow"])
    assert "the waiting one" in text and "SLOW CALLBACKS" in text and "works (app.py:7)" in text


def test_a_program_without_a_loop_is_told_so(trace):
    traced = trace(app_py="print(1)\n")
    assert traced.finished.stdout == "1\n"
    assert "no event loop of Twinloop ran" in traced.finished.stderr
    assert not traced.bars("")
