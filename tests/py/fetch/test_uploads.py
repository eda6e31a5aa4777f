"""Bodies of requests that are not bytes yet: files, iterables of both kinds, forms with files, and what goes wrong with them."""

from __future__ import annotations

import asyncio
import email
import io
from pathlib import Path

import pytest
import twinloop
from fetch_support import asked, fixtures, serving, talking


@pytest.fixture
def file(tmp_path):
    """A file of some pieces."""
    path = tmp_path / "data.bin"
    path.write_bytes(bytes(range(256)) * 2000)
    return path


async def sent(url, **given):
    """What the server has seen of a request with a body."""
    return await (await twinloop.fetch(url, **given)).json()


async def pieces(*given):
    for piece in given:
        await asyncio.sleep(0.001)
        yield piece


def test_iterables_are_sent_piece_by_piece(run):
    async def main():
        async with asked() as server:
            for content in (["a", b"", b"b", bytearray(b"c")], (each for each in "abc"), pieces("a", b"b", b"", b"c")):
                seen = await sent(server.url, content=content)
                assert (seen["method"], seen["body"]) == ("POST", "abc")
                assert seen["headers"]["transfer-encoding"] == "chunked"
            assert (await sent(server.url, data=pieces("a")))["body"] == "a"
            assert (await sent(server.url, content=pieces()))["body"] == ""
            seen = await sent(server.url, content=pieces("abc"), headers={"content-length": "3"})
            assert (seen["body"], seen["headers"]["content-length"]) == ("abc", "3")

    run(main())


def test_files_are_sent_from_where_they_stand(run, file, count_descriptors):
    async def main():
        url = f"http://{fixtures()['http']}"
        data = file.read_bytes()

        async def echo(content):
            response = await twinloop.fetch(f"{url}/echo", content=content)
            return await response.bytes()

        assert await echo(file) == data
        before = count_descriptors()
        with open(file, "rb") as opened:
            opened.seek(1000)
            assert await echo(opened) == data[1000:] and opened.tell() == 1000
        with open(file, "rb") as opened:
            fetching = twinloop.fetch(f"{url}/echo", content=opened)
        # Closed by now, and sent all the same.
        assert await (await fetching).bytes() == data
        assert await echo(io.BytesIO(data)) == data
        async with asked() as server, twinloop.Session(server.url) as session:
            seen = await (await session.post("/", content=file, headers={"content-type": "a/b"})).json()
            assert seen["headers"]["content-length"] == str(len(data)) and seen["headers"]["content-type"] == "a/b"
        await asyncio.sleep(0.05)
        assert count_descriptors() <= before + 2

    run(main())


def test_an_iterable_is_not_asked_for_more_than_the_connection_takes(run):
    asked_for = []

    async def source():
        for _ in range(1000):
            asked_for.append(1)
            yield b"x" * 100_000

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(60)

    async def main():
        async with talking(talk) as url:
            for content in (source(), (b"x" * 100_000 for _ in range(1000) if not asked_for.append(1))):
                asked_for.clear()
                with pytest.raises(TimeoutError):
                    await twinloop.fetch(url, content=content, timeout=0.3)
                assert 0 < len(asked_for) < 200

    run(main())


class Mine(Exception):
    pass


def test_what_a_body_raises_is_what_the_fetch_raises(run):
    ended = []

    def failing():
        yield b"a"
        raise Mine

    async def failing_later():
        try:
            yield b"a"
            await asyncio.sleep(0.001)
            raise Mine
        finally:
            ended.append(True)

    async def talk(reader, writer):
        received.append(await reader.read())

    received = []

    async def main():
        async with talking(talk) as url:
            for content in (failing(), failing_later()):
                with pytest.raises(Mine):
                    await twinloop.fetch(url, content=content)
            with pytest.raises(TypeError, match="a piece of a body is bytes or text, not 'int'"):
                await twinloop.fetch(url, content=[1])
            with pytest.raises(TypeError, match="a piece of a body is bytes or text, not 'int'"):
                await twinloop.fetch(url, content=pieces(1))
            with pytest.raises(ValueError, match="content-length"):
                await twinloop.fetch(url, content=["abc"], headers={"content-length": "5"})
            await asyncio.sleep(0.02)
            # No server has taken one of them for a whole body.
            assert ended == [True] and not any(each.endswith(b"0\r\n\r\n") for each in received)

    run(main())


