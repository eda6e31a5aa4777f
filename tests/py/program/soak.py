"""A soak test: random operations with faults among them, for as long as asked; descriptors and memory must stay flat.

Usage: python tests/py/program/soak.py [--seconds S] [--seed N] [--workers W]

Each round runs random operations for some seconds, lets everything end, and takes stock of descriptors, memory, tasks and
the loop's own counts. An error that no operation provoked, an operation that does not end, a descriptor more than at the start or
memory that grows ends it with status 1. The same seed gives the same choices, not the same timing.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import gc
import os
import pathlib
import random
import signal
import socket
import ssl
import statistics
import struct
import sys
import tempfile
import threading
import time

import twinloop

CERTIFICATES = pathlib.Path(__file__).parents[1] / "certificates"
ROUND_S = 10.0
OPERATION_LIMIT_S = 60.0
# What the allocator may keep without anything being lost.
GROWTH_MIB = 12.0

OPERATIONS = []


class ProvokedError(Exception):
    """Raised by an operation on purpose."""


def operation(function):
    """Registers a coroutine function that is called with the soak and must end by itself."""
    OPERATIONS.append(function)
    return function


class Soak:
    """What the operations share: the choices, the servers, and what went wrong."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.problems = []
        self.done = dict.fromkeys((function.__name__ for function in OPERATIONS), 0)
        self.folder = tempfile.TemporaryDirectory()
        self.server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.server_tls.load_cert_chain(CERTIFICATES / "server.pem")
        self.client_tls = ssl.create_default_context(cafile=str(CERTIFICATES / "authority.pem"))
        self.strange_tls = ssl.create_default_context()

    def chance(self, part):
        return self.random.random() < part

    def payload(self, most=300_000):
        return self.random.randbytes(int(most ** self.random.random()))

    def report(self, _loop, context):
        error = context.get("exception")
        # A peer that is cut is part of the game, and the loop may say so.
        if not isinstance(error, (ProvokedError, ConnectionError, ssl.SSLError, TimeoutError)):
            self.problems.append(f"{context.get('message')}: {error!r}")


def reset(writer):
    """Ends a connection with RST."""
    sock = writer.get_extra_info("socket")
    if sock is not None:
        with contextlib.suppress(OSError):
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@contextlib.asynccontextmanager
async def echo_server(soak, **options):
    """A streams echo server whose handlers fail now and then."""
    tasks = set()

    async def echo(reader, writer):
        tasks.add(asyncio.current_task())
        try:
            while data := await reader.read(1 + soak.random.randrange(70_000)):
                if soak.chance(0.01):
                    reset(writer)
                    return
                writer.write(data)
                await writer.drain()
        except (OSError, ssl.SSLError, asyncio.CancelledError):
            # asyncio's streams of 3.11 report a handler that was cancelled as an error.
            pass
        finally:
            writer.close()
            tasks.discard(asyncio.current_task())

    server = await asyncio.start_server(echo, "127.0.0.1", 0, **options)
    try:
        yield server.sockets[0].getsockname()[:2]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def converse(soak, reader, writer):
    """Sends random messages and expects them back, or breaks off."""
    try:
        for _ in range(soak.random.randrange(1, 8)):
            message = soak.payload()
            writer.write(message)
            if soak.chance(0.05):
                reset(writer)
                return
            received = await asyncio.gather(writer.drain(), reader.readexactly(len(message)))
            if received[1] != message:
                soak.problems.append("an echo differs from what was sent")
        if soak.chance(0.3) and writer.can_write_eof():
            writer.write_eof()
            await reader.read()
    except (OSError, asyncio.IncompleteReadError, ssl.SSLError):
        pass
    finally:
        writer.close()
        with contextlib.suppress(OSError, ssl.SSLError, TimeoutError):
            await writer.wait_closed()


@operation
async def streams_over_tcp(soak):
    async with echo_server(soak) as address:
        for _ in range(3):
            await converse(soak, *await asyncio.open_connection(*address))


