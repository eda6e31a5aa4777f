"""What the tests of serving share: a server on a free port, and clients that see its very bytes."""

from __future__ import annotations

import asyncio
import contextlib
import re
import signal
import socket
import subprocess

import twinloop


def js(code):
    """The value of a JavaScript expression."""
    return twinloop.js.eval(code)


def free_port():
    """A port of loopback that nobody listens at."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


class Process:
    """A server that runs as a process, and what it says."""

    def __init__(self, folder, command, **options):
        self.log = open(folder / "log", "w+")
        streams = {"stdout": self.log, "stderr": self.log, "stdin": subprocess.DEVNULL}
        self.process = subprocess.Popen(command, cwd=folder, start_new_session=True, **streams, **options)

    @property
    def text(self):
        with open(self.log.name) as file:
            return file.read()

    def end(self, number=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(30)


@contextlib.asynccontextmanager
async def serving(application, **options):
    """A server on a free port of loopback."""
    options.setdefault("access_log", False)
    options.setdefault("lifespan", "off")
    server = await twinloop.serve(application, port=0, **options)
    try:
        yield server
    finally:
        await server.close()


class Client:
    """A connection."""

    def __init__(self, reader, writer):
        self.reader = reader
        self.writer = writer

    async def send(self, data):
        self.writer.write(data.encode() if isinstance(data, str) else data)
        await self.writer.drain()

    async def head(self):
        """The next head, as its first line and a dictionary of headers."""
        data = await self.reader.readuntil(b"\r\n\r\n")
        first, *lines = data.decode("latin-1").rstrip().split("\r\n")
        return first, {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}

    async def answer(self):
        """The next answer: status, headers, body."""
        first, headers = await self.head()
        status = int(first.split()[1])
        if headers.get("transfer-encoding") == "chunked":
            pieces = []
            while size := int(await self.reader.readline(), 16):
                pieces.append(await self.reader.readexactly(size))
                await self.reader.readexactly(2)
            body = b"".join(pieces)
            while (line := await self.reader.readline()) != b"\r\n":
                name, _, value = line.decode().rstrip().partition(": ")
                headers[name] = value
        elif "content-length" in headers:
            body = await self.reader.readexactly(int(headers["content-length"]))
        else:
            body = await self.reader.read()
        return status, headers, body

    async def rest(self):
        """All that comes until the end."""
        return await self.reader.read()

    async def get(self, path="/", *headers, method="GET", body=None):
        lines = [f"{method} {path} HTTP/1.1", "Host: example.org", *headers]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        await self.send("\r\n".join(lines).encode() + b"\r\n\r\n" + (body or b""))
        return await self.answer()

    def cut(self):
        """End the connection at once."""
        self.writer.transport.abort()


@contextlib.asynccontextmanager
async def connected(server):
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        yield Client(reader, writer)
    finally:
        writer.close()


async def ask(server, *arguments, **options):
    """One request on a connection of its own."""
    async with connected(server) as client:
        return await client.get(*arguments, **options)


async def until(condition):
    """Waits for a condition."""
    for _ in range(2000):
        if condition():
            return
        await asyncio.sleep(0.005)
    raise AssertionError("it did not come to pass")


def messages(log):
    return [re.sub(r"\[\d+\]", "[N]", record.getMessage()) for record in log.records]
