"""Every method of ``asyncio.AbstractEventLoop`` that no other file here is about: what it does, and its argument errors."""

from __future__ import annotations

import asyncio
import concurrent.futures
import contextvars
import inspect
import os
import signal
import socket
import sys
import threading
import time

import pytest
import twinloop

SINCE_3_12 = pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks came with 3.12")


def test_every_method_of_the_abstract_loop_is_implemented(loop):
    for name, abstract in vars(asyncio.AbstractEventLoop).items():
        if inspect.isfunction(abstract):
            implemented = getattr(type(loop), name)
            assert implemented is not abstract, name
    assert isinstance(loop, asyncio.AbstractEventLoop)


# ---- running -----------------------------------------------------------------------------------------------------------


def test_run_until_complete_takes_coroutines_futures_and_awaitables(loop):
    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "awaited"

    assert loop.run_until_complete(asyncio.sleep(0, "coroutine")) == "coroutine"
    future = loop.create_future()
    loop.call_soon(future.set_result, "future")
    assert loop.run_until_complete(future) == "future"
    assert loop.run_until_complete(Awaitable()) == "awaited"
    with pytest.raises(TypeError):
        loop.run_until_complete(5)


def test_run_until_complete_of_a_stopped_loop_is_an_error(loop):
    async def stop():
        loop.stop()
        await asyncio.sleep(10)

    with pytest.raises(RuntimeError, match="Event loop stopped before Future completed"):
        loop.run_until_complete(stop())
    for task in asyncio.all_tasks(loop):
        task.cancel()
    loop.run_until_complete(asyncio.sleep(0))


def test_a_running_loop_cannot_be_run_or_closed_and_a_second_loop_cannot_run_in_it(run):
    async def main():
        loop = asyncio.get_running_loop()
        with pytest.raises(RuntimeError, match="already running"):
            loop.run_forever()
        with pytest.raises(RuntimeError, match="Cannot close a running event loop"):
            loop.close()
        other = twinloop.new_event_loop()
        with pytest.raises(RuntimeError, match="Cannot run the event loop while another loop is running"):
            other.run_forever()
        other.close()

    run(main())


def test_close_can_be_repeated_and_a_closed_loop_refuses(loop):
    loop.close()
    loop.close()
    assert loop.is_closed() and not loop.is_running()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.run_forever()
    coroutine = asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.run_until_complete(coroutine)
    coroutine.close()
    with pytest.raises(RuntimeError, match="Event loop is closed"):
        loop.run_in_executor(None, print)


def test_stop_before_the_run_lets_one_turn_happen(loop):
    seen = []
    loop.stop()
    loop.call_soon(seen.append, 1)
    loop.call_soon(loop.call_soon, seen.append, 2)
    loop.run_forever()
    assert seen == [1]


def test_the_clock_is_monotonic_time(loop):
    before = time.monotonic()
    assert before <= loop.time() <= time.monotonic()


def test_the_runner_keeps_its_context_and_handles_ctrl_c():
    variable = contextvars.ContextVar("variable", default=0)

    async def set_variable():
        variable.set(variable.get() + 1)

    async def wait_for_ctrl_c():
        asyncio.get_running_loop().call_later(0.01, signal.raise_signal, signal.SIGINT)
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    cancelled = []
    with asyncio.Runner(loop_factory=twinloop.new_event_loop) as runner:
        assert isinstance(runner.get_loop(), twinloop.EventLoop)
        runner.run(set_variable())
        runner.run(set_variable())
        assert runner.run(asyncio.sleep(0, "result")) == "result"
        with pytest.raises(KeyboardInterrupt):
            runner.run(wait_for_ctrl_c())
    assert cancelled == [True] and variable.get() == 0


def test_shutdown_asyncgens_closes_them_and_later_ones_warn(loop):
    closed = []

    async def generator(name):
        try:
            yield 1
        finally:
            closed.append(name)

    async def main():
        first = generator("first")
        await first.__anext__()
        await loop.shutdown_asyncgens()
        assert closed == ["first"]
        with pytest.warns(ResourceWarning, match="was scheduled after loop.shutdown_asyncgens"):
            late = generator("late")
            await late.__anext__()
        await late.aclose()

    hooks = sys.get_asyncgen_hooks()
    loop.run_until_complete(main())
    assert sys.get_asyncgen_hooks() == hooks


# ---- callbacks ---------------------------------------------------------------------------------------------------------