@operation
async def streams_over_tls(soak):
    async with echo_server(soak, ssl=soak.server_tls) as address:
        await converse(soak, *await asyncio.open_connection(*address, ssl=soak.client_tls, server_hostname="localhost"))


@operation
async def tls_that_fails(soak):
    async with echo_server(soak, ssl=soak.server_tls) as address:
        if soak.chance(0.5):
            with contextlib.suppress(ssl.SSLError, OSError):
                _, writer = await asyncio.open_connection(*address, ssl=soak.strange_tls, server_hostname="localhost")
                writer.close()
                soak.problems.append("a certificate of an unknown authority was accepted")
        else:
            reader, writer = await asyncio.open_connection(*address)
            writer.write(soak.payload(2000))
            with contextlib.suppress(OSError):
                await asyncio.wait_for(reader.read(), 0.2)
            reset(writer)


@operation
async def start_tls_in_mid_stream(soak):
    ready = asyncio.Event()

    async def serve(reader, writer):
        try:
            await reader.readexactly(1)
            writer.write(b"!")
            await writer.start_tls(soak.server_tls)
            writer.write(await reader.readexactly(1000))
            await writer.drain()
        except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            ready.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
    try:
        writer.write(b"?")
        await reader.readexactly(1)
        if soak.chance(0.8):
            await writer.start_tls(soak.client_tls, server_hostname="localhost")
            message = soak.random.randbytes(1000)
            writer.write(message)
            if await reader.readexactly(1000) != message:
                soak.problems.append("an echo after start_tls differs")
    except (OSError, ssl.SSLError, asyncio.IncompleteReadError):
        soak.problems.append("start_tls failed")
    finally:
        writer.close()
        await ready.wait()
        server.close()


@operation
async def protocols_that_raise(soak):
    class Failing(asyncio.Protocol):
        def connection_made(self, transport):
            self.transport = transport
            if soak.chance(0.1):
                transport.abort()

        def data_received(self, data):
            self.transport.write(data)
            if soak.chance(0.2):
                raise ProvokedError

        def connection_lost(self, error):
            if soak.chance(0.1):
                raise ProvokedError

    loop = asyncio.get_running_loop()
    server = await loop.create_server(Failing, "127.0.0.1", 0)
    with contextlib.suppress(OSError, TimeoutError):
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname()[:2])
        for _ in range(5):
            writer.write(soak.payload(5000))
            await asyncio.wait_for(reader.read(100), 0.2)
        reset(writer)
    server.close()


@operation
async def back_pressure(soak):
    paused = asyncio.Event()
    lost = asyncio.Event()

    class Sender(asyncio.Protocol):
        def pause_writing(self):
            paused.set()

        def connection_lost(self, error):
            lost.set()

    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    transport, _ = await loop.create_connection(Sender, sock=left)
    with right:
        transport.set_write_buffer_limits(high=1000)
        while not paused.is_set():
            transport.write(bytes(100_000))
        if soak.chance(0.5):
            transport.pause_reading()
            transport.resume_reading()
        transport.abort() if soak.chance(0.5) else right.close()
        transport.close()
    transport.abort()
    await lost.wait()


@operation
async def socket_methods(soak):
    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    with left, right:
        left.setblocking(False)
        right.setblocking(False)
        message = soak.payload(200_000)
        sending = asyncio.ensure_future(loop.sock_sendall(left, message))
        received = bytearray()
        while len(received) < len(message):
            received += await loop.sock_recv(right, 1 + soak.random.randrange(100_000))
        await sending
        if received != message:
            soak.problems.append("sock_recv got something else than sock_sendall sent")
        waiting = asyncio.ensure_future(loop.sock_recv(right, 1))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


