"""The command ``serve`` for applications in JavaScript: apps of Node's kind, TLS, addresses, workers under Python."""

from __future__ import annotations

import contextlib
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import time
import urllib.request

import pytest
from serve_support import Process, free_port

CERTIFICATES = pathlib.Path(__file__).parent.parent / "certificates"


class Serve(Process):
    """A server that says where it listens."""

    def wait_for(self, pattern, count=1):
        for _ in range(6000):
            found = re.findall(pattern, self.text)
            if len(found) >= count:
                return found[-1]
            if self.process.poll() is not None:
                break
            time.sleep(0.01)
        raise AssertionError(self.text)

    @property
    def url(self):
        return self.wait_for(r"Listening on (\S+)")

    @property
    def port(self):
        return int(self.url.rpartition(":")[2].rstrip("/"))

    def get(self, path="", context=None, **headers):
        request = urllib.request.Request(self.url + path, headers=headers)
        with urllib.request.urlopen(request, timeout=30, context=context) as answer:
            return answer.read().decode()


@pytest.fixture(params=["python", "command"])
def start(request):
    """How the command is started: by Python, and as it was built."""
    if request.param == "python":
        return [sys.executable, "-m", "twinloop"]
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    return [os.environ["TWINLOOP"], "--python", sys.executable]


@pytest.fixture
def serve(tmp_path, start):
    with contextlib.ExitStack() as stack:

        def begin(*words):
            command = Serve(tmp_path, [*start, "serve", *words])
            stack.callback(command.log.close)
            stack.callback(command.end, signal.SIGKILL)
            return command

        yield begin


def wait_until(condition):
    for _ in range(6000):
        if condition():
            return
        time.sleep(0.005)
    raise AssertionError("it did not come to pass")


def another_certificate(path):
    """A certificate of its own authority, with its key."""
    if shutil.which("openssl") is None:
        pytest.skip("there is no openssl to make a certificate by")
    words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    files = ["-subj", "/CN=localhost", "-keyout", f"{path}.key", "-out", f"{path}.crt"]
    subprocess.run(["openssl", *words, *files], check=True, capture_output=True)
    path.write_text(pathlib.Path(f"{path}.crt").read_text() + pathlib.Path(f"{path}.key").read_text())


NODE = """
import { createServer } from 'node:http';
const answer = (request, response) => {
  if (request.url === '/throw') throw new Error('a fault of a listener');
  response.end(`${request.socket.encrypted === true} ${request.url}`);
};
export default KIND;
"""
KINDS = {
    "a server": "createServer(answer)",
    "express": "Object.assign((request, response) => answer(request, response), { listen() {} })",
    # It is an EventEmitter, as a server is.
    "koa": "Object.assign(new (process.getBuiltinModule('node:events'))(), { callback: () => answer, listen() {} })",
    "fastify": "{ ready: async () => undefined, routing: answer, listen() {} }",
}


@pytest.mark.parametrize("kind", KINDS)
def test_apps_of_node_are_served_by_tls_and_a_hangup_reads_the_certificate_again(serve, tmp_path, client_tls, kind):
    (tmp_path / "app.mjs").write_text(NODE.replace("KIND", KINDS[kind]))
    identity = tmp_path / "identity.pem"
    shutil.copy(CERTIFICATES / "server.pem", identity)
    command = serve("app.mjs", "--port", "0", "--tls-cert", "identity.pem", "--tls-key", "identity.pem")
    assert command.url.startswith("https://localhost:")
    assert command.get("a", client_tls) == "true /a"
    another_certificate(identity)
    command.process.send_signal(signal.SIGHUP)
    place = ("127.0.0.1", command.port)
    wanted = identity.read_text()
    wait_until(lambda: ssl.get_server_certificate(place).strip() in wanted)
    assert command.end() == 0


