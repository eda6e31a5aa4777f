"""``twinloop.aiohttp.Middleware``: aiohttp's sessions over Twinloop's connections, with aiohttp's own behaviour and errors."""

from __future__ import annotations

import asyncio
import io

import pytest
import twinloop
from fetch_support import answering, asked, fixtures, serving, talking

aiohttp = pytest.importorskip("aiohttp")
Middleware = pytest.importorskip("twinloop.aiohttp").Middleware


def session(**options):
    return aiohttp.ClientSession(middlewares=[Middleware(ca_file=fixtures()["ca_file"])], **options)


def test_a_session_sends_and_receives(run):
    async def main():
        async with asked() as server, session(base_url=server.url, headers={"x-a": "1"}) as own:
            async with own.get("/a", params={"n": 1}, headers={"Authorization": "Basic dXNlcjpw"}) as response:
                seen = await response.json()
                assert (response.status, response.reason, response.ok) == (200, "OK", True)
                assert str(response.url) == f"{server.url}/a?n=1" and response.content_type == "application/json"
            assert (seen["path"], seen["query"], seen["headers"]["x-a"]) == ("/a", "n=1", "1")
            assert seen["headers"]["authorization"].startswith("Basic ")
            assert "aiohttp" in seen["headers"]["user-agent"]

            async def ask(method, **options):
                async with own.request(method, "/", **options) as response:
                    return await response.json()

            assert (await ask("POST", json=[1]))["body"] == "[1]"
            assert (await ask("POST", data={"a": "b"}))["body"] == "a=b"
            assert (await ask("PUT", data=b"bytes"))["headers"]["content-length"] == "5"
            form = aiohttp.FormData()
            form.add_field("f", io.BytesIO(b"text"), filename="n.txt")
            assert 'filename="n.txt"' in (await ask("POST", data=form))["body"]

            async def pieces():
                yield b"a"
                yield b"b"

            seen = await ask("POST", data=pieces())
            assert (seen["body"], seen["headers"]["transfer-encoding"]) == ("ab", "chunked")
            assert (await ask("DELETE"))["method"] == "DELETE"
            async with own.head("/") as response:
                assert await response.read() == b""

    run(main())


def test_redirects_cookies_and_codings_are_as_ever(run):
    async def main():
        async with session(base_url=f"http://{fixtures()['http']}", cookie_jar=aiohttp.CookieJar(unsafe=True)) as own:
            async with own.get("/redirect/2") as response:
                assert (response.status, len(response.history)) == (200, 3)
            async with own.get("/redirect/2", allow_redirects=False) as response:
                assert response.status == 302
            async with own.get("/set-cookie?a=1") as response:
                assert response.cookies["a"].value == "1"
            async with own.get("/headers") as response:
                assert (await response.json())["cookie"] == "a=1"
            async with own.get("/gzip?size=100000") as response:
                assert response.headers["content-encoding"] == "gzip" and len(await response.read()) == 100_000
            async with own.get("/status/503") as response:
                with pytest.raises(aiohttp.ClientResponseError) as raised:
                    response.raise_for_status()
                assert raised.value.status == 503
        async with session(auto_decompress=False) as own, own.get(f"http://{fixtures()['http']}/gzip") as response:
            assert (await response.read())[:2] == b"\x1f\x8b"

    run(main())


def test_a_long_body_comes_as_it_is_read(run, count_descriptors):
    async def main():
        produced = 0

        async def handler(request):
            async def body():
                nonlocal produced
                for _ in range(400):
                    produced += 1
                    yield b"x" * 50_000

            return twinloop.Response(body())

        async with serving(handler) as url, session() as own:
            async with own.get(url) as response:
                await asyncio.sleep(0.2)
                assert produced < 300
                size = 0
                async for piece in response.content.iter_chunked(10_000):
                    size += len(piece)
                assert size == 20_000_000
            held = count_descriptors()
            async with own.get(url) as response:
                assert len(await response.content.readexactly(10)) == 10
            await asyncio.sleep(0.05)
            assert count_descriptors() <= held

    run(main())


def test_it_speaks_http2_and_leaves_aiohttp_what_is_its_own(run):
    async def main():
        servers = fixtures()
        async with session() as own:
            async with own.get(f"https://{servers['https']}/data") as response:
                assert response.version == (2, 0) and (await response.json())["ok"]
            async with own.get(f"https://{servers['https']}/data", ssl=False) as response:
                assert response.version == (1, 1)
            async with own.ws_connect(f"http://{servers['http']}/ws-echo") as socket:
                await socket.send_str("own")
                assert await socket.receive_str() == "own"

    run(main())


def test_failures_are_aiohttps(run):
    async def main():
        servers = fixtures()
        async with session(timeout=aiohttp.ClientTimeout(total=0.3)) as own:
            for url, error in [
                (f"http://{servers['refused']}/", aiohttp.ClientConnectorError),
                ("http://no-such-host.invalid/", (aiohttp.ClientConnectorError, TimeoutError)),
                (f"https://{servers['expired_tls']}/data", aiohttp.ClientConnectorCertificateError),
                (f"http://{servers['http']}/hang", TimeoutError),
            ]:
                with pytest.raises(error):
                    await own.get(url)
            async with own.get(f"http://{servers['raw']}/cut-length") as response:
                with pytest.raises(aiohttp.ClientPayloadError):
                    await response.read()
            head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
            async with talking(answering(head)) as url:
                with pytest.raises(TimeoutError):
                    async with own.get(url) as response:
                        await response.read()

            async def nothing(reader, writer):
                await reader.readuntil(b"\r\n\r\n")

            async with talking(nothing) as url:
                with pytest.raises(aiohttp.ServerDisconnectedError):
                    await own.post(url, data=b"x")

    run(main())