@operation
async def datagrams(soak):
    loop = asyncio.get_running_loop()
    received = asyncio.Queue()

    class Receiver(asyncio.DatagramProtocol):
        def datagram_received(self, data, address):
            received.put_nowait((data, address))

        def error_received(self, error):
            pass

    server, _ = await loop.create_datagram_endpoint(Receiver, local_addr=("127.0.0.1", 0))
    client, _ = await loop.create_datagram_endpoint(Receiver, remote_addr=server.get_extra_info("sockname"))
    for _ in range(5):
        message = soak.payload(8000)
        client.sendto(message)
        with contextlib.suppress(TimeoutError):
            data, address = await asyncio.wait_for(received.get(), 1)
            server.sendto(data, address)
            await asyncio.wait_for(received.get(), 1)
    server.close()
    client.sendto(b"nobody is there any more")
    client.close()


@operation
async def unix_sockets(soak):
    path = os.path.join(soak.folder.name, f"{soak.random.getrandbits(64):x}")

    async def echo(reader, writer):
        with contextlib.suppress(OSError):
            writer.write(await reader.read(1000))
        writer.close()

    server = await asyncio.start_unix_server(echo, path)
    reader, writer = await asyncio.open_unix_connection(path)
    writer.write(b"message")
    with contextlib.suppress(OSError):
        await reader.read()
    writer.close()
    server.close()
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path)


@operation
async def subprocesses(soak):
    pipe = asyncio.subprocess.PIPE
    if soak.chance(0.5):
        process = await asyncio.create_subprocess_exec("cat", stdin=pipe, stdout=pipe)
        message = soak.payload(100_000)
        output, _ = await process.communicate(message)
        if output != message:
            soak.problems.append("cat gave something else than it got")
    else:
        process = await asyncio.create_subprocess_exec("sleep", "60")
        await asyncio.sleep(soak.random.random() * 0.01)
        process.kill()
        if await process.wait() != -signal.SIGKILL:
            soak.problems.append("a killed process ended otherwise")


@operation
async def pipes(soak):
    loop = asyncio.get_running_loop()
    reading, writing = os.pipe()
    reader = asyncio.StreamReader()
    transport, _ = await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), open(reading, "rb", 0))
    writer, _ = await loop.connect_write_pipe(asyncio.Protocol, open(writing, "wb", 0))
    message = soak.payload(50_000)
    writer.write(message)
    writer.close()
    if await reader.read() != message:
        soak.problems.append("a pipe gave something else than was written")
    transport.close()


@operation
async def timers(soak):
    loop = asyncio.get_running_loop()
    fired = []
    handles = [loop.call_later(soak.random.random() * 0.02, fired.append, index) for index in range(1000)]
    cancelled = set(soak.random.sample(range(1000), 500))
    for index in cancelled:
        handles[index].cancel()
    await asyncio.sleep(0.05)
    early = set(range(1000)) - cancelled - set(fired)
    if early and not cancelled.isdisjoint(fired):
        soak.problems.append("a cancelled timer fired")


@operation
async def cancelled_tasks(soak):
    async def nest(depth):
        try:
            await (nest(depth - 1) if depth else asyncio.sleep(60))
        finally:
            await asyncio.sleep(0)

    tasks = [asyncio.create_task(nest(soak.random.randrange(20))) for _ in range(50)]
    await asyncio.sleep(0)
    for task in tasks:
        task.cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    if not all(isinstance(result, asyncio.CancelledError) for result in results):
        soak.problems.append("a cancelled task ended otherwise")
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.001):
            await asyncio.sleep(60)


@operation
async def threads(soak):
    loop = asyncio.get_running_loop()
    results = await asyncio.gather(*(loop.run_in_executor(None, time.sleep, 0.001) for _ in range(5)))
    future = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, results))
    thread.start()
    await future
    thread.join()


@operation
async def descriptors_closed_under_the_loop(soak):
    loop = asyncio.get_running_loop()
    left, right = socket.socketpair()
    loop.add_reader(left.fileno(), left.recv, 1)
    loop.add_writer(right.fileno(), right.fileno)
    await asyncio.sleep(0)
    numbers = left.fileno(), right.fileno()
    if soak.chance(0.5):
        left.close()
        right.close()
    loop.remove_reader(numbers[0])
    loop.remove_writer(numbers[1])
    left.close()
    right.close()


