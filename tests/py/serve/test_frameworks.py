"""Frameworks, unmodified, asked by the clients that people use."""

from __future__ import annotations

import asyncio
import json

import pytest
from serve_support import connected, serving, until

httpx = pytest.importorskip("httpx")


async def ask_all(server, *, takes_chunks=True):
    """What each of the applications below answers."""
    async with httpx.AsyncClient(base_url=server.url) as client:
        response = await client.get("/hello/w%C3%B6rld", params={"x": "1 2"})
        assert response.status_code == 200 and response.json() == {"name": "wörld", "x": "1 2"}
        response = await client.post("/echo", content=b"y" * 300_000)
        assert response.content == b"y" * 300_000

        async def pieces():
            for _ in range(10):
                yield b"z" * 10_000

        if takes_chunks:
            response = await client.post("/echo", content=pieces())
            assert response.content == b"z" * 100_000
        response = await client.get("/stream")
        assert response.text == "".join(f"{number}\n" for number in range(100))
        assert (await client.get("/none")).status_code == 404
        response = await client.post("/form", data={"a": "1"}, files={"file": ("name.txt", b"content" * 5000)})
        assert response.json() == {"a": "1", "name": "name.txt", "size": 35_000}
        assert (await client.get("/raise")).status_code == 500
        responses = await asyncio.gather(*(client.get(f"/hello/{n}", params={"x": "0"}) for n in range(100)))
        assert [each.json()["name"] for each in responses] == [str(n) for n in range(100)]


def starlette_application():
    starlette = pytest.importorskip("starlette")
    pytest.importorskip("python_multipart")
    assert starlette
    from starlette.applications import Starlette
    from starlette.responses import JSONResponse, Response, StreamingResponse
    from starlette.routing import Route, WebSocketRoute

    async def hello(request):
        return JSONResponse({"name": request.path_params["name"], "x": request.query_params["x"]})

    async def echo(request):
        return Response(await request.body())

    async def stream(request):
        async def numbers():
            for number in range(100):
                yield f"{number}\n"
                if number % 10 == 0:
                    await asyncio.sleep(0)

        return StreamingResponse(numbers())

    async def form(request):
        async with request.form() as data:
            size = len(await data["file"].read())
            return JSONResponse({"a": data["a"], "name": data["file"].filename, "size": size})

    async def fails(request):
        raise ValueError("a fault of the application")

    async def socket(websocket):
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text.upper())

    routes = [
        Route("/hello/{name}", hello),
        Route("/echo", echo, methods=["POST"]),
        Route("/stream", stream),
        Route("/form", form, methods=["POST"]),
        Route("/raise", fails),
        WebSocketRoute("/socket", socket),
    ]
    return Starlette(routes=routes)


def test_starlette(run):
    async def main():
        async with serving(starlette_application()) as server:
            await ask_all(server)

    run(main())


def test_starlettes_middleware_and_background_tasks(run):
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.middleware.gzip import GZipMiddleware
    from starlette.responses import PlainTextResponse, StreamingResponse
    from starlette.routing import Route

    done = []

    async def add_header(request, call_next):
        response = await call_next(request)
        response.headers["x-added"] = "yes"
        return response

    async def text(request):
        await request.body()
        return PlainTextResponse("text " * 1000, background=BackgroundTask(done.append, "text"))

    async def stream(request):
        async def endless():
            try:
                while True:
                    yield b"x" * 1000
                    await asyncio.sleep(0.001)
            finally:
                done.append("stream")

        return StreamingResponse(endless())

    middleware = [Middleware(GZipMiddleware), Middleware(BaseHTTPMiddleware, dispatch=add_header)]
    routes = [Route("/", text, methods=["GET", "POST"]), Route("/stream", stream)]
    application = Starlette(routes=routes, middleware=middleware)

    async def main():
        async with serving(application) as server, httpx.AsyncClient(base_url=server.url) as client:
            response = await client.post("/", content=b"abc")
            assert response.text == "text " * 1000
            assert (response.headers["content-encoding"], response.headers["x-added"]) == ("gzip", "yes")
            await until(lambda: done == ["text"])
            async with client.stream("GET", "/stream", headers={"accept-encoding": "identity"}) as response:
                async for _ in response.aiter_bytes():
                    break
            await until(lambda: done == ["text", "stream"])

    run(main())


