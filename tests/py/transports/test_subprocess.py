"""Subprocesses: every argument of Popen, pipes as children of asyncio have them, and watching them without a thread."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import stat
import subprocess
import sys
import threading
import time
import warnings
from asyncio import base_subprocess

import pytest
import twinloop

PIPE = asyncio.subprocess.PIPE


async def output_of(*arguments, **options):
    process = await asyncio.create_subprocess_exec(*arguments, stdout=PIPE, **options)
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output


async def python(code, **options):
    return (await output_of(sys.executable, "-c", code, **options)).decode().strip()


def test_exec_and_shell_give_exit_statuses_and_output(run):
    async def main():
        assert await output_of("printf", "%s", "a b") == b"a b"
        process = await asyncio.create_subprocess_shell(
            "cat; echo error >&2; exit 7", stdin=PIPE, stdout=PIPE, stderr=PIPE
        )
        assert await process.communicate(b"input") == (b"input", b"error\n")
        assert process.returncode == 7
        process = await asyncio.create_subprocess_exec("sleep", "60")
        assert process.returncode is None
        process.terminate()
        assert await process.wait() == -signal.SIGTERM
        assert await process.wait() == -signal.SIGTERM

    run(main())


def test_a_childs_standard_streams_are_pipes(run):
    code = "import os, stat; print([stat.S_ISFIFO(os.fstat(fd).st_mode) for fd in range(3)])"

    async def main():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdin=PIPE, stdout=PIPE, stderr=PIPE)
        output, _ = await process.communicate()
        assert output.strip() == b"[True, True, True]"
        assert stat.S_ISFIFO(0o010000)

    run(main())


def test_popen_arguments_reach_the_child(run, tmp_path):
    async def main():
        assert await python("import os; print(os.getcwd())", cwd=tmp_path) == str(tmp_path)
        assert await python("import os; print(os.environ['NAME'])", env={**os.environ, "NAME": "value"}) == "value"
        assert await python("import os; print(oct(os.umask(0)))", umask=0o027) == "0o27"
        assert await python("import os; print(os.getpgid(0) == os.getpid())", process_group=0) == "True"
        assert await python("import os; print(os.getsid(0) == os.getpid())", start_new_session=True) == "True"
        seen = await python(
            "import os; print(os.environ['FROM'])", preexec_fn=lambda: os.environ.__setitem__("FROM", "x")
        )
        assert seen == "x"
        if os.getuid() == 0:
            options = {"user": 1, "group": 2, "extra_groups": [3, 4]}
            assert await output_of("sh", "-c", "id -u; id -g; id -G", **options) == b"1\n2\n2 3 4\n"
        with open(tmp_path / "file", "w+b") as file:
            process = await asyncio.create_subprocess_exec("echo", "to a file", stdout=file)
            assert await process.wait() == 0
            assert (tmp_path / "file").read_bytes() == b"to a file\n"
        assert (
            await python("print('x')", stderr=asyncio.subprocess.DEVNULL, close_fds=True, restore_signals=True) == "x"
        )
        process = await asyncio.create_subprocess_exec("argv0", "-c", "echo $0", executable="/bin/sh", stdout=PIPE)
        assert (await process.communicate())[0] == b"argv0\n"
        process = await asyncio.create_subprocess_shell(
            "echo both; echo streams >&2", stdout=PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert (await process.communicate())[0] == b"both\nstreams\n"

    run(main())


def test_pass_fds_hands_over_descriptors_and_nothing_else_leaks(run):
    async def main():
        read, write = os.pipe()
        code = f"import os; os.write({write}, b'passed'); print(sorted(os.listdir('/proc/self/fd')))"
        listed = await python(code, pass_fds=(write,))
        assert os.read(read, 100) == b"passed"
        open_in_child = {int(name) for name in eval(listed)}
        # One more is the listing's own.
        assert len(open_in_child) == 5 and {0, 1, 2, write} <= open_in_child
        os.close(read)
        os.close(write)

    run(main())


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"universal_newlines": True}, "universal_newlines must be False"),
        ({"text": True}, "text must be False"),
        ({"encoding": "utf-8"}, "encoding must be None"),
        ({"errors": "strict"}, "errors must be None"),
        ({"bufsize": 1}, "bufsize must be 0"),
        ({"shell": True}, "shell must be False"),
    ],
)
def test_arguments_that_make_no_sense_are_value_errors(run, options, error):
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(ValueError, match=error):
            await loop.subprocess_exec(asyncio.SubprocessProtocol, "true", **options)
        if "shell" not in options:
            with pytest.raises(ValueError, match=error):
                await loop.subprocess_shell(asyncio.SubprocessProtocol, "true", **options)

    run(main())


def test_wrong_commands_are_errors_at_once(run, count_descriptors):
    async def main():
        loop = asyncio.get_running_loop()
        before = count_descriptors()
        with pytest.raises(FileNotFoundError):
            await asyncio.create_subprocess_exec("/no/such/program", stdin=PIPE, stdout=PIPE)
        with pytest.raises(PermissionError):
            await asyncio.create_subprocess_exec("/etc/passwd")
        with pytest.raises(TypeError):
            await asyncio.create_subprocess_exec(sys.executable, 5)
        with pytest.raises(ValueError, match="cmd must be a string"):
            await loop.subprocess_shell(asyncio.SubprocessProtocol, ["echo"])
        assert count_descriptors() == before

    run(main())


class Recorder(asyncio.SubprocessProtocol):
    def __init__(self):
        self.calls = []
        self.lost = asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self.calls.append("connection_made")

    def pipe_data_received(self, fd, data):
        self.calls.append((fd, data))

    def pipe_connection_lost(self, fd, error):
        self.calls.append(("lost", fd))

    def process_exited(self):
        self.calls.append("process_exited")

    def connection_lost(self, error):
        self.calls.append("connection_lost")
        self.lost.set_result(error)


def test_a_subprocess_protocol_is_told_of_everything(run):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_shell(Recorder, "echo out", stdin=None, stderr=None)
        assert transport.get_pid() > 0
        assert transport.get_pipe_transport(0) is None and transport.get_pipe_transport(1) is not None
        assert isinstance(transport, asyncio.SubprocessTransport)
        assert transport.get_extra_info("subprocess").pid == transport.get_pid()
        await protocol.lost
        assert transport.get_returncode() == 0
        assert protocol.calls[0] == "connection_made" and protocol.calls[-1] == "connection_lost"
        assert {(1, b"out\n"), ("lost", 1), "process_exited"} == set(protocol.calls[1:-1])
        transport.close()

    run(main())


def test_closing_the_transport_kills_a_running_child(run):
    async def main():
        loop = asyncio.get_running_loop()
        transport, protocol = await loop.subprocess_exec(Recorder, "sleep", "60")
        transport.close()
        assert transport.is_closing()
        await protocol.lost
        assert transport.get_returncode() == -signal.SIGKILL

    run(main())


def test_no_thread_and_no_warning_and_a_hundred_children_at_once(run, count_descriptors):
    async def main():
        before = count_descriptors()
        threads = threading.active_count()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            processes = [await asyncio.create_subprocess_exec("sh", "-c", f"exit {number}") for number in range(100)]
            assert threading.active_count() == threads
            statuses = await asyncio.gather(*(process.wait() for process in processes))
        assert statuses == list(range(100))
        del processes
        assert count_descriptors() == before

    run(main(), limit_s=60)


def test_children_in_the_loops_of_other_threads():
    failures = []

    async def main(number):
        process = await asyncio.create_subprocess_exec("sh", "-c", f"exit {number}")
        assert await process.wait() == number

    def work(number):
        try:
            twinloop.run(main(number))
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failures


def test_a_sigchld_handler_of_the_program_is_called(run):
    async def main():
        loop = asyncio.get_running_loop()
        seen = []
        loop.add_signal_handler(signal.SIGCHLD, seen.append, "child")
        process = await asyncio.create_subprocess_exec("true")
        assert await process.wait() == 0
        plain = subprocess.Popen(["true"])
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        assert plain.wait() == 0
        assert loop.remove_signal_handler(signal.SIGCHLD)

    run(main())


def test_a_status_that_somebody_else_took_is_reported_as_255(run, caplog):
    async def main():
        process = await asyncio.create_subprocess_exec("sleep", "0.1")
        os.waitpid(process.pid, 0)
        assert await process.wait() == 255
        assert "already read" in caplog.text

    run(main())


def test_a_status_that_popen_took_is_kept(run):
    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", "exit 3")
        assert process._transport.get_extra_info("subprocess").wait() == 3
        assert await process.wait() == 3

    run(main())


def test_a_child_with_sigchld_ignored_ends_too(run):
    async def main():
        old = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            process = await asyncio.create_subprocess_exec("true")
            assert await process.wait() == 255
        finally:
            signal.signal(signal.SIGCHLD, old)

    run(main())


def test_without_pidfd_a_thread_waits(run, monkeypatch):
    def pidfd_open(pid):
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr("_twinloop.transports.children.os.pidfd_open", pidfd_open)

    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", "read line; exit 5", stdin=PIPE)
        assert any("waitpid" in thread.name for thread in threading.enumerate())
        process.stdin.write(b"\n")
        assert await process.wait() == 5

    run(main())


def test_a_loop_that_is_closed_lets_go_of_children_that_run(count_descriptors):
    before = count_descriptors()
    children = []

    async def main():
        children.append(await asyncio.create_subprocess_exec("sleep", "60"))

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        twinloop.run(main())
        pid = children.pop().pid
        assert count_descriptors() == before
    # The transport was collected, which killed the child; it may have been reaped since.
    with contextlib.suppress(ChildProcessError):
        assert os.WTERMSIG(os.waitpid(pid, 0)[1]) == signal.SIGKILL


def test_a_megabyte_goes_through_a_child_and_back(run):
    data = os.urandom(1 << 20)

    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        output, _ = await process.communicate(data)
        assert output == data

    run(main())


def test_a_child_that_closes_its_input_breaks_the_pipe(run):
    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", "exec <&-; sleep 0.2", stdin=PIPE)
        with pytest.raises((BrokenPipeError, ConnectionResetError)):
            while True:
                process.stdin.write(b"x" * 100_000)
                await process.stdin.drain()
        await process.wait()

    run(main())


# ---- the readers of a child --------------------------------------------------------------------------------------------


def on_both_loops(scenario, debug=False):
    """What ``scenario`` returns on asyncio's loop and on ours."""

    async def main():
        return await asyncio.wait_for(scenario(), 20)

    with warnings.catch_warnings():
        # 3.11's own loop asks for a child watcher, which 3.12 deprecates.
        warnings.simplefilter("ignore", DeprecationWarning)
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            asyncio.set_event_loop(runner.get_loop())
            expected = runner.run(main())
    return expected, twinloop.run(main(), debug=debug)


