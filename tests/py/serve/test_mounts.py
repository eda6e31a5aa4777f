"""Applications of one language in a server of the other, on every way that clients come: TLS, HTTP/2, another ASGI server, a root path."""

from __future__ import annotations

import asyncio
import contextlib
import pathlib

import pytest
import twinloop
from serve_support import Client, js, until

httpx = pytest.importorskip("httpx")
websockets = pytest.importorskip("websockets")

CERTIFICATES = pathlib.Path(__file__).parent.parent / "certificates"
IDENTITY = CERTIFICATES / "server.pem"
WAYS = ["plain", "tls", "http2"]


class Api:
    """Python's side: it does what its path says."""

    def __init__(self):
        self.gone = 0

    async def __call__(self, scope, receive, send):
        if scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.accept"})
            while (message := await receive())["type"] == "websocket.receive":
                await send({"type": "websocket.send", "text": message["text"] + "!"})
            return
        what = scope["path"].rpartition("/")[2]
        if what == "raise":
            raise ValueError("a fault on purpose")
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-path", scope["path"].encode())]})
        if what == "echo":
            while (message := await receive())["type"] == "http.request":
                await send({"type": "http.response.body", "body": message["body"], "more_body": True})
                if not message["more_body"]:
                    break
        elif what == "events":
            try:
                while True:
                    await send({"type": "http.response.body", "body": b"data: 1\n\n", "more_body": True})
                    await asyncio.sleep(0.001)
            except OSError:
                self.gone += 1
                raise
        await send({"type": "http.response.body", "body": b""})


# JavaScript's side does the same.
PAGES = """(() => {
  const pages = {
    gone: 0,
    fetch(request, server) {
      const { pathname } = new URL(request.url);
      if (server.upgrade(request)) return;
      const what = pathname.split('/').at(-1);
      const headers = { 'x-path': pathname };
      if (what === 'raise') throw new Error('a fault on purpose');
      if (what === 'echo') return new Response(request.body, { headers });
      if (what !== 'events') return new Response('', { headers });
      const data = new TextEncoder().encode('data: 1\\n\\n');
      return new Response(new ReadableStream({
        async pull(controller) {
          await new Promise((done) => setTimeout(done, 1));
          controller.enqueue(data);
        },
        cancel() { pages.gone += 1; },
      }), { headers });
    },
    websocket: { message(socket, text) { socket.send(text + '!'); } },
  };
  return pages;
})()"""


@contextlib.asynccontextmanager
async def python_in_javascript(way):
    api = Api()
    mount = js(
        "(app, tls) => twinloop.serve({ hostname: '127.0.0.1', port: 0, tls, routes: { '/in/*': twinloop.asgi(app) } })"
    )
    pem = IDENTITY.read_text()
    server = mount(api, None if way == "plain" else js("(pem) => ({ cert: pem, key: pem })")(pem))
    try:
        yield server.port, lambda: api.gone
    finally:
        await server.stop(True)


@contextlib.asynccontextmanager
async def javascript_in_python(way):
    pages = js(PAGES)
    mounted = twinloop.js_app(pages)

    async def app(scope, receive, send):
        assert scope["type"] in ("http", "websocket") and scope["path"].startswith("/in/")
        await mounted(scope, receive, send)

    options = {} if way == "plain" else {"ssl_certfile": IDENTITY}
    server = await twinloop.serve(app, port=0, lifespan="off", access_log=False, **options)
    try:
        yield server.port, lambda: pages.gone
    finally:
        await server.close()


def client_of(way, port, context):
    scheme = "http" if way == "plain" else "https"
    if way == "http2":
        pytest.importorskip("h2")
    return httpx.AsyncClient(base_url=f"{scheme}://localhost:{port}", verify=context, http2=way == "http2")


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("direction", [python_in_javascript, javascript_in_python])
def test_requests_and_bodies_go_through(run, client_tls, direction, way):
    body = bytes(range(256)) * 4000

    async def pieces():
        for start in range(0, len(body), 50_000):
            yield body[start : start + 50_000]
            await asyncio.sleep(0)

    async def main():
        async with direction(way) as (port, gone), client_of(way, port, client_tls) as client:
            response = await client.get("/in/a%20b")
            assert response.http_version == ("HTTP/2" if way == "http2" else "HTTP/1.1")
            assert response.status_code == 200 and response.headers["x-path"] in ("/in/a b", "/in/a%20b")
            assert (await client.post("/in/echo", content=body)).content == body
            assert (await client.post("/in/echo", content=pieces())).content == body
            assert (await client.get("/in/raise")).status_code == 500
            answers = await asyncio.gather(*(client.post("/in/echo", content=b"%d" % n) for n in range(50)))
            assert [each.content for each in answers] == [b"%d" % n for n in range(50)]
            async with client.stream("GET", "/in/events") as response:
                async for line in response.aiter_lines():
                    assert line == "data: 1"
                    break
            # Of HTTP/2 this client tells no other way that it has lost interest.
            await client.aclose()
            await until(lambda: gone() == 1)
            async with client_of(way, port, client_tls) as another:
                assert (await another.get("/in/x")).status_code == 200

    run(main())


