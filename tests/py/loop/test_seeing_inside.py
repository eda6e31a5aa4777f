"""Statistics, reports of slow callbacks, and the tasks of a live process."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import subprocess
import sys
import textwrap
import threading
import time

import pytest
import twinloop


def ask(pid):
    """``python -m twinloop --ps`` on a process."""
    return subprocess.run(
        [sys.executable, "-m", "twinloop", "--ps", str(pid)], capture_output=True, text=True, timeout=30, check=False
    )


@pytest.fixture
def start(tmp_path):
    """Starts a Python program, which says a line when it is ready; killed at the end."""
    processes = []

    def start_program(source):
        file = tmp_path / "program.py"
        file.write_text(textwrap.dedent(source))
        process = subprocess.Popen([sys.executable, str(file)], stdout=subprocess.PIPE, text=True)
        processes.append(process)
        assert process.stdout.readline() == "ready\n"
        return process

    yield start_program
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


# ---- statistics --------------------------------------------------------------------------------------------------------


def test_statistics_count_callbacks_posts_and_bytes(run):
    async def main():
        loop = asyncio.get_running_loop()
        before = loop.statistics()

        async def echo(reader, writer):
            writer.write(await reader.readexactly(1000))
            writer.close()

        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(bytes(1000))
        assert len(await reader.read()) == 1000
        writer.close()
        server.close()
        # Long enough for the loop to wait: what comes while it runs may need no post.
        await loop.run_in_executor(None, time.sleep, 0.02)
        after = loop.statistics()
        assert after["bytes_received"] - before["bytes_received"] == 2000
        assert after["bytes_sent"] - before["bytes_sent"] == 2000
        assert after["callbacks"] > before["callbacks"]
        assert after["turns"] > before["turns"]
        assert after["inbox_posts"] > before["inbox_posts"]
        assert after["callback_times"] is None

    run(main())


def test_callbacks_are_timed_when_asked(loop):
    loop.time_callbacks(True)
    loop.call_soon(time.sleep, 0.05)
    loop.call_soon(loop.stop)
    loop.run_forever()
    times = loop.statistics()["callback_times"]
    assert sum(count for _, count in times) >= 2
    # 50 ms lie below 67 ms, the end of a bucket, unless the machine is busy.
    assert sum(count for limit, count in times if limit is None or limit > 0.05) >= 1
    loop.time_callbacks(False)
    assert loop.statistics()["callback_times"] is None


# ---- slow callbacks ----------------------------------------------------------------------------------------------------


def test_a_slow_step_names_the_coroutine_and_where_it_is(run, caplog):
    async def inner():
        time.sleep(0.15)
        await asyncio.sleep(0)

    async def outer():
        await inner()

    with caplog.at_level(logging.WARNING, "asyncio"):
        run(outer(), debug=True)
    report = next(record.getMessage() for record in caplog.records if "took" in record.getMessage())
    assert "outer" in report
    chain = [line for line in report.splitlines() if line.startswith("  in ")]
    # From 3.12 on wait_for runs what it awaits in the task of its caller, whose frames stand first.
    assert [line.split()[1] for line in chain][-4:] == ["outer", "inner", "sleep", "__sleep0"]


# ---- tasks -------------------------------------------------------------------------------------------------------------


def test_tasks_are_shown_under_those_that_wait_for_them(run):
    async def leaf():
        await asyncio.sleep(3600)

    async def middle():
        await asyncio.gather(asyncio.create_task(leaf(), name="first"), asyncio.create_task(leaf(), name="second"))

    async def main():
        waiting = asyncio.create_task(middle(), name="waiting")
        await asyncio.sleep(0.01)
        text = twinloop.format_tasks(asyncio.get_running_loop())
        waiting.cancel()
        return text

    lines = run(main()).splitlines()
    indent = {
        name: len(line) - len(line.lstrip())
        for line in lines
        for name in ("waiting", "first", "second")
        if f"{name}:" in line
    }
    assert indent["first"] == indent["second"] > indent["waiting"]
    assert any(line.strip().startswith("in leaf (") for line in lines)
    assert any(line.strip() == "is running" for line in lines)


def test_a_live_process_tells_its_tasks(start):
    process = start("""
        import asyncio, twinloop

        async def worker():
            await asyncio.sleep(3600)

        async def main():
            task = asyncio.create_task(worker(), name="the worker")
            await asyncio.sleep(0)
            print("ready", flush=True)
            await task

        twinloop.run(main())
    """)
    asked = ask(process.pid)
    assert asked.returncode == 0, asked.stderr
    assert "the worker: worker" in asked.stdout
    assert "in main (" in asked.stdout
    assert process.poll() is None
    assert "the worker: worker" in ask(process.pid).stdout


def test_a_process_that_is_busy_in_python_tells_its_tasks(start):
    process = start("""
        import asyncio, twinloop

        async def main():
            print("ready", flush=True)
            while True:
                pass

        twinloop.run(main())
    """)
    asked = ask(process.pid)
    assert asked.returncode == 0, asked.stderr
    assert "is running" in asked.stdout


def test_a_loop_in_another_thread_is_shown_if_one_runs_in_the_main_thread(start):
    process = start("""
        import asyncio, threading, twinloop

        async def elsewhere():
            await asyncio.sleep(3600)

        async def main():
            threading.Thread(target=twinloop.run, args=(elsewhere(),), daemon=True).start()
            await asyncio.sleep(0.2)
            print("ready", flush=True)
            await asyncio.sleep(3600)

        twinloop.run(main())
    """)
    assert "elsewhere" in ask(process.pid).stdout


def test_other_processes_are_left_alone():
    process = subprocess.Popen(["sleep", "60"])
    try:
        asked = ask(process.pid)
        assert asked.returncode == 1
        assert "runs no Twinloop event loop" in asked.stderr
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()
    assert "there is no process" in ask(process.pid).stderr


def test_a_handler_of_the_program_for_the_signal_is_kept():
    number = signal.SIGRTMIN + 12
    before = signal.signal(number, signal.SIG_IGN)
    try:
        assert threading.current_thread() is threading.main_thread()
        twinloop.run(asyncio.sleep(0))
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_ps_needs_a_number():
    asked = subprocess.run(
        [sys.executable, "-m", "twinloop", "--ps", "x"], capture_output=True, text=True, env=os.environ, check=False
    )
    assert asked.returncode == 2
    assert "--ps needs the number of a process" in asked.stderr