async def outcome(awaitable):
    try:
        return await awaitable
    except (Exception, asyncio.CancelledError) as error:
        return type(error).__name__, str(error), getattr(error, "partial", None)


def test_the_readers_of_a_child_are_native_and_asyncios(run):
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE, stderr=PIPE)
        readers = process.stdout, process.stderr
        process.stdin.close()
        await process.communicate()
        assert all(isinstance(reader, asyncio.StreamReader) for reader in readers)
        return [type(reader) is asyncio.StreamReader for reader in readers]

    assert run(main()) == [False, False]
    assert run(main(), debug=True) == [True, True]


@pytest.mark.parametrize("debug", [False, True])
def test_a_childs_output_is_read_as_on_asyncios_loop(debug):
    code = """if True:
        import sys
        for stream, text in (sys.stdout, "one\\ntwo|three\\n" + "x" * 100 + "\\nfour\\n12345rest"), (sys.stderr, "err\\nor"):
            stream.write(text)
            stream.flush()
        sys.exit(3)
    """

    async def scenario():
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, stderr=PIPE, limit=64)
        stdout = process.stdout
        results = [
            await outcome(stdout.readline()),
            await outcome(stdout.readuntil(b"|")),
            await outcome(stdout.readline()),
            await outcome(stdout.readline()),
            await outcome(stdout.readline()),
            await outcome(stdout.readexactly(5)),
            stdout.at_eof(),
            await outcome(stdout.readexactly(5)),
            stdout.at_eof(),
            await outcome(stdout.read()),
            [line async for line in process.stderr],
            repr(stdout.exception()),
            await process.wait(),
        ]
        return results + list(await process.communicate())

    expected, ours = on_both_loops(scenario, debug)
    assert ours == expected
    assert expected[2] == b"three\n" and expected[7][2] == b"rest"