@pytest.mark.parametrize("way", ["plain", "tls"])
@pytest.mark.parametrize("direction", [python_in_javascript, javascript_in_python])
def test_a_body_is_answered_while_it_comes(run, client_tls, direction, way):
    async def main():
        async with direction(way) as (port, _):
            context = None if way == "plain" else client_tls
            name = None if way == "plain" else "localhost"
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname=name)
            client = Client(reader, writer)
            await client.send("POST /in/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nping\r\n")
            await client.head()
            for number in range(5):
                assert await reader.readuntil(b"\r\n") == b"4\r\n"
                assert await reader.readexactly(6) == b"ping\r\n"
                await client.send("4\r\nping\r\n" if number < 4 else "0\r\n\r\n")
            assert await reader.readexactly(5) == b"0\r\n\r\n"
            writer.close()

    run(main())


@pytest.mark.parametrize("way", ["plain", "tls"])
@pytest.mark.parametrize("direction", [python_in_javascript, javascript_in_python])
def test_websockets_go_through(run, client_tls, direction, way):
    async def main():
        async with direction(way) as (port, _):
            scheme, context = ("ws", None) if way == "plain" else ("wss", client_tls)
            async with websockets.connect(f"{scheme}://localhost:{port}/in/socket", ssl=context) as socket:
                for text in ("a", "ü" * 1000):
                    await socket.send(text)
                    assert await socket.recv() == text + "!"

    run(main())


# ---- under a root path -------------------------------------------------------------------------------------------------


def through(application):
    """As a middleware that looks at answers."""

    async def middleware(scope, receive, send):
        async def look(message):
            await send(message)

        await application(scope, receive, look)

    return middleware


@pytest.mark.parametrize("wrap", [lambda application: application, through], ids=["own", "behind a middleware"])
@pytest.mark.parametrize("framework", ["none", "starlette"])
def test_a_mounted_handler_sees_the_urls_of_clients(run, framework, wrap):
    async def main():
        app = twinloop.js_app(js("(request) => new Response(request.url)"))
        if framework == "starlette":
            routing = pytest.importorskip("starlette.routing")
            from starlette.applications import Starlette

            app = Starlette(routes=[routing.Mount("/in", app)])
        options = {"port": 0, "lifespan": "off", "access_log": False}
        async with (
            await twinloop.serve(wrap(app), root_path="/base", **options) as server,
            httpx.AsyncClient() as client,
        ):
            # A proxy has taken the root away.
            answer = await client.get(f"{server.url}/in/a?b=1")
            assert answer.text == f"{server.url}/base/in/a?b=1"

    run(main())


def test_an_application_that_is_mounted_below_a_root_sees_it(run):
    scopes = []

    async def app(scope, receive, send):
        scopes.append(scope)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def main():
        mount = js(
            "(app) => twinloop.serve({ hostname: '127.0.0.1', port: 0, routes: { '/base/in/*': twinloop.asgi(app) } })"
        )
        server = mount(app)
        async with httpx.AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{server.port}/base/in/a%20b")
        await server.stop(True)
        scope = scopes[-1]
        assert (scope["root_path"], scope["path"], scope["raw_path"]) == ("/base/in", "/base/in/a b", b"/base/in/a%20b")

    run(main())


# ---- under another server on this loop ---------------------------------------------------------------------------------


@contextlib.asynccontextmanager
async def under_uvicorn(app):
    uvicorn = pytest.importorskip("uvicorn")
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="critical", loop="none"))
    task = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        server.should_exit = True
        await task


@contextlib.asynccontextmanager
async def under_hypercorn(app):
    pytest.importorskip("hypercorn")
    from hypercorn.asyncio import serve
    from hypercorn.config import Config, Sockets

    config = Config()
    config.bind = ["127.0.0.1:0"]
    config.errorlog = None
    config.graceful_timeout = 0.1
    made = Config.create_sockets(config)
    for listener in made.insecure_sockets:
        listener.listen(100)
    config.create_sockets = lambda: Sockets(made.secure_sockets, made.insecure_sockets, made.quic_sockets)
    ended = asyncio.Event()
    task = asyncio.create_task(serve(app, config, shutdown_trigger=ended.wait))
    try:
        yield made.insecure_sockets[0].getsockname()[1]
    finally:
        ended.set()
        await task


@pytest.mark.parametrize("under", [under_uvicorn, under_hypercorn])
def test_a_handler_answers_under_another_server(run, under):
    body = bytes(range(256)) * 1000

    async def main():
        pages = js(PAGES)
        async with (
            under(twinloop.js_app(pages)) as port,
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
        ):
            response = await client.get("/in/x?y")
            assert (response.status_code, response.headers["x-path"]) == (200, "/in/x")
            assert (await client.post("/in/echo", content=body)).content == body
            assert (await client.get("/in/raise")).status_code == 500
            async with client.stream("GET", "/in/events") as response:
                async for line in response.aiter_lines():
                    assert line == "data: 1"
                    break
            await until(lambda: pages.gone == 1)
            with pytest.raises(websockets.InvalidStatus, match="403"):
                await websockets.connect(f"ws://127.0.0.1:{port}/in/socket")

    run(main())