def test_a_listener_that_throws_fails_for_its_client_alone(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(NODE.replace("KIND", KINDS["koa"]))
    command = serve("app.mjs", "--port", "0")
    with pytest.raises(urllib.error.HTTPError, match="500"):
        command.get("throw")
    assert command.get("fine") == "false /fine"
    assert "a fault of a listener" in command.text


# As Fastify's `clientErrorHandler` and its limits are on the server that it makes.
OWN_SERVER = """
import http from 'node:http';
const server = http.createServer((request, response) => request.resume().on('end', () => response.end(request.url)));
server.on('clientError', (error, socket) => socket.end(`HTTP/1.1 418 Mine\\r\\n\\r\\n${error.code}`));
server.on('checkContinue', (request, response) => response.writeHead(403).end());
server.on('connect', (request, socket) => socket.end(`HTTP/1.1 200 Tunnel\\r\\n\\r\\n${request.url}`));
server.maxRequestsPerSocket = 1;
const app = (request, response) => server.emit('request', request, response);
export default WHICH;
"""


@pytest.mark.parametrize("which", ["server", "Object.assign(app, { server, listen() {} })"])
def test_the_own_server_of_an_app_hears_of_what_is_no_request_and_keeps_its_limits(serve, tmp_path, which):
    (tmp_path / "app.mjs").write_text(OWN_SERVER.replace("WHICH", which))
    command = serve("app.mjs", "--port", "0")

    def said(text: str) -> str:
        with socket.create_connection(("127.0.0.1", command.port), timeout=20) as client:
            client.sendall(text.encode())
            answer = b""
            # As Node's, it leaves the end to a client that was told.
            while not answer.endswith(b"/once") and (piece := client.recv(4096)):
                answer += piece
        return answer.decode()

    assert said("nonsense\r\n\r\n") == "HTTP/1.1 418 Mine\r\n\r\nHPE_INVALID_METHOD"
    assert said("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n").startswith(
        "HTTP/1.1 403 "
    )
    assert said("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n") == "HTTP/1.1 200 Tunnel\r\n\r\na:1"
    assert "connection: close" in said("GET /once HTTP/1.1\r\nHost: x\r\n\r\n").lower()


@pytest.mark.parametrize(
    "app", [NODE.replace("KIND", KINDS["express"]), "export default { fetch: () => new Response('x') }"]
)
@pytest.mark.parametrize(
    ("host", "shown"),
    [("0.0.0.0", "localhost"), ("::", "localhost"), ("::1", r"\[::1\]"), ("127.0.0.1", r"127\.0\.0\.1")],
)
def test_the_address_that_is_shown_can_be_opened(serve, tmp_path, app, host, shown):
    (tmp_path / "app.mjs").write_text(app)
    command = serve("app.mjs", "--port", "0", "--host", host)
    assert re.fullmatch(rf"http://{shown}:\d+/", command.url)
    assert command.get()


@pytest.mark.parametrize(
    "app", [NODE.replace("KIND", KINDS["express"]), "export default { fetch: () => new Response('x') }"]
)
def test_a_port_in_use_is_said(serve, tmp_path, app):
    (tmp_path / "app.mjs").write_text(app)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = serve("app.mjs", "--host", "127.0.0.1", "--port", str(port))
        assert command.process.wait(30) == 1
    lines = command.text.splitlines()
    assert len(lines) == 1 and lines[0].startswith("twinloop serve: listen") and "EADDRINUSE" in lines[0]


API = """
async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        for kind in ("startup", "shutdown"):
            await receive()
            print(kind, flush=True)
            await send({"type": f"lifespan.{kind}.complete"})
        return
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": scope["root_path"].encode()})
"""
BOTH = """
import { app } from 'python:api_in_python';
export default { routes: { '/api/*': twinloop.asgi(app) }, fetch: () => new Response(String(process.pid)) };
"""


def test_a_mounted_application_hears_of_the_end_when_nobody_can_listen(serve, tmp_path):
    (tmp_path / "api_in_python.py").write_text(API)
    (tmp_path / "app.mjs").write_text(BOTH)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = serve("app.mjs", "--host", "127.0.0.1", "--port", str(port))
        assert command.process.wait(30) == 1
    assert command.text.splitlines()[:2] == ["startup", "shutdown"] and "EADDRINUSE" in command.text


def test_workers_serve_javascript_that_imports_python(serve, tmp_path):
    (tmp_path / "api_in_python.py").write_text(API)
    (tmp_path / "app.mjs").write_text(BOTH)
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", str(free_port()), "--workers", "2")
    command.wait_for("with 2 workers")
    assert command.get("api/x") == "/api"
    seen = set()
    for _ in range(2000):
        seen.add(command.get())
        if len(seen) == 2:
            break
    assert len(seen) == 2 and str(command.process.pid) not in seen
    assert command.end() == 0
    assert command.text.count("shutdown") == 2


def test_a_long_time_to_end_in_is_long(serve, tmp_path):
    app = "export default { fetch: () => new Promise((done) => setTimeout(() => done(new Response('late')), 600)) }"
    (tmp_path / "app.mjs").write_text(app)
    # More milliseconds than a timer has.
    command = serve("app.mjs", "--port", "0", "--shutdown-timeout", "4294968")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        time.sleep(0.2)
        command.process.send_signal(signal.SIGTERM)
        assert b"".join(iter(lambda: client.recv(4096), b"")).endswith(b"late")
    assert command.process.wait(30) == 0


def test_ctrl_c_is_heard_once(serve, tmp_path):
    (tmp_path / "app.mjs").write_text("export default { fetch: () => new Response('x') }")
    command = serve("app.mjs", "--port", "0")
    assert command.get() == "x"
    assert command.end(signal.SIGINT) == 0
    assert command.text == f"Listening on {command.url}\n"


# ---- workers -----------------------------------------------------------------------------------------------------------

SLOW = """
console.log('loaded');
export default {
  PLACE
  async fetch(request) {
    if (new URL(request.url).pathname === '/slow') await new Promise((done) => setTimeout(done, 800));
    return new Response(String(process.pid));
  },
};
"""


@pytest.mark.parametrize("place", ["a free port", "its own port", "a path"])
def test_workers_share_a_socket_of_any_kind(serve, tmp_path, place):
    port = free_port()
    own = f"hostname: '127.0.0.1', port: {port}," if place == "its own port" else ""
    (tmp_path / "app.mjs").write_text(SLOW.replace("PLACE", own))
    words = {"a free port": ["--port", "0", "--host", "127.0.0.1"], "its own port": [], "a path": ["--uds", "socket"]}[
        place
    ]
    command = serve("app.mjs", "--workers", "2", *words)
    command.wait_for("with 2 workers")
    if place == "a path":
        with socket.socket(socket.AF_UNIX) as client:
            client.connect(str(tmp_path / "socket"))
            client.sendall(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert b" 200 OK" in client.recv(4096)
    else:
        assert command.url.startswith("http://127.0.0.1:")
        assert command.get().isdecimal()
    assert (command.port == port) if place == "its own port" else True
    assert command.end() == 0
    assert not (tmp_path / "socket").exists()


@pytest.mark.parametrize("workers", [[], ["--workers", "2"]], ids=["alone", "workers"])
def test_the_socket_that_a_killed_server_has_left_is_replaced_and_one_in_use_is_not(serve, tmp_path, workers):
    (tmp_path / "app.mjs").write_text("export default { fetch: () => new Response('x') };")
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as left:
        left.bind(str(path))
    command = serve("app.mjs", "--uds", "socket", *workers)
    command.wait_for("Listening on")
    wait_until(lambda: connects(path))
    other = serve("app.mjs", "--uds", "socket", *workers)
    assert other.process.wait(30) == 1 and "EADDRINUSE" in other.text
    assert connects(path)
    assert command.end() == 0 and not path.exists()
    path.write_text("no socket")
    assert serve("app.mjs", "--uds", "socket", *workers).process.wait(30) == 1
    assert path.read_text() == "no socket"


def connects(path):
    with socket.socket(socket.AF_UNIX) as client:
        return client.connect_ex(str(path)) == 0


def test_ctrl_c_lets_the_requests_of_workers_end(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(SLOW.replace("PLACE", ""))
    command = serve("app.mjs", "--workers", "2", "--host", "127.0.0.1", "--port", "0")
    command.wait_for("with 2 workers")
    with socket.create_connection(("127.0.0.1", command.port)) as client:
        client.sendall(b"GET /slow HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
        time.sleep(0.3)
        # The terminal tells all of them.
        os.killpg(command.process.pid, signal.SIGINT)
        assert b" 200 OK" in client.recv(4096)
    assert command.process.wait(30) == 0


def test_workers_end_when_their_parent_is_gone(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(SLOW.replace("PLACE", ""))
    command = serve("app.mjs", "--workers", "2", "--host", "127.0.0.1", "--port", "0")
    command.wait_for("with 2 workers")
    workers = {int(command.get()) for _ in range(300)}
    command.process.kill()
    command.process.wait()
    wait_until(lambda: not any(os.path.exists(f"/proc/{worker}/fd/0") for worker in workers))


def test_a_port_in_use_is_said_once_for_all_workers(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(SLOW.replace("PLACE", ""))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        command = serve("app.mjs", "--workers", "2", "--host", "127.0.0.1", "--port", str(port))
        assert command.process.wait(30) == 1
    # It was asked once for what the command line does not say, and no worker began.
    asked, said = command.text.splitlines()
    assert asked == "loaded" and "EADDRINUSE" in said


# ---- the access log ----------------------------------------------------------------------------------------------------

LOGGED = """
import { createServer } from 'node:http';
const fetch = (request) => {
  const { pathname } = new URL(request.url);
  if (pathname === '/none') return new Response(null, { status: 404 });
  if (pathname === '/throws') throw new Error('a fault');
  const pieces = ['a', 'bc', 'def'].map((text) => new TextEncoder().encode(text));
  if (pathname === '/stream') return new Response(new ReadableStream({ pull: (c) => pieces.length ? c.enqueue(pieces.shift()) : c.close() }));
  return new Response('hello');
};
const node = createServer((request, response) => {
  if (request.url === '/none') response.writeHead(404).end();
  else if (request.url === '/stream') {
    response.write('a');
    response.end('bcdef');
  } else if (request.url === '/plain') response.end('hello');
  else response.setHeader('content-length', 5).end('hello');
});
export default KIND;
"""
LINE = r'127\.0\.0\.1 - - \[\d\d/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d \+0000\] "(.*)" (\d+|-) (\d+|-)\n'


def ask(port, path, method="GET", more=""):
    with socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(f"{method} {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n{more}\r\n".encode("latin-1"))
        return b"".join(iter(lambda: client.recv(65536), b""))


@pytest.mark.parametrize("place", ["standard output", "a file"])
@pytest.mark.parametrize("kind", ["{ fetch }", "node"])
def test_each_request_has_a_line_in_the_access_log(serve, tmp_path, kind, place):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", kind))
    words = ["--access-log"] if place == "standard output" else ["--access-log=access.log"]
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", "0", *words)
    asked = [("/", "GET"), ('/a"b\\x', "GET"), ("/none", "POST"), ("/", "HEAD")]
    for path, method in asked:
        ask(command.port, path, method)
    ask(command.port, "/stream")
    ask(command.port, "/plain")
    if kind != "node":
        ask(command.port, "/throws")
    assert command.end() == 0
    text = command.text if words == ["--access-log"] else (tmp_path / "access.log").read_text()
    expected = [
        ("GET / HTTP/1.1", "200", "5"),
        ("GET /a\\x22b\\x5Cx HTTP/1.1", "200", "5"),
        ("POST /none HTTP/1.1", "404", "-"),
        ("HEAD / HTTP/1.1", "200", "-"),
        ("GET /stream HTTP/1.1", "200", "6"),
        ("GET /plain HTTP/1.1", "200", "5"),
    ]
    if kind != "node":
        expected += [("GET /throws HTTP/1.1", "500", "21")]
    assert re.findall(LINE, text) == expected


def test_requests_of_a_mounted_application_are_in_the_log(serve, tmp_path):
    (tmp_path / "api_in_python.py").write_text(API)
    (tmp_path / "app.mjs").write_text(BOTH)
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", "0", "--access-log")
    ask(command.port, "/api/x")
    assert command.end() == 0
    assert re.findall(LINE, command.text) == [("GET /api/x HTTP/1.1", "200", "4")]


def test_nothing_is_logged_unless_it_is_asked_for(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", "{ fetch }"))
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", "0")
    ask(command.port, "/")
    assert command.end() == 0
    assert command.text == f"Listening on {command.url}\n"


@pytest.mark.parametrize("kind", ["{ fetch }", "node"])
def test_a_hangup_opens_a_log_again_that_was_moved_away(serve, tmp_path, kind):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", kind))
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", "0", "--access-log=access.log")
    ask(command.port, "/before")
    log = tmp_path / "access.log"
    wait_until(lambda: "/before" in log.read_text())
    log.rename(tmp_path / "moved.log")
    command.process.send_signal(signal.SIGHUP)
    wait_until(log.exists)
    ask(command.port, "/behind")
    wait_until(lambda: "/behind" in log.read_text())
    assert "/behind" not in (tmp_path / "moved.log").read_text()
    # The old one is not held.
    held = f"/proc/{command.process.pid}/fd"
    assert str(tmp_path / "moved.log") not in [os.path.realpath(f"{held}/{name}") for name in os.listdir(held)]


def test_a_full_disk_under_the_log_stops_nothing(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", "{ fetch }"))
    command = serve("app.mjs", "--host", "127.0.0.1", "--port", "0", "--access-log=/dev/full")
    for _ in range(20):
        assert ask(command.port, "/").endswith(b"hello")
    assert command.end() == 0


@pytest.mark.parametrize("reader", ["has gone", "does not read"])
def test_a_pipe_under_the_log_that_nobody_reads_stops_nothing(start, tmp_path, reader):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", "{ fetch }"))
    words = [*start, "serve", "app.mjs", "--host", "127.0.0.1", "--port", "0", "--access-log"]
    process = subprocess.Popen(words, cwd=tmp_path, stdout=subprocess.PIPE)
    try:
        port = int(re.search(rb":(\d+)/", process.stdout.readline())[1])
        if reader == "has gone":
            process.stdout.close()
        # More than a pipe and what may wait for it hold.
        for _ in range(400):
            assert ask(port, "/" + "x" * 4000).endswith(b"hello")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_log_that_cannot_be_opened_is_said(serve, tmp_path):
    (tmp_path / "app.mjs").write_text(LOGGED.replace("KIND", "{ fetch }"))
    command = serve("app.mjs", "--port", "0", "--access-log=/nowhere/log")
    assert command.process.wait(30) == 1
    assert command.text.startswith("twinloop serve: the access log '/nowhere/log': No such file")