def test_a_body_ends_with_its_request(run):
    ended = asyncio.Event()

    async def source():
        try:
            while True:
                yield b"x" * 1000
                await asyncio.sleep(0.001)
        finally:
            ended.set()

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too much\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        await reader.read(1000)

    async def main():
        async with talking(talk) as url:
            response = await twinloop.fetch(url, content=source())
            assert response.status == 413
            await asyncio.wait_for(ended.wait(), 5)

        async def forever(reader, writer):
            while await reader.read(1000):
                pass

        ended.clear()
        async with talking(forever) as url:
            task = asyncio.create_task(twinloop.fetch(url, content=source()))
            await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await asyncio.wait_for(ended.wait(), 5)
            assert [each for each in asyncio.all_tasks() if "pump" in repr(each)] == []

    run(main())


def test_a_body_that_cannot_be_sent_again_follows_no_redirect_and_is_not_tried_again(run):
    async def main():
        async with asked() as server:
            with pytest.raises(twinloop.FetchRedirectError, match="a streamed body cannot be sent again"):
                await twinloop.fetch(f"{server.url}/to/307?url=/end", content=iter([b"a"]))
            seen = await sent(f"{server.url}/to/303?url=/end", content=iter([b"a"]))
            assert (seen["method"], seen["body"]) == ("GET", "")

        times = []

        async def handler(request):
            times.append(await request.body())
            return twinloop.Response("", 503)

        async with serving(handler) as url:
            retry = twinloop.Retry(attempts=2, backoff=0.001, methods=frozenset({"POST"}))
            async with twinloop.Session(url, retries=retry) as session:
                assert (await session.post("/", content=iter([b"a"]))).status == 503
                assert times == [b"a"]
                assert (await session.post("/", content=b"b")).status == 503
                assert times == [b"a", b"b", b"b", b"b"]

    run(main())


# ---- forms with files


def parts(seen):
    """The parts of a form, as (name, file's name, type, bytes)."""
    head = f"content-type: {seen['headers']['content-type']}\n\n"
    message = email.message_from_bytes(head.encode() + seen["body"].encode())
    found = []
    for part in message.get_payload():
        name = part.get_param("name", header="content-disposition")
        kind = part.get_content_type() if "content-type" in part else None
        found.append((name, part.get_filename(), kind, part.get_payload(decode=True)))
    return found


def test_a_form_with_files(run, tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes(b"[1]")

    async def main():
        async with asked() as server:
            with open(path, "rb") as opened:
                files = {
                    "path": path,
                    "opened": opened,
                    "named": ("b.txt", "text"),
                    "typed": ("c", b"bytes", "x/y"),
                    "memory": io.BytesIO(b"memory"),
                    "pieces": ("d.bin", pieces(b"1", b"2")),
                }
                seen = await sent(server.url, files=files, data={"field": "ü", "many": [1, True]})
            assert seen["method"] == "POST" and seen["headers"]["transfer-encoding"] == "chunked"
            assert parts(seen) == [
                ("field", None, None, "ü".encode()),
                ("many", None, None, b"1"),
                ("many", None, None, b"true"),
                ("path", "a.json", "application/json", b"[1]"),
                ("opened", "a.json", "application/json", b"[1]"),
                ("named", "b.txt", "text/plain", b"text"),
                ("typed", "c", "x/y", b"bytes"),
                ("memory", "file", "application/octet-stream", b"memory"),
                ("pieces", "d.bin", "application/octet-stream", b"12"),
            ]
            # What has a length says it.
            seen = await sent(server.url, files=[("a", path), ("a", ("e.txt", b"2"))])
            assert seen["headers"]["content-length"] == str(len(seen["body"]))
            assert [part[3] for part in parts(seen)] == [b"[1]", b"2"]

    run(main())


def test_names_in_a_form_cannot_end_their_lines(run):
    async def main():
        async with asked() as server:
            seen = await sent(server.url, files={'a"\r\nx: y': ('b"\r\n.txt', b"1")})
            assert 'name="a%22%0D%0Ax: y"; filename="b%22%0D%0A.txt"' in seen["body"]
            with pytest.raises(ValueError, match="ends lines"):
                twinloop.fetch(server.url, files={"a": ("b", b"1", "a/b\r\nx: y")})
            with pytest.raises(TypeError, match="a request has one body: files or json"):
                twinloop.fetch(server.url, files={"a": b"1"}, json=1)
            with pytest.raises(TypeError, match="a file is bytes, text, a file, a path"):
                twinloop.fetch(server.url, files={"a": 1})
            with pytest.raises(TypeError, match="a tuple of a name, a body and a content type"):
                twinloop.fetch(server.url, files={"a": ("b",)})
            with pytest.raises(FileNotFoundError, match="nowhere"):
                twinloop.fetch(server.url, content=Path("/nowhere"))

    run(main())