def test_what_a_child_wrote_while_its_pipes_were_connected_comes_first_and_in_order(run):
    lines = b"".join(b"%d\n" % number for number in range(20_000))
    code = "import os\nfor number in range(20_000): os.write(1, b'%d\\n' % number)"

    async def main():
        loop = asyncio.get_running_loop()
        busy = True

        def slow_turn():
            # Something to read is there in each of the turns in which the pipes are connected.
            time.sleep(0.01)
            if busy:
                loop.call_soon(slow_turn)

        slow_turn()
        process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=PIPE, limit=1 << 20)
        assert type(process.stdout) is not asyncio.StreamReader
        busy = False
        assert (await process.communicate())[0] == lines

    run(main())


def test_a_child_that_writes_without_end_waits_for_its_reader(run):
    limit = 1000

    async def main():
        process = await asyncio.create_subprocess_exec("yes", stdout=PIPE, limit=limit)
        transport = process._transport.get_pipe_transport(1)
        for _ in range(3):
            while transport.is_reading():
                await asyncio.sleep(0)
            held = len(process.stdout._buffer)
            assert 2 * limit < held <= 2 * limit + 256 * 1024
            await asyncio.sleep(0.01)
            assert len(process.stdout._buffer) == held
            assert await process.stdout.readexactly(held) == (b"y\n" * held)[:held]
            assert transport.is_reading()
        process.kill()
        await process.communicate()
        assert process.returncode == -signal.SIGKILL

    run(main())


