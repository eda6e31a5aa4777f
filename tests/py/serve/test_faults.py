"""What goes wrong with one client, handler or worker is nothing that the others notice; in either language."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import threading
import time

import pytest
import twinloop
from serve_support import ask, connected, free_port, js, serving, until

PYTHON = """
import asyncio, os

async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            await send({"type": f"lifespan.{kind}.complete"})
        return
    if scope["path"] == "/die":
        os._exit(1)
    if scope["path"] == "/never":
        await asyncio.Event().wait()
    await asyncio.sleep(0.002)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(os.getpid()).encode()})
"""
JAVASCRIPT = """
export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === '/die') process.kill(process.pid, 'SIGKILL');
    if (pathname === '/never') await new Promise(() => undefined);
    await new Promise((done) => setTimeout(done, 2));
    return new Response(String(process.pid));
  },
};
"""
NODE = """
import { createServer } from 'node:http';
export default createServer((request, response) => {
  if (request.url === '/die') process.kill(process.pid, 'SIGKILL');
  if (request.url !== '/never') setTimeout(() => response.end(String(process.pid)), 2);
});
"""
PROGRAMS = {"python": ("app.py", PYTHON), "javascript": ("app.mjs", JAVASCRIPT), "node": ("app.mjs", NODE)}


@contextlib.contextmanager
def command(folder, kind, *words):
    """A server that runs as a process, and its port."""
    name, text = PROGRAMS[kind]
    (folder / name).write_text(text)
    port = free_port()
    words = [sys.executable, "-m", "twinloop", "serve", name, "--host", "127.0.0.1", "--port", str(port), *words]
    with open(folder / "log", "w") as log:
        process = subprocess.Popen(words, cwd=folder, stdout=log, stderr=log)
    try:
        for _ in range(6000):
            if re.search("Listening on|running on|startup complete", (folder / "log").read_text()):
                break
            time.sleep(0.005)
        for _ in range(6000):
            with contextlib.suppress(ConnectionRefusedError):
                get(port)
                break
            time.sleep(0.005)
        yield process, port
    finally:
        process.kill()
        process.wait()


def get(port, path="/"):
    """The body of an answer, by a connection of its own."""
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n".encode())
        answer = b"".join(iter(lambda: client.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise AssertionError(answer)
    return body.decode().split("\r\n")[1 if b"chunked" in head else 0]


class Crowd:
    """Clients that ask again and again, and remember who answered and what failed."""

    def __init__(self, port, count=4):
        self.answers = []
        self.failures = []
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._ask, args=[port]) for _ in range(count)]

    def _ask(self, port):
        while not self._ends.is_set():
            try:
                self.answers.append(get(port))
            except (OSError, AssertionError) as error:
                self.failures.append(error)

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ends.set()
        for thread in self._threads:
            thread.join()

    def wait_for(self, condition):
        """Waits until what was answered since now is so."""
        start = len(self.answers)
        for _ in range(12_000):
            if condition(self.answers[start:]):
                return
            time.sleep(0.005)
        raise AssertionError(f"{set(self.answers)} {self.failures[:3]}")


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_reload_under_load_loses_no_request(tmp_path, kind):
    with command(tmp_path, kind, "--workers", "2") as (process, port), Crowd(port) as crowd:
        seen = set()
        for _ in range(3):
            crowd.wait_for(lambda answers: len(set(answers) - seen) == 2)
            seen |= set(crowd.answers)
            process.send_signal(signal.SIGHUP)
            crowd.wait_for(lambda answers: len(answers) > 50 and not set(answers[-50:]) & seen)
        assert crowd.failures == []
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_worker_that_dies_takes_its_own_clients_alone(tmp_path, kind):
    with command(tmp_path, kind, "--workers", "2") as (_, port):
        kept = [socket.create_connection(("127.0.0.1", port), timeout=30) for _ in range(40)]
        owners = []
        for client in kept:
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
            owners.append(re.search(rb"\r\n\r\n(?:\d+\r\n)?(\d+)", client.recv(4096))[1].decode())
        with contextlib.suppress(OSError, AssertionError):
            get(port, "/die")
        for client, owner in zip(kept, owners, strict=True):
            try:
                client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n")
                is_gone = client.recv(4096) == b""
            except OSError as error:
                assert error.errno in (errno.ECONNRESET, errno.EPIPE)
                is_gone = True
            assert is_gone == (not os.path.exists(f"/proc/{owner}/fd/0"))
            client.close()
        # Another one takes its place.
        deadline = time.monotonic() + 30
        seen = set()
        while not seen - set(owners) and time.monotonic() < deadline:
            with contextlib.suppress(OSError, AssertionError):
                seen.add(get(port))
        assert seen - set(owners)


@pytest.mark.parametrize("kind", PROGRAMS)
def test_handlers_that_never_answer_keep_nobody_waiting_and_do_not_hold_up_the_end(tmp_path, kind):
    limit = "--timeout-graceful-shutdown"
    with command(tmp_path, kind, limit, "1") as (process, port):
        silent = [socket.create_connection(("127.0.0.1", port)) for _ in range(50)]
        for client in silent:
            client.sendall(b"GET /never HTTP/1.1\r\nhost: x\r\n\r\n")
        for _ in range(20):
            assert get(port) == str(process.pid)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
        for client in silent:
            client.close()


# ---- descriptors that run out ------------------------------------------------------------------------------------------


async def hello(scope, receive, send):
    await receive()
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"hello"})


@contextlib.asynccontextmanager
async def javascript_serving():
    server = js("twinloop.serve({ hostname: '127.0.0.1', port: 0, fetch: () => new Response('hello') })")
    try:
        yield server
    finally:
        await server.stop(True)


@pytest.mark.parametrize("language", ["python", "javascript"])
def test_clients_wait_while_there_are_no_descriptors(run, language):
    async def main():
        # What is loaded late takes descriptors.
        js("1")
        async with serving(hello) if language == "python" else javascript_serving() as server:
            async with connected(server) as kept:
                assert (await kept.get())[2] == b"hello"
                waiting = socket.socket()
                waiting.setblocking(False)
                soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
                taken = []
                try:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 256), hard))
                    with contextlib.suppress(OSError):
                        while True:
                            taken.append(os.open("/dev/null", os.O_RDONLY))
                    with contextlib.suppress(BlockingIOError):
                        waiting.connect(("127.0.0.1", server.port))
                    await asyncio.sleep(0.05)
                    # Who is there is served all the same.
                    for _ in range(5):
                        assert (await kept.get())[2] == b"hello"
                    loop = asyncio.get_running_loop()
                    await loop.sock_sendall(waiting, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
                finally:
                    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
                    for number in taken:
                        os.close(number)
                data = b""
                while piece := await loop.sock_recv(waiting, 4096):
                    data += piece
                assert data.endswith(b"hello")
                waiting.close()

    run(main())


# ---- what handlers answer ----------------------------------------------------------------------------------------------

SPLITTING = ["a\r\nset-cookie: x=1", "a\nb", "a\rb", "a\0b"]


@pytest.mark.parametrize("value", SPLITTING)
@pytest.mark.parametrize("place", ["value", "name"])
def test_a_header_with_a_line_end_sends_nothing_of_it(run, place, value):
    name, text = ("x-name", value) if place == "value" else (value, "text")

    async def asgi(scope, receive, send):
        headers = [(name.encode("latin-1"), text.encode("latin-1"))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"sent"})

    def wsgi(environ, start_response):
        start_response("200 OK", [(name, text)])
        return [b"sent"]

    async def handler(request):
        return twinloop.Response("sent", headers={name: text})

    javascript = "(name, text) => () => new Response('sent', { headers: { [name]: text } })"
    node = """(name, text) => process.getBuiltinModule('node:http').createServer((request, response) => {
      try { response.setHeader(name, text); } catch { response.statusCode = 500; return response.end(); }
      response.end('sent');
    })"""

    async def main():
        applications = [asgi, wsgi, handler]
        applications += [twinloop.js_app(js(code)(name, text)) for code in (javascript, node)]
        for application in applications:
            async with serving(application) as server, connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                answer = await client.rest()
                assert answer.startswith(b"HTTP/1.1 500 "), application
                assert b"set-cookie" not in answer and b"sent" not in answer

    run(main())


def test_an_answer_is_given_once(run, caplog):
    raised = []

    async def twice(scope, receive, send):
        for _ in range(2):
            try:
                await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
                await send({"type": "http.response.body", "body": b"ok"})
            except RuntimeError as error:
                raised.append(str(error))

    async def api(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"api"})

    code = """(app) => {
      const api = twinloop.asgi(app);
      globalThis.said = [];
      return twinloop.serve({ hostname: '127.0.0.1', port: 0, fetch(request) {
        api(request);
        try { api(request); } catch (error) { said.push(error.message); }
        return new Response('late');
      } });
    }"""

    async def main():
        async with serving(twice) as server, connected(server) as client:
            for _ in range(2):
                assert (await client.get())[2] == b"ok"
        assert raised == ["Unexpected ASGI message 'http.response.start' sent, after response already completed."] * 2
        server = js(code)(api)
        try:
            # The first answer counts.
            assert (await ask(server))[2] in (b"api", b"late")
            assert (await ask(server))[2] in (b"api", b"late")
            assert list(js("said")) == ["asgi: the request is answered already"] * 2
        finally:
            await server.stop(True)

    run(main())


def test_pushed_answers_are_not_offered(run):
    raised = []

    async def pushes(scope, receive, send):
        assert "http.response.push" not in scope["extensions"]
        push = {"type": "http.response.push", "path": "/style.css", "headers": []}
        with pytest.raises(RuntimeError) as first:
            await send(push)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        with pytest.raises(RuntimeError) as second:
            await send(push)
        raised.extend(str(each.value) for each in (first, second))
        await send({"type": "http.response.body", "body": b"ok"})

    async def main():
        async with serving(pushes) as server:
            assert (await ask(server))[2] == b"ok"
        assert raised == [
            "Expected ASGI message 'http.response.start', but got 'http.response.push'.",
            "Expected ASGI message 'http.response.body', but got 'http.response.push'.",
        ]

    run(main())


def test_clients_that_go_at_any_point_leave_nothing(run):
    async def echo(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        more = True
        while more:
            message = await receive()
            more = message.get("more_body", False)
            await send({"type": "http.response.body", "body": message.get("body", b""), "more_body": more})

    request = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n0\r\n\r\n"

    async def main():
        for application in (echo, twinloop.js_app(js("(request) => new Response(request.body)"))):
            async with serving(application) as server:
                for length in range(len(request)):
                    async with connected(server) as client:
                        await client.send(request[:length])
                        if length % 3:
                            await asyncio.sleep(0.001)
                        client.cut()
                assert (await ask(server, method="POST", body=b"ping"))[2] == b"ping"
                await until(lambda server=server: server.connections == 0)

    run(main())
