"""Unmodified third-party packages on the loop: aiohttp, client and server, and aiofiles."""

from __future__ import annotations

import asyncio
import contextlib

import aiofiles
import aiohttp
from aiohttp import web


@contextlib.asynccontextmanager
async def serving(application, **options):
    """Runs an aiohttp application on a free port of loopback; gives the port."""
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, **options)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


def application():
    async def data(request):
        return web.json_response({"name": "value", "query": dict(request.query)})

    async def echo(request):
        return web.Response(body=await request.read())

    async def stream(request):
        response = web.StreamResponse()
        await response.prepare(request)
        for number in range(100):
            await response.write(b"%06d\n" % number * 1000)
        return response

    async def socket(request):
        websocket = web.WebSocketResponse()
        await websocket.prepare(request)
        async for message in websocket:
            await websocket.send_str(message.data.upper())
        return websocket

    app = web.Application(client_max_size=1 << 30)
    app.router.add_get("/data", data)
    app.router.add_post("/echo", echo)
    app.router.add_get("/stream", stream)
    app.router.add_get("/socket", socket)
    return app


def test_aiohttp_gets_json_over_kept_connections(run):
    async def main():
        async with serving(application()) as port, aiohttp.ClientSession() as session:
            for number in range(50):
                async with session.get(f"http://127.0.0.1:{port}/data?n={number}") as response:
                    assert await response.json() == {"name": "value", "query": {"n": str(number)}}

    run(main())


def test_aiohttp_posts_and_streams_large_bodies(run):
    async def main():
        async with serving(application()) as port, aiohttp.ClientSession() as session:
            body = bytes(range(256)) * 20_000
            async with session.post(f"http://127.0.0.1:{port}/echo", data=body) as response:
                assert await response.read() == body
            async with session.get(f"http://127.0.0.1:{port}/stream") as response:
                lines = [line async for line in response.content]
            assert len(lines) == 100_000 and lines[-1] == b"000099\n"

    run(main())


def test_aiohttp_runs_a_hundred_requests_at_once(run):
    async def main():
        async with serving(application()) as port, aiohttp.ClientSession() as session:

            async def get(number):
                async with session.get(f"http://127.0.0.1:{port}/data?n={number}") as response:
                    return (await response.json())["query"]["n"]

            results = await asyncio.gather(*(get(number) for number in range(100)))
            assert results == [str(number) for number in range(100)]

    run(main())


def test_aiohttp_over_tls(run, server_tls, client_tls):
    async def main():
        async with serving(application(), ssl_context=server_tls) as port, aiohttp.ClientSession() as session:
            async with session.get(f"https://localhost:{port}/data", ssl=client_tls) as response:
                assert (await response.json())["name"] == "value"

    run(main())


def test_aiohttp_websockets(run):
    async def main():
        async with serving(application()) as port, aiohttp.ClientSession() as session:
            async with session.ws_connect(f"http://127.0.0.1:{port}/socket") as websocket:
                for word in ("one", "two"):
                    await websocket.send_str(word)
                    assert await websocket.receive_str() == word.upper()

    run(main())


def test_aiohttp_leaves_no_descriptor_behind(run, count_descriptors):
    async def main():
        async with serving(application()) as port, aiohttp.ClientSession() as session:
            for _ in range(200):
                async with session.get(f"http://127.0.0.1:{port}/data", headers={"Connection": "close"}) as response:
                    await response.read()

    run(main())
    before = count_descriptors()
    run(main())
    assert count_descriptors() == before


def test_aiofiles_reads_and_writes(run, tmp_path):
    path = tmp_path / "example.txt"

    async def main():
        async with aiofiles.open(path, mode="w") as file:
            await file.write("line one\nline two\n")
        async with aiofiles.open(path) as file:
            content = await file.read()
        async with aiofiles.open(path) as file:
            lines = [line async for line in file]
        return content, lines

    assert run(main()) == ("line one\nline two\n", ["line one\n", "line two\n"])


def test_aiofiles_names_a_missing_file(run, tmp_path):
    async def main():
        try:
            async with aiofiles.open(tmp_path / "missing.txt"):
                pass
        except FileNotFoundError as error:
            return error.filename

    assert run(main()) == str(tmp_path / "missing.txt")