def test_times_of_timers_are_checked(loop):
    with pytest.raises(TypeError):
        loop.call_later(None, print)
    with pytest.raises(TypeError):
        loop.call_at(None, print)
    with pytest.raises(TypeError):
        loop.call_later("1", print)
    with pytest.raises(TypeError):
        loop.call_later(1)
    handle = loop.call_later(60, print)
    assert handle.when() == pytest.approx(loop.time() + 60, abs=5)
    handle.cancel()
    assert handle.cancelled()


def test_timers_are_never_early(run):
    async def main():
        loop = asyncio.get_running_loop()
        late = []
        for delay in [0, 1e-9, 1e-6, 10e-6, 50e-6, 200e-6, 1e-3, 1.0001e-3, 5e-3] * 20:
            done = loop.create_future()
            start = time.monotonic_ns()
            loop.call_later(delay, done.set_result, None)
            await done
            taken = time.monotonic_ns() - start
            assert taken >= delay * 1e9
            start = time.monotonic_ns()
            await asyncio.sleep(delay)
            assert time.monotonic_ns() - start >= delay * 1e9
            late.append(taken - delay * 1e9)
        late.sort()
        print(f"late: median {late[len(late) // 2] / 1e3:.0f} us, worst {late[-1] / 1e3:.0f} us")

    run(main())


def test_coroutines_are_refused_as_callbacks_in_debug_mode(run):
    async def coroutine_function():
        pass

    async def main():
        loop = asyncio.get_running_loop()
        for method in (loop.call_soon, loop.call_soon_threadsafe):
            with pytest.raises(TypeError, match="coroutines cannot be used"):
                method(coroutine_function)
            with pytest.raises(TypeError, match="a callable object was expected"):
                method("text")
        with pytest.raises(TypeError, match="coroutines cannot be used"):
            loop.call_later(1, coroutine_function)

    run(main(), debug=True)


# ---- tasks -------------------------------------------------------------------------------------------------------------


def factory_with_two_arguments(loop, coro):
    return asyncio.Task(coro, loop=loop)


def factory_with_a_context(loop, coro, context=None):
    return asyncio.Task(coro, loop=loop, context=context)


def factory_with_keywords(loop, coro, **options):
    return asyncio.Task(coro, loop=loop, **options)


class FactoryObject:
    def __call__(self, loop, coro, *, context=None, **options):
        return asyncio.Task(coro, loop=loop, context=context, **options)


@pytest.mark.parametrize(
    "factory", [factory_with_two_arguments, factory_with_a_context, factory_with_keywords, FactoryObject()]
)
def test_task_factories_of_every_shape(run, factory):
    async def main():
        loop = asyncio.get_running_loop()
        loop.set_task_factory(factory)
        assert loop.get_task_factory() is factory
        task = loop.create_task(asyncio.sleep(0, "result"))
        assert await task == "result"
        named = asyncio.create_task(asyncio.sleep(0), name="a name")
        assert named.get_name() == "a name"
        await named
        async with asyncio.TaskGroup() as group:
            grouped = group.create_task(asyncio.sleep(0, 2))
        assert grouped.result() == 2
        assert await asyncio.gather(asyncio.sleep(0, 3), asyncio.sleep(0, 4)) == [3, 4]
        assert await asyncio.wait_for(asyncio.sleep(0, 5), 1) == 5
        if factory is not factory_with_two_arguments:
            context = contextvars.copy_context()
            variable = contextvars.ContextVar("variable")
            context.run(variable.set, "inside")

            async def read():
                return variable.get()

            assert await loop.create_task(read(), context=context) == "inside"
        loop.set_task_factory(None)
        assert loop.get_task_factory() is None

    run(main())


def test_a_task_factory_must_be_callable(loop):
    with pytest.raises(TypeError, match="task factory must be a callable or None"):
        loop.set_task_factory(5)


@SINCE_3_12
def test_asyncios_eager_task_factories(run):
    async def main():
        loop = asyncio.get_running_loop()
        for factory in (asyncio.eager_task_factory, asyncio.create_eager_task_factory(asyncio.Task)):
            loop.set_task_factory(factory)
            started = []

            async def work():
                started.append(asyncio.current_task())
                await asyncio.sleep(0)
                return "done"

            task = asyncio.create_task(work(), name="eager")
            assert len(started) == 1 and started[0] is task
            assert await task == "done"
            assert task.get_name() == "eager"
            at_once = asyncio.create_task(asyncio.sleep(-1, "at once"))
            assert await at_once == "at once"

            async def no_wait():
                return "no wait"

            finished = loop.create_task(no_wait())
            assert finished.done() and finished.result() == "no wait"
            async with asyncio.TaskGroup() as group:
                group.create_task(work())
            reader, writer = await connected_streams()
            writer.write(b"x")
            assert await reader.readexactly(1) == b"x"
            writer.close()

    run(main())