@operation
async def lookups(soak):
    loop = asyncio.get_running_loop()
    await loop.getaddrinfo(soak.random.choice(["localhost", "127.0.0.1", "::1"]), 80)
    with contextlib.suppress(OSError):
        await asyncio.open_connection("127.0.0.1", 1)


@operation
async def signals(soak):
    os.kill(os.getpid(), signal.SIGUSR1)
    await asyncio.sleep(0.001)


# ---- rounds ------------------------------------------------------------------------------------------------------------


async def work(soak, until):
    loop = asyncio.get_running_loop()
    while loop.time() < until:
        function = soak.random.choice(OPERATIONS)
        try:
            async with asyncio.timeout(OPERATION_LIMIT_S):
                await function(soak)
        except TimeoutError:
            soak.problems.append(f"{function.__name__} did not end:\n{twinloop.format_tasks(loop)}")
        except Exception as error:
            soak.problems.append(f"{function.__name__}: {error!r}")
        soak.done[function.__name__] += 1


def resident_mib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / (1 << 20)


async def take_stock():
    """Descriptors, memory in MiB and further tasks, once what has ended is gone."""
    for _ in range(100):
        await asyncio.sleep(0.02)
        if len(asyncio.all_tasks()) == 1:
            break
    gc.collect()
    await asyncio.sleep(0.05)
    return len(os.listdir("/proc/self/fd")), resident_mib(), len(asyncio.all_tasks()) - 1


async def main(soak, seconds, workers):
    loop = asyncio.get_running_loop()
    assert isinstance(loop, twinloop.EventLoop)
    loop.set_exception_handler(soak.report)
    loop.add_signal_handler(signal.SIGUSR1, int)
    # The first round pays for what stays: the executor's threads, caches, the allocator's arenas.
    await asyncio.gather(*(work(soak, loop.time() + min(ROUND_S, seconds / 4)) for _ in range(workers)))
    descriptors, *_ = await take_stock()
    memory = []
    end = loop.time() + seconds
    while loop.time() < end and not soak.problems:
        await asyncio.gather(*(work(soak, min(end, loop.time() + ROUND_S)) for _ in range(workers)))
        now, resident, tasks = await take_stock()
        memory.append(resident)
        counts = {name: loop.statistics()[name] for name in ("timers", "descriptors", "native_tasks")}
        print(
            f"{sum(soak.done.values())} operations, {now} descriptors, {resident:.1f} MiB, {tasks} tasks, {counts}",
            flush=True,
        )
        if now > descriptors:
            soak.problems.append(f"{now} descriptors are open; it began with {descriptors}: {open_files()}")
        if tasks:
            soak.problems.append(f"{tasks} tasks are left:\n{twinloop.format_tasks(loop)}")
    quarter = max(1, len(memory) // 4)
    growth = statistics.median(memory[-quarter:]) - statistics.median(memory[:quarter]) if memory else 0.0
    if growth > GROWTH_MIB:
        soak.problems.append(f"memory grew by {growth:.1f} MiB: {[round(value, 1) for value in memory]}")


def open_files():
    names = []
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            names.append(f"{number}={os.readlink(f'/proc/self/fd/{number}')}")
    return ", ".join(names)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=3600.0)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--workers", type=int, default=20)
    options = parser.parse_args()
    chosen = options.seed if options.seed is not None else random.randrange(1 << 32)
    print(f"seed {chosen}", flush=True)
    the_soak = Soak(chosen)
    twinloop.run(main(the_soak, options.seconds, options.workers))
    the_soak.folder.cleanup()
    print(", ".join(f"{name} {count}" for name, count in the_soak.done.items()))
    for problem in the_soak.problems[:20]:
        print(f"PROBLEM {problem}")
    print("flat" if not the_soak.problems else f"{len(the_soak.problems)} problems")
    sys.exit(bool(the_soak.problems))
