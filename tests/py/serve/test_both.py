"""One server whose application has routes in both languages: JavaScript that mounts Python, and Python that mounts JavaScript."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import gc
import logging
import re
import signal
import sys
import types

import pytest
import twinloop
from _twinloop import _native
from serve_support import ask, connected, js, serving, until

BODY = bytes(range(256)) * 20_000


class Api:
    """An ASGI application that does what its path says."""

    def __init__(self):
        self.heard = []
        self.scopes = []
        self.gone = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            for kind in ("startup", "shutdown"):
                await receive()
                self.heard.append(kind)
                await send({"type": f"lifespan.{kind}.complete"})
            return
        self.scopes.append(scope)
        what = scope["path"].rpartition("/")[2]
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"].upper()})
            return
        if what == "raise":
            raise ValueError("a fault in Python")
        if what == "silent":
            return
        if what == "events":
            await self._stream(receive, send)
            return
        body = b""
        more = True
        while more:
            message = await receive()
            body += message["body"]
            more = message["more_body"]
        await send(
            {"type": "http.response.start", "status": 200, "headers": [(b"x-root", scope["root_path"].encode())]}
        )
        await send({"type": "http.response.body", "body": body or what.encode()})

    async def _stream(self, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/event-stream")]})
        try:
            for number in range(1_000_000):
                await send({"type": "http.response.body", "body": b"data: %d\n\n" % number, "more_body": True})
                await asyncio.sleep(0.001)
        except ConnectionResetError:
            self.gone += 1
            raise


MOUNT = """
(api, prefix) => twinloop.serve({
  port: 0,
  hostname: '127.0.0.1',
  routes: { '/api/*': twinloop.asgi(api) },
  fetch: (request) => new Response('page ' + new URL(request.url).pathname),
})
"""


@contextlib.asynccontextmanager
async def javascript_serving(application, code=MOUNT):
    server = js(code)(application, None)
    try:
        yield server
    finally:
        await server.stop(True)


async def websocket_says(server, path, text):
    """What a websocket answers to a short text."""
    async with connected(server) as client:
        key = base64.b64encode(bytes(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: x", "Connection: Upgrade", "Upgrade: websocket"]
        lines += ["Sec-WebSocket-Version: 13", f"Sec-WebSocket-Key: {key}"]
        await client.send("\r\n".join(lines) + "\r\n\r\n")
        first, _ = await client.head()
        assert first.split()[1] == "101"
        data = text.encode()
        await client.send(bytes([0x81, 0x80 | len(data), 0, 0, 0, 0]) + data)
        _, length = await client.reader.readexactly(2)
        return (await client.reader.readexactly(length)).decode()


# ---- JavaScript that mounts Python --------------------------------------------------------------------------------------


def test_javascript_mounts_an_asgi_application(run):
    async def main():
        api = Api()
        async with javascript_serving(api) as server:
            status, _, body = await ask(server, "/page")
            assert (status, body) == (200, b"page /page")
            status, headers, body = await ask(server, "/api/items?n=1")
            assert (status, headers["x-root"], body) == (200, "/api", b"items")
            scope = api.scopes[0]
            assert (scope["path"], scope["raw_path"], scope["query_string"]) == ("/api/items", b"/api/items", b"n=1")
            assert scope["client"][0] == "127.0.0.1"
            assert api.heard == ["startup"]
        assert api.heard == ["startup", "shutdown"]

    run(main())


def test_a_body_goes_through_a_mounted_application(run):
    async def main():
        async with javascript_serving(Api()) as server:
            status, _, body = await ask(server, "/api/echo", method="POST", body=BODY)
            assert (status, body == BODY) == (200, True)

    run(main())


def test_a_mounted_application_fails_for_its_client_alone(run, caplog):
    async def main():
        async with javascript_serving(Api()) as server:
            for path in ("/api/raise", "/api/silent"):
                status, _, body = await ask(server, path)
                assert (status, body) == (500, b"Internal Server Error")
            assert (await ask(server, "/api/fine"))[2] == b"fine"

    with caplog.at_level(logging.ERROR):
        run(main())
    assert "a fault in Python" in caplog.text
    assert "without starting response" in caplog.text


def test_a_mounted_application_streams_until_its_client_goes(run):
    async def main():
        api = Api()
        async with javascript_serving(api) as server:
            async with connected(server) as client:
                await client.send("GET /api/events HTTP/1.1\r\nHost: x\r\n\r\n")
                _, headers = await client.head()
                assert headers["content-type"] == "text/event-stream"
                await client.reader.readuntil(b"data: 3\n\n")
                client.cut()
            await until(lambda: api.gone == 1)

    run(main())


def test_a_mounted_application_has_websockets(run):
    async def main():
        async with javascript_serving(Api()) as server:
            assert await websocket_says(server, "/api/socket", "hello") == "HELLO"

    run(main())


def test_a_mounted_application_answers_from_a_handler_too(run):
    code = """
    (api) => {
      const handler = twinloop.asgi(api, { prefix: '/v1' });
      return twinloop.serve({ port: 0, hostname: '127.0.0.1', async fetch(request) {
        await null;
        if (request.headers.has('x-read')) await request.text();
        return handler(request);
      }, error: (error) => new Response(error.message, { status: 418 }) });
    }
    """

    async def main():
        async with javascript_serving(Api(), code) as server:
            status, headers, body = await ask(server, "/v1/a", method="POST", body=b"text")
            assert (status, headers["x-root"], body) == (200, "/v1", b"text")
            status, _, body = await ask(server, "/v1/a", "x-read: 1", method="POST", body=b"text")
            assert (status, body) == (418, b"asgi: the request's body has already been used")

    run(main())


def test_a_mounted_application_that_cannot_start_is_an_error(run, caplog):
    async def fails(scope, receive, send):
        await receive()
        await send({"type": "lifespan.startup.failed", "message": "no database"})

    async def main():
        async with javascript_serving(fails) as server:
            assert (await ask(server, "/api/x"))[0] == 500
            assert (await ask(server, "/page"))[0] == 200

    run(main())
    assert "no database" in caplog.text


def test_javascript_mounts_a_wsgi_application(run):
    def wsgi(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        body = environ["wsgi.input"].read()
        return [f"{environ['SCRIPT_NAME']} {environ['PATH_INFO']} {len(body)}".encode()]

    code = "(app) => twinloop.serve({ port: 0, hostname: '127.0.0.1', routes: { '/old/*': twinloop.wsgi(app) } })"

    async def main():
        async with javascript_serving(wsgi, code) as server:
            status, _, body = await ask(server, "/old/page", method="POST", body=BODY)
            assert (status, body) == (200, b"/old /page %d" % len(BODY))

    run(main())


def test_what_is_no_application_is_refused(run):
    async def main():
        with pytest.raises(twinloop.js.JsException, match="must be one of Python"):
            js("twinloop.asgi('api')")
        with pytest.raises(twinloop.js.JsException, match="prefix"):
            js("(app) => twinloop.asgi(app, { prefix: 'api/' })")(Api())

    run(main())


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

APP = """
import { app } from 'python:api_in_python';
export default { routes: { '/api/*': twinloop.asgi(app) }, fetch: () => new Response('page') };
"""


def test_the_command_serves_javascript_that_imports_python(run, tmp_path):
    (tmp_path / "api_in_python.py").write_text(API)
    (tmp_path / "app.mjs").write_text(APP)

    async def main():
        words = ["-m", "twinloop", "serve", str(tmp_path / "app.mjs"), "--port", "0", "--host", "127.0.0.1"]
        process = await asyncio.create_subprocess_exec(sys.executable, *words, stdout=asyncio.subprocess.PIPE)
        assert await process.stdout.readline() == b"startup\n"
        line = (await process.stdout.readline()).decode()
        port = int(re.fullmatch(r"Listening on http://127\.0\.0\.1:(\d+)/\n", line)[1])
        server = types.SimpleNamespace(port=port)
        assert (await ask(server, "/api/x"))[2] == b"/api"
        assert (await ask(server, "/x"))[2] == b"page"
        process.send_signal(signal.SIGTERM)
        assert await process.stdout.read() == b"shutdown\n"
        assert await process.wait() == 0

    run(main())


# ---- Python that mounts JavaScript --------------------------------------------------------------------------------------

PAGES = """({
  async fetch(request, server) {
    const { pathname } = new URL(request.url);
    if (server.upgrade(request)) return;
    if (pathname.endsWith('/raise')) throw new TypeError('a fault in JavaScript');
    if (pathname.endsWith('/echo')) return new Response(await request.bytes());
    if (pathname.endsWith('/events')) {
      let number = 0;
      return new Response(new ReadableStream({
        async pull(controller) {
          await new Promise((done) => setTimeout(done, 1));
          controller.enqueue(new TextEncoder().encode(`data: ${number++}\\n\\n`));
        },
        cancel() { globalThis.cancelled = (globalThis.cancelled ?? 0) + 1; },
      }), { headers: { 'content-type': 'text/event-stream' } });
    }
    return new Response(`${request.method} ${pathname}`, { headers: { 'x-by': 'javascript' } });
  },
  websocket: { message(socket, text) { socket.send(text + '!'); } },
})"""


def wrapped(application):
    """As a middleware that looks at answers."""

    async def middleware(scope, receive, send):
        async def look(message):
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-seen", b"yes")]
            await send(message)

        await application(scope, receive, look)

    return middleware


@pytest.mark.parametrize("wrap", [lambda application: application, wrapped], ids=["own", "behind a middleware"])
def test_python_serves_a_javascript_handler(run, wrap):
    async def main():
        async with serving(wrap(twinloop.js_app(js(PAGES)))) as server:
            status, headers, body = await ask(server, "/a?b")
            assert (status, headers["x-by"], body) == (200, "javascript", b"GET /a")
            assert ("x-seen" in headers) == (wrap is wrapped)
            status, _, body = await ask(server, "/echo", method="POST", body=BODY)
            assert (status, body == BODY) == (200, True)
            assert (await ask(server, "/raise"))[0] == 500
            async with connected(server) as client:
                await client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                await client.reader.readuntil(b"data: 3\n\n")
                client.cut()
            await until(lambda: js("globalThis.cancelled") == 1)
            assert await websocket_says(server, "/socket", "hello") == "hello!"

    run(main())


def test_a_handler_is_served_as_it_is(run):
    async def main():
        async with serving(js("(request) => Response.json({ method: request.method })")) as server:
            assert (await ask(server))[2] == b'{"method":"GET"}'

    run(main())


NODE = """
const answer = async (request, response) => {
  if (request.url === '/throw') throw new Error('a fault of a listener');
  if (request.url === '/echo') {
    response.setHeader('set-cookie', ['a=1', 'b=2']);
    response.writeHead(201, 'Made', { 'x-length': request.headers['content-length'] });
    request.pipe(response);
    return;
  }
  if (request.url === '/events') {
    const timer = setInterval(() => response.write('data: 1\\n\\n'), 1);
    response.on('close', () => { clearInterval(timer); globalThis.closed = true; });
    return;
  }
  response.end(`${request.method} ${request.url} ${request.headers.host} ${request.socket.remoteAddress}`);
};
"""
APPS = {
    "hono": "new (class { routes = []; onError() {} fetch = (request) => new Response('hono') })()",
    "a module": "({ [Symbol.toStringTag]: 'Module', default: { fetch: () => new Response('module') } })",
    "commonjs": "({ default: { __esModule: true, default: () => new Response('commonjs') } })",
    "routes": "({ routes: { '/*': () => new Response('routes') } })",
    "express": NODE + "Object.assign((request, response) => answer(request, response), { listen() {} })",
    # It is an EventEmitter, as a server is.
    "koa": NODE
    + "Object.assign(new (process.getBuiltinModule('node:events'))(), { callback: () => answer, listen() {} })",
    "fastify": NODE + "({ ready: async () => undefined, routing: answer, listen() {} })",
    "a server": NODE + "process.getBuiltinModule('node:http').createServer(answer)",
}


@pytest.mark.parametrize("wrap", [lambda application: application, wrapped], ids=["own", "behind a middleware"])
@pytest.mark.parametrize("kind", APPS)
def test_whatever_the_command_serves_is_mounted(run, kind, wrap):
    async def main():
        # A function's own scope, as each test declares the same names.
        handler = js(
            f"(() => {{ {APPS[kind].replace(NODE, NODE + 'return ')} }})()" if NODE in APPS[kind] else APPS[kind]
        )
        async with serving(wrap(twinloop.js_app(handler))) as server:
            status, _, body = await ask(server, "/a?b")
            assert status == 200
            if NODE not in APPS[kind]:
                assert body.decode() == kind.removeprefix("a ")
                return
            assert body.startswith(b"GET /a?b example.org ")
            assert body.endswith(b" undefined" if wrap is wrapped else b" 127.0.0.1")
            status, headers, body = await ask(server, "/echo", method="POST", body=BODY)
            assert (status, headers["x-length"], body == BODY) == (201, str(len(BODY)), True)
            if kind != "a server":
                assert (await ask(server, "/throw"))[0] == 500
            async with connected(server) as client:
                await client.send("GET /events HTTP/1.1\r\nHost: x\r\n\r\n")
                await client.reader.readuntil(b"data: 1\n\n")
                client.cut()
            await until(lambda: js("globalThis.closed") is True)
            js("globalThis.closed = false")

    run(main())


@pytest.mark.parametrize("wrap", [lambda application: application, wrapped], ids=["own", "behind a middleware"])
def test_a_handler_that_gives_up_as_its_client_has_gone_is_not_logged(run, wrap, caplog, capfd):
    code = """(async (request) => {
      if (new URL(request.url).pathname === '/fault') throw new Error('a real fault');
      globalThis.begun = true;
      await new Promise((_, reject) => request.signal.addEventListener('abort', () => reject(request.signal.reason)));
    })"""

    async def main():
        async with serving(wrap(twinloop.js_app(js(code)))) as server:
            async with connected(server) as client:
                await client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                await until(lambda: js("globalThis.begun") is True)
                js("globalThis.begun = false")
                client.cut()
            await asyncio.sleep(0.1)
            assert (await ask(server, "/fault"))[0] == 500

    run(main())
    shown = caplog.text + capfd.readouterr().err
    assert "a real fault" in shown and "AbortError" not in shown and "gone" not in shown


def test_python_is_asked_for_nothing_else(run):
    with pytest.raises(TypeError, match="handler of JavaScript"):
        twinloop.js_app(print)

    async def main():
        with pytest.raises(twinloop.js.JsException, match="fetch"):
            await twinloop.js_app(js("[]"))({"type": "http"}, None, None)

    run(main())


def test_fastapi_has_pages_in_javascript(run):
    fastapi = pytest.importorskip("fastapi")

    async def main():
        app = fastapi.FastAPI()

        @app.get("/api/{item}")
        async def item(item: str):
            return {"item": item}

        app.mount("/pages", twinloop.js_app(js(PAGES)))
        async with serving(app, lifespan="auto") as server:
            assert (await ask(server, "/api/x"))[2] == b'{"item":"x"}'
            assert (await ask(server, "/pages/one"))[2] == b"GET /pages/one"
            assert await websocket_says(server, "/pages/socket", "hello") == "hello!"

    run(main())


# ---- both ways ----------------------------------------------------------------------------------------------------------


def test_requests_leave_nothing_behind(run):
    async def main():
        async with javascript_serving(Api()) as mounting, serving(twinloop.js_app(js(PAGES))) as mounted:

            async def thousand():
                async with connected(mounting) as first, connected(mounted) as second:
                    for _ in range(500):
                        await first.get("/api/x")
                        await second.get("/x")
                _native.js_collect_garbage()
                gc.collect()
                return sum(type(each).__name__ in ("HttpExchange", "JsProxy", "Task") for each in gc.get_objects())

            before = await thousand()
            assert await thousand() <= before + 5

    run(main(), limit_s=60)