async def connected_streams():
    """Streams over a connection to an echo server of their own."""

    async def echo(reader, writer):
        writer.write(await reader.read(100))
        writer.close()

    server = await asyncio.start_server(echo, "127.0.0.1", 0)
    streams = await asyncio.open_connection(*server.sockets[0].getsockname())
    server.close()
    return streams


# ---- executors and names -----------------------------------------------------------------------------------------------


def test_executors_are_checked_and_used(run):
    async def main():
        loop = asyncio.get_running_loop()
        assert await loop.run_in_executor(None, lambda a, b: (a, b), 1, 2) == (1, 2)
        with concurrent.futures.ThreadPoolExecutor(1, thread_name_prefix="mine") as pool:
            assert (await loop.run_in_executor(pool, threading.current_thread)).name.startswith("mine")
            loop.set_default_executor(pool)
            assert (await loop.run_in_executor(None, threading.current_thread)).name.startswith("mine")
        with pytest.raises(TypeError, match="ThreadPoolExecutor"):
            loop.set_default_executor(object())
        await loop.shutdown_default_executor()
        with pytest.raises(RuntimeError, match="Executor shutdown has been called"):
            loop.run_in_executor(None, print)

    run(main())


def test_getaddrinfo_and_getnameinfo(run):
    async def main():
        loop = asyncio.get_running_loop()
        [(family, kind, _, _, address)] = await loop.getaddrinfo("127.0.0.1", 80, type=socket.SOCK_STREAM)
        assert (family, kind, address) == (socket.AF_INET, socket.SOCK_STREAM, ("127.0.0.1", 80))
        expected = socket.getaddrinfo("localhost", "80", type=socket.SOCK_STREAM)
        assert await loop.getaddrinfo("localhost", "80", type=socket.SOCK_STREAM) == expected
        for host, port, options in [
            ("127.0.0.1", None, {}),
            (None, 80, {"flags": socket.AI_PASSIVE}),
            (b"127.0.0.1", b"80", {}),
            ("::1", 80, {}),
            ("::1", 80, {"family": socket.AF_INET6, "proto": socket.IPPROTO_TCP}),
            ("127.0.0.1", "http", {}),
        ]:
            assert await loop.getaddrinfo(host, port, **options) == socket.getaddrinfo(host, port, **options)
        with pytest.raises(socket.gaierror):
            await loop.getaddrinfo("::1", 80, family=socket.AF_INET)
        flags = socket.NI_NUMERICHOST | socket.NI_NUMERICSERV
        assert await loop.getnameinfo(("127.0.0.1", 80), flags) == ("127.0.0.1", "80")

    run(main())


def test_getaddrinfo_answers_as_the_socket_module_does(run):
    async def main():
        loop = asyncio.get_running_loop()
        compared = 0
        for host in (
            "127.0.0.1",
            "::1",
            "::0001",
            "::ffff:1.2.3.4",
            "0.0.0.0",
            "127.1",
            "localhost",
            b"localhost",
            None,
        ):
            for port in (80, 0, None, "80", b"80", "http", 65535):
                for options in (
                    {},
                    {"type": socket.SOCK_STREAM},
                    {"type": socket.SOCK_DGRAM},
                    {"type": socket.SOCK_RAW},
                    {"proto": socket.IPPROTO_UDP},
                    {"type": socket.SOCK_RAW, "proto": socket.IPPROTO_TCP},
                    {"family": socket.AF_INET},
                    {"family": socket.AF_INET6},
                    {"flags": socket.AI_PASSIVE},
                    {"flags": socket.AI_CANONNAME},
                    {"flags": socket.AI_NUMERICHOST},
                    {"type": socket.SOCK_STREAM, "proto": socket.IPPROTO_UDP},
                ):
                    assert await outcome(loop.getaddrinfo(host, port, **options)) == outcome_of_socket(
                        host, port, options
                    ), (host, port, options)
                    compared += 1
        assert compared == 756

    async def outcome(coroutine):
        try:
            return await coroutine
        except OSError as error:
            return type(error), error.args

    def outcome_of_socket(host, port, options):
        try:
            return socket.getaddrinfo(host, port, **options)
        except OSError as error:
            return type(error), error.args

    run(main())