@pytest.mark.parametrize("under", ["alone", "a middleware"])
@pytest.mark.parametrize("pause", [60, 0.001, None], ids=["that waits", "that gives", "that never waits"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_generator_of_starlettes_ends_with_its_client_and_the_background_follows(run, caplog, method, pause, under):
    pytest.importorskip("starlette")
    from starlette.applications import Starlette
    from starlette.background import BackgroundTask
    from starlette.middleware import Middleware
    from starlette.middleware.base import BaseHTTPMiddleware
    from starlette.responses import StreamingResponse
    from starlette.routing import Route

    done = []

    async def events(request):
        await request.body()

        async def count():
            try:
                while True:
                    yield b"data: 1\n\n"
                    if pause is not None:
                        await asyncio.sleep(pause)
            finally:
                done.append("generator")

        return StreamingResponse(count(), background=BackgroundTask(done.append, "background"))

    async def pass_on(request, call_next):
        return await call_next(request)

    middleware = [Middleware(BaseHTTPMiddleware, dispatch=pass_on)] if under != "alone" else []
    application = Starlette(routes=[Route("/", events, methods=["GET", "POST"])], middleware=middleware)

    async def main():
        async with serving(application) as server:
            async with connected(server) as client:
                length = 5 if method == "POST" else 0
                await client.send(f"{method} / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n" + "a" * length)
                await client.reader.readuntil(b"data: 1\n\n")
                client.cut()
            await until(lambda: sorted(done) == ["background", "generator"])

    run(main())
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def fastapi_application():
    pytest.importorskip("fastapi")
    pytest.importorskip("python_multipart")
    from contextlib import asynccontextmanager

    from fastapi import Depends, FastAPI, Request, UploadFile, WebSocket
    from fastapi import Form as FormField
    from fastapi.responses import Response, StreamingResponse

    @asynccontextmanager
    async def lifespan(application):
        yield {"started": True}

    # Annotations are looked up where FastAPI finds them.
    globals().update(Request=Request, UploadFile=UploadFile, WebSocket=WebSocket)
    app = FastAPI(lifespan=lifespan)

    async def check(request: Request):
        assert request.state.started

    @app.get("/hello/{name}", dependencies=[Depends(check)])
    async def hello(name: str, x: str):
        return {"name": name, "x": x}

    @app.post("/echo")
    async def echo(request: Request):
        return Response(await request.body())

    # Not a coroutine: FastAPI runs it in a thread.
    @app.get("/stream")
    def stream():
        return StreamingResponse(f"{number}\n" for number in range(100))

    @app.post("/form")
    async def form(file: UploadFile, a: str = FormField()):
        return {"a": a, "name": file.filename, "size": len(await file.read())}

    @app.get("/raise")
    async def fails():
        raise ValueError("a fault of the application")

    @app.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        async for text in websocket.iter_text():
            await websocket.send_text(text.upper())

    return app


def test_fastapi(run):
    async def main():
        async with serving(fastapi_application(), lifespan="on") as server:
            await ask_all(server)

    run(main(), limit_s=60)


@pytest.mark.parametrize("make", [starlette_application, fastapi_application])
def test_websockets_of_frameworks(run, make, caplog):
    websockets = pytest.importorskip("websockets")
    from websockets.asyncio.client import connect

    async def main():
        async with serving(make(), lifespan="auto") as server:
            async with connect(f"{server.url.replace('http', 'ws')}/socket") as client:
                for text in ("a", "ä" * 100_000):
                    await client.send(text)
                    assert await client.recv() == text.upper()
            with pytest.raises(websockets.InvalidStatus) as raised:
                await connect(f"{server.url.replace('http', 'ws')}/none")
            assert raised.value.response.status_code == 403
            await asyncio.sleep(0.02)

    run(main())
    assert "Exception" not in caplog.text


def django_views():
    """The two callables of one Django project."""
    django = pytest.importorskip("django")
    from django.conf import settings

    if not settings.configured:
        settings.configure(
            DEBUG=False,
            SECRET_KEY="tests",
            ROOT_URLCONF="django_urls",
            ALLOWED_HOSTS=["*"],
            DATA_UPLOAD_MAX_MEMORY_SIZE=1 << 20,
            LOGGING_CONFIG=None,
        )
        django.setup()
    from django.core.asgi import get_asgi_application
    from django.core.wsgi import get_wsgi_application

    return {"asgi": get_asgi_application, "wsgi": get_wsgi_application}


@pytest.mark.parametrize("interface", ["asgi", "wsgi"])
def test_django(run, interface, monkeypatch):
    monkeypatch.syspath_prepend(__file__.rpartition("/")[0])
    application = django_views()[interface]()

    async def main():
        async with serving(application) as server:
            # By WSGI Django takes no body without a length.
            await ask_all(server, takes_chunks=interface == "asgi")

    run(main(), limit_s=60)


def test_flask(run):
    flask = pytest.importorskip("flask")
    app = flask.Flask(__name__)

    @app.get("/hello/<name>")
    def hello(name):
        return {"name": name, "x": flask.request.args["x"]}

    @app.post("/echo")
    def echo():
        return flask.request.get_data()

    @app.get("/stream")
    def stream():
        return flask.Response(f"{number}\n" for number in range(100))

    @app.post("/form")
    def form():
        file = flask.request.files["file"]
        return {"a": flask.request.form["a"], "name": file.filename, "size": len(file.read())}

    @app.get("/raise")
    def fails():
        raise ValueError("a fault of the application")

    async def main():
        async with serving(app) as server:
            await ask_all(server)

    run(main(), limit_s=60)


def test_quart(run):
    quart = pytest.importorskip("quart")
    app = quart.Quart(__name__)

    @app.get("/hello/<name>")
    async def hello(name):
        return {"name": name, "x": quart.request.args["x"]}

    @app.post("/echo")
    async def echo():
        return await quart.request.get_data()

    @app.get("/stream")
    async def stream():
        async def numbers():
            for number in range(100):
                yield f"{number}\n".encode()

        return numbers(), 200

    @app.post("/form")
    async def form():
        file = (await quart.request.files)["file"]
        return {"a": (await quart.request.form)["a"], "name": file.filename, "size": len(file.read())}

    @app.get("/raise")
    async def fails():
        raise ValueError("a fault of the application")

    async def main():
        async with serving(app, lifespan="on") as server:
            await ask_all(server)

    run(main(), limit_s=60)


def test_a_websocket_of_quarts_ends_with_its_client(run, caplog):
    quart = pytest.importorskip("quart")
    app = quart.Quart(__name__)
    ended = []

    @app.websocket("/")
    async def push():
        await quart.websocket.send("before")
        await asyncio.sleep(0.02)
        clients.pop().cut()
        try:
            for _ in range(3):
                # The server finds out in between, and the next message is there before who receives has its turn.
                await quart.websocket.send("x")
                await asyncio.sleep(0)
            await asyncio.sleep(60)
        finally:
            ended.append(True)

    clients = []
    handshake = (
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    )

    async def main():
        async with serving(app) as server, connected(server) as client:
            clients.append(client)
            await client.send(handshake + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            await until(lambda: ended)

    run(main())
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_websocket_of_quarts_that_fails_as_its_client_goes_is_logged_by_quart_alone(run, caplog):
    quart = pytest.importorskip("quart")
    app = quart.Quart(__name__)

    @app.websocket("/")
    async def listen():
        await quart.websocket.send("before")
        clients.pop().cut()
        try:
            await quart.websocket.receive()
        finally:
            # Nobody is there: Quart logs this, and closes what is closed.
            raise ZeroDivisionError

    clients = []
    handshake = (
        "GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade\r\nSec-WebSocket-Version: 13\r\n"
    )

    async def main():
        async with serving(app) as server, connected(server) as client:
            clients.append(client)
            await client.send(handshake + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
            await until(lambda: caplog.records)
            await until(lambda: server.connections == 0)

    run(main())
    messages = [record.getMessage() for record in caplog.records if record.levelname == "ERROR"]
    assert messages == ["Exception on websocket /"]


def test_litestar(run):
    litestar = pytest.importorskip("litestar")
    from litestar.datastructures import UploadFile
    from litestar.response import Stream

    # Annotations are looked up where Litestar finds them.
    globals().update(LitestarRequest=litestar.Request, litestar=litestar, LitestarUploadFile=UploadFile, Stream=Stream)

    @litestar.get("/hello/{name:str}")
    async def hello(name: str, x: str) -> dict[str, str]:
        return {"name": name, "x": x}

    @litestar.post("/echo", status_code=200, media_type="application/octet-stream", request_max_body_size=None)
    async def echo(request: LitestarRequest) -> bytes:  # noqa: F821
        return await request.body()

    @litestar.get("/stream")
    async def stream() -> Stream:  # noqa: F821
        return Stream(f"{number}\n" for number in range(100))

    @litestar.post("/form", status_code=200)
    async def form(request: LitestarRequest) -> dict[str, object]:  # noqa: F821
        data = await request.form()
        return {"a": str(json.loads(data["a"])), "name": data["file"].filename, "size": len(await data["file"].read())}

    @litestar.get("/raise")
    async def fails() -> None:
        raise ValueError("a fault of the application")

    app = litestar.Litestar([hello, echo, stream, form, fails])

    async def main():
        async with serving(app, lifespan="on") as server:
            await ask_all(server)

    run(main(), limit_s=60)
