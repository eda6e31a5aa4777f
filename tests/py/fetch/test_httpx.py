"""``twinloop.httpx.Transport``: httpx's clients over Twinloop's connections, with httpx's own behaviour and errors."""

from __future__ import annotations

import asyncio

import pytest
from fetch_support import answering, asked, fixtures, talking

httpx = pytest.importorskip("httpx")
Transport = pytest.importorskip("twinloop.httpx").Transport


def client(**options):
    return httpx.AsyncClient(transport=Transport(), **options)


def test_a_client_sends_and_receives(run):
    async def main():
        async with asked() as server, client(base_url=server.url, headers={"x-a": "1"}) as own:
            response = await own.get("/a", params={"n": 1}, auth=("user", "password"))
            seen = response.json()
            assert (response.status_code, response.reason_phrase, response.http_version) == (200, "OK", "HTTP/1.1")
            assert (seen["path"], seen["query"], seen["headers"]["x-a"]) == ("/a", "n=1", "1")
            assert seen["headers"]["authorization"].startswith("Basic ")
            assert seen["headers"]["user-agent"].startswith("python-httpx/")
            assert (await own.post("/", json=[1])).json()["body"] == "[1]"
            form = (await own.post("/", data={"a": "b"}, files={"f": ("n.txt", b"text")})).json()
            assert 'filename="n.txt"' in form["body"] and form["headers"]["content-length"] == str(len(form["body"]))

            async def pieces():
                yield b"a"
                yield b"b"

            seen = (await own.put("/", content=pieces())).json()
            assert (seen["body"], seen["headers"]["transfer-encoding"]) == ("ab", "chunked")
            assert (await own.delete("/")).json()["method"] == "DELETE"

    run(main())


def test_redirects_cookies_and_codings_stay_httpxs(run):
    async def main():
        base = f"http://{fixtures()['http']}"
        async with client(base_url=base) as own:
            response = await own.get("/redirect/2")
            assert response.status_code == 302
            response = await own.get("/redirect/2", follow_redirects=True)
            assert (response.status_code, len(response.history)) == (200, 3)
            await own.get("/set-cookie?a=1")
            assert own.cookies["a"] == "1" and (await own.get("/headers")).json()["cookie"] == "a=1"
            own.cookies.clear()
            assert "cookie" not in (await own.get("/headers")).json()
            response = await own.get("/gzip?size=100000")
            assert response.headers["content-encoding"] == "gzip" and len(response.content) == 100_000
            async with own.stream("GET", "/bytes/1000000") as response:
                assert sum([len(piece) async for piece in response.aiter_bytes()]) == 1_000_000

    run(main())


def test_connections_are_kept_and_closed(run, count_descriptors):
    async def main():
        url = f"http://{fixtures()['http']}"
        async with client() as own:
            before = (await own.get(f"{url}/counters")).json()["accepted"]
            for _ in range(3):
                await asyncio.gather(*(own.get(f"{url}/data") for _ in range(20)))
            assert (await own.get(f"{url}/counters")).json()["accepted"] - before < 20
            held = count_descriptors()
        await asyncio.sleep(0.02)
        assert count_descriptors() < held

    run(main())


def test_failures_are_httpxs(run):
    async def main():
        servers = fixtures()
        async with client(timeout=0.1) as own:
            for url, error in [
                (f"http://{servers['refused']}/", httpx.ConnectError),
                ("http://no-such-host.invalid/", (httpx.ConnectError, httpx.ReadTimeout)),
                (f"https://{servers['bad_tls']}/data", httpx.ConnectError),
                (f"http://{servers['raw']}/cut-length", httpx.RemoteProtocolError),
                (f"http://{servers['http']}/hang", httpx.ReadTimeout),
                ("ftp://127.0.0.1/", httpx.UnsupportedProtocol),
            ]:
                with pytest.raises(error) as raised:
                    await own.get(url)
                assert raised.value.request.url == url

            head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
            async with talking(answering(head)) as url:
                with pytest.raises(httpx.ReadTimeout):
                    await own.get(url)
            async with talking(answering(b"not http\r\n\r\n")) as url:
                with pytest.raises(httpx.RemoteProtocolError):
                    await own.get(url)

    run(main())