def test_wrong_hosts_and_ports_are_errors_and_a_result_may_be_changed(run):
    async def main():
        loop = asyncio.get_running_loop()
        for host, port, error in [
            (5, 80, TypeError),
            ("127.0.0.1", 1.5, OSError),
            ("a\0b", 80, (ValueError, UnicodeError, OSError)),
            ("name.invalid", 80, socket.gaierror),
            ("127.0.0.1", "no such service", socket.gaierror),
        ]:
            with pytest.raises(error):
                await loop.getaddrinfo(host, port)
        first = await loop.getaddrinfo("127.0.0.1", 80)
        first.clear()
        assert await loop.getaddrinfo("127.0.0.1", 80)
        waiting = asyncio.create_task(loop.getaddrinfo("localhost", 80))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(main())


def test_a_replaced_getaddrinfo_is_called(run, monkeypatch):
    answer = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("192.0.2.1", 80))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *arguments, **options: answer)

    async def main():
        assert await asyncio.get_running_loop().getaddrinfo("127.0.0.1", 80) == answer

    run(main())


def test_the_scope_of_an_ipv6_literal_is_kept(run):
    index = socket.if_nametoindex("lo")

    async def main():
        loop = asyncio.get_running_loop()
        for host in ("fe80::1%lo", f"fe80::1%{index}"):
            [(*_, address)] = await loop._ensure_resolved((host, 80), family=socket.AF_INET6, type=socket.SOCK_STREAM)
            assert address == ("fe80::1", 80, 0, index)
            [(*_, address)] = await loop.getaddrinfo(host, 80, type=socket.SOCK_STREAM)
            assert address == ("fe80::1", 80, 0, index)

    async def four_parts():
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_INET6) as sock:
            sock.setblocking(False)
            # Nobody has this address, but the error is about the address and not about a missing scope (EINVAL).
            with pytest.raises(OSError) as caught:
                await asyncio.wait_for(loop.sock_connect(sock, ("fe80::1", 1, 0, index)), 0.1)
            assert not isinstance(caught.value, socket.gaierror) and caught.value.errno != 22

    run(main())
    run(four_parts())


# ---- signals -----------------------------------------------------------------------------------------------------------


def test_signal_handlers_get_arguments_and_can_be_replaced_and_removed(run):
    async def main():
        loop = asyncio.get_running_loop()
        seen = []
        loop.add_signal_handler(signal.SIGUSR1, seen.append, "first")
        signal.raise_signal(signal.SIGUSR1)
        await asyncio.sleep(0.01)
        loop.add_signal_handler(signal.SIGUSR1, seen.append, "second")
        os.kill(os.getpid(), signal.SIGUSR1)
        while len(seen) < 2:
            await asyncio.sleep(0.001)
        assert seen == ["first", "second"]
        assert loop.remove_signal_handler(signal.SIGUSR1) is True
        assert loop.remove_signal_handler(signal.SIGUSR1) is False
        assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL

    run(main())


def test_a_signal_from_another_thread_wakes_a_sleeping_loop(run):
    async def main():
        loop = asyncio.get_running_loop()
        seen = asyncio.Event()
        loop.add_signal_handler(signal.SIGUSR2, seen.set)
        thread = threading.Timer(0.02, os.kill, (os.getpid(), signal.SIGUSR2))
        thread.start()
        await seen.wait()
        thread.join()
        loop.remove_signal_handler(signal.SIGUSR2)

    run(main())


def test_wrong_signals_and_handlers_are_errors(loop):
    async def coroutine_function():
        pass

    with pytest.raises(TypeError, match="sig must be an int"):
        loop.add_signal_handler("SIGINT", print)
    with pytest.raises(ValueError, match="invalid signal number"):
        loop.add_signal_handler(4000, print)
    with pytest.raises(RuntimeError, match="cannot be caught"):
        loop.add_signal_handler(signal.SIGKILL, print)
    with pytest.raises(TypeError, match="coroutines cannot be used"):
        loop.add_signal_handler(signal.SIGUSR1, coroutine_function)
    errors = []

    def in_a_thread():
        try:
            loop.add_signal_handler(signal.SIGUSR1, print)
        except RuntimeError as error:
            errors.append(error)

    thread = threading.Thread(target=in_a_thread)
    thread.start()
    thread.join()
    assert errors


def test_closing_the_loop_removes_its_signal_handlers(loop):
    loop.add_signal_handler(signal.SIGUSR1, print)
    loop.close()
    assert signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL


# ---- errors ------------------------------------------------------------------------------------------------------------