def test_a_cancelled_read_of_a_child_loses_nothing(run):
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        for _ in range(100):
            reading = asyncio.create_task(process.stdout.readline())
            await asyncio.sleep(0)
            process.stdin.write(b"line\n")
            await asyncio.sleep(0)
            reading.cancel()
            if await outcome(reading) != b"line\n":
                assert await process.stdout.readline() == b"line\n"
        process.stdin.close()
        assert await process.communicate() == (b"", None)

    run(main())


def test_another_protocol_gets_what_a_child_writes_from_then_on(run):
    async def main():
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE, stdout=PIPE)
        process.stdin.write(b"first\n")
        assert await process.stdout.readline() == b"first\n"
        recorder = Recorder()
        process._transport.set_protocol(recorder)
        process.stdin.write(b"second\n")
        while not recorder.calls:
            await asyncio.sleep(0.001)
        assert recorder.calls == [(1, b"second\n")]
        process.stdin.close()
        await recorder.lost

    run(main())


@pytest.mark.parametrize("where", ["in a subclass", "in the class", "in the pipe's protocol"])
def test_a_protocol_whose_methods_somebody_changed_is_called_as_by_asyncio(run, monkeypatch, where):
    StreamProtocol, PipeProtocol = asyncio.subprocess.SubprocessStreamProtocol, base_subprocess.ReadSubprocessPipeProto
    calls = []

    def recorded(owner, method):
        def called(self, *arguments):
            calls.append(arguments)
            return original(self, *arguments)

        original = getattr(owner, method)
        return called

    if where == "in a subclass":
        name, kind = "SubprocessStreamProtocol", type("Mine", (StreamProtocol,), {})
        kind.pipe_data_received = recorded(StreamProtocol, "pipe_data_received")
        monkeypatch.setattr(asyncio.subprocess, name, kind)
    elif where == "in the class":
        monkeypatch.setattr(StreamProtocol, "pipe_data_received", recorded(StreamProtocol, "pipe_data_received"))
    else:
        monkeypatch.setattr(PipeProtocol, "data_received", recorded(PipeProtocol, "data_received"), raising=False)

    async def main():
        assert await output_of("echo", "text") == b"text\n"
        assert [arguments[-1] for arguments in calls] == [b"text\n"]

    run(main())


def test_wait_waits_for_the_child_and_not_for_a_grandchild_that_holds_its_output(run, tmp_path):
    # asyncio woke who waits once the pipes were closed: as late as what the child had left in the background.
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)

    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", f"cat {fifo} & exit 3", stdout=PIPE)
        assert await asyncio.gather(*[process.wait() for _ in range(3)]) == [3, 3, 3]
        assert await process.wait() == 3 and not process.stdout.at_eof()
        await asyncio.to_thread(fifo.write_bytes, b"from the grandchild")
        assert await process.communicate() == (b"from the grandchild", None)

    run(main())