def test_the_exception_handler_is_checked_used_and_survives_its_own_failure(loop, caplog):
    with pytest.raises(TypeError, match="A callable object or None is expected"):
        loop.set_exception_handler(5)
    contexts = []
    loop.set_exception_handler(lambda _loop, context: contexts.append(context))
    assert loop.get_exception_handler() is not None
    loop.call_exception_handler({"message": "hello"})
    assert contexts == [{"message": "hello"}]

    def failing(_loop, _context):
        raise ValueError("handler failed")

    loop.set_exception_handler(failing)
    loop.call_exception_handler({"message": "hello"})
    assert "Unhandled error in exception handler" in caplog.text
    loop.set_exception_handler(None)
    loop.default_exception_handler({"message": "default says this", "exception": ValueError("x")})
    assert "default says this" in caplog.text


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
@pytest.mark.parametrize("where", ["call_soon", "call_later", "call_soon_threadsafe", "reader", "signal"])
def test_an_exit_leaves_the_loop_from_every_kind_of_callback_and_it_can_go_on(loop, kind, where):
    def leave():
        if where == "reader":
            loop.remove_reader(left)
        raise kind("leaving")

    left, right = socket.socketpair()
    with left, right:
        if where == "call_later":
            loop.call_later(0.001, leave)
        elif where == "reader":
            loop.add_reader(left, leave)
            right.send(b"x")
        elif where == "signal":
            loop.add_signal_handler(signal.SIGUSR1, leave)
            loop.call_soon(signal.raise_signal, signal.SIGUSR1)
        else:
            getattr(loop, where)(leave)
        with pytest.raises(kind, match="leaving"):
            loop.run_forever()
        assert loop.run_until_complete(asyncio.sleep(0.001, "goes on")) == "goes on"


class Unusual(BaseException):
    pass


def test_another_base_exception_in_a_callback_is_reported_as_asyncio_does(loop, errors):
    def fail():
        raise Unusual("odd")

    errors.collect(loop)
    loop.call_soon(fail)
    loop.run_until_complete(asyncio.sleep(0))
    assert isinstance(errors[0]["exception"], Unusual)


def test_a_descriptor_that_is_closed_under_the_loop_does_no_harm(run):
    async def main():
        loop = asyncio.get_running_loop()
        left, right = socket.socketpair()
        number = left.fileno()
        loop.add_reader(left, print)
        left.close()
        right.close()
        await asyncio.sleep(0.001)
        other, peer = socket.socketpair()
        with other, peer:
            assert number in (other.fileno(), peer.fileno())
            watched, writer = (other, peer) if other.fileno() == number else (peer, other)
            readable = asyncio.Event()
            loop.add_reader(watched, readable.set)
            writer.send(b"x")
            await asyncio.wait_for(readable.wait(), 5)
            loop.remove_reader(watched)

    run(main())


# ---- loops in threads --------------------------------------------------------------------------------------------------


def test_hundreds_of_loops_in_threads_with_connections_and_children():
    failures = []

    async def main(number):
        ours, theirs = socket.socketpair()
        with theirs:
            theirs.send(b"%d" % number)
            reader, writer = await asyncio.open_connection(sock=ours)
            assert await reader.read(10) == b"%d" % number
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.001)

    def work(number):
        try:
            twinloop.run(main(number))
        except BaseException as error:
            failures.append(error)

    for _ in range(3):
        threads = [threading.Thread(target=work, args=(number,)) for number in range(100)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


# ---- subclasses ----------------------------------------------------------------------------------------------------------


def test_a_subclass_may_take_arguments_of_its_own():
    class NamedLoop(twinloop.EventLoop):
        def __init__(self, name, *, color=None):
            super().__init__()
            self.name, self.color = name, color

    for event_loop in (NamedLoop("main", color="red"), NamedLoop(name="main", color="red")):
        event_loop.run_until_complete(asyncio.sleep(0))
        assert (event_loop.name, event_loop.color) == ("main", "red")
        event_loop.close()


@pytest.mark.parametrize("arguments", [{"nonsense": 1}, {"test_clock": True, "nonsense": 1}])
def test_the_loop_itself_takes_no_arguments_that_it_does_not_know(arguments):
    with pytest.raises(TypeError, match="nonsense"):
        twinloop.EventLoop(**arguments)
    with pytest.raises(TypeError, match="positional"):
        twinloop.EventLoop(1)


def test_a_subclass_asks_for_the_test_clock_where_the_loop_is_made():
    class Late(twinloop.EventLoop):
        def __init__(self, _name):
            super().__init__(test_clock=True)

    class Timely(Late):
        def __new__(cls, _name):
            return super().__new__(cls, test_clock=True)

    with pytest.raises(TypeError, match="__new__"):
        Late("x")
    event_loop = Timely("x")
    event_loop.run_until_complete(asyncio.sleep(3600))
    event_loop.close()
