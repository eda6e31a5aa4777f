"""``twinloop.Response`` and ``Headers``: a body in each of its forms, pieces, statuses, and responses that programs make."""

from __future__ import annotations

import asyncio
import collections.abc
import gc
import json
import weakref

import pytest
import twinloop
from fetch_support import answering, fixtures, serving, talking


def test_a_body_is_read_once_and_kept(run):
    async def main():
        async def handler(_request):
            return twinloop.Response('{"a": [1, 2.5, null, true, "ü"]}', content_type="application/json")

        async with serving(handler) as url:
            response = await twinloop.fetch(url)
            value = {"a": [1, 2.5, None, True, "ü"]}
            assert await response.json() == value
            assert json.loads(await response.text()) == value
            assert await response.bytes() == '{"a": [1, 2.5, null, true, "ü"]}'.encode()
            assert await response.json(loads=len) == len(await response.bytes())
            assert response.body == await response.bytes()

    run(main())


def test_a_body_that_arrives_slowly_is_read_in_each_form(run):
    async def main():
        url = f"http://{fixtures()['http']}"
        assert await (await twinloop.fetch(f"{url}/slow-body?ms=20")).json() == {"first": 1, "second": 2}
        assert await (await twinloop.fetch(f"{url}/slow-body?ms=20")).text() == '{"first":1,"second":2}'
        response = await twinloop.fetch(f"{url}/bytes/1000003")
        pattern = bytes(range(251))
        assert await response.bytes() == (pattern * 4000)[:1_000_003]
        for coding in ("gzip", "deflate", "br", "zstd"):
            assert (await (await twinloop.fetch(f"{url}/{coding}")).json())["encoding"] == coding

    run(main())


def test_a_coding_is_left_as_it_is_where_that_is_wanted(run):
    async def main():
        url = f"http://{fixtures()['http']}"
        response = await twinloop.fetch(f"{url}/gzip", decompress=False)
        assert (await response.bytes())[:2] == b"\x1f\x8b" and response.headers["content-encoding"] == "gzip"
        for decompress in (True, False):
            seen = await (await twinloop.fetch(f"{url}/headers", decompress=decompress)).json()
            assert ("accept-encoding" in seen) == decompress

    run(main())


def test_pieces_come_one_after_the_other(run):
    async def main():
        url = f"http://{fixtures()['http']}"
        response = await twinloop.fetch(f"{url}/stream?chunks=4&ms=5")
        pieces = [piece async for piece in response]
        assert len(pieces) >= 2 and all(isinstance(piece, bytes) and piece for piece in pieces)
        assert [piece async for piece in response] == []
        with pytest.raises(RuntimeError, match="was read already, piece by piece"):
            await response.text()
        # A body that is here as a whole is one piece.
        response = await twinloop.fetch(f"{url}/text")
        assert [piece async for piece in response] == ["Grüße, 世界! 🎈\n".encode()]

    run(main())


def test_one_reader_at_a_time(run):
    async def main():
        url = f"http://{fixtures()['http']}/slow-body?ms=20"
        response = await twinloop.fetch(url)
        reading = asyncio.create_task(response.text())
        await asyncio.sleep(0)
        with pytest.raises(RuntimeError, match="is being read by somebody else"):
            await response.bytes()
        assert await reading == '{"first":1,"second":2}'
        response = await twinloop.fetch(url)
        await anext(response)
        with pytest.raises(RuntimeError, match="is being read piece by piece"):
            await response.bytes()

    run(main())


def test_a_piece_is_not_lost_with_a_task_that_is_cancelled(run):
    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 8\r\n\r\nhalf"
        more = asyncio.Event()

        async def then(reader, writer):
            await more.wait()
            writer.write(b"more")
            await reader.read()

        async with talking(answering(head, then=then)) as url:
            response = await twinloop.fetch(url)
            assert await anext(response) == b"half"
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(anext(response), 0.02)
            more.set()
            assert await anext(response) == b"more"
            with pytest.raises(StopAsyncIteration):
                await anext(response)

    run(main())


def test_a_response_is_closed_by_async_with(run):
    gone = asyncio.Event()

    async def then(reader, writer):
        await reader.read()
        gone.set()

    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
        async with talking(answering(head, then=then)) as url:
            async with await twinloop.fetch(url) as response:
                assert await anext(response) == b"half"
            await gone.wait()
            with pytest.raises(RuntimeError, match="was closed"):
                await response.bytes()

    run(main())


@pytest.mark.parametrize(
    ("kind", "body", "text"),
    [
        (None, "ü".encode(), "ü"),
        ("text/plain; charset=ISO-8859-1", b"\xfc", "ü"),
        ('text/plain; x=1; Charset="utf-16"', "ü€".encode("utf-16"), "ü€"),
        ("text/plain; charset=utf-8", b"\xef\xbb\xbfa\xff", "a\ufffd"),
        ("text/plain; charset=ascii", b"a\xff", "a\ufffd"),
    ],
)
def test_text_is_of_the_encoding_that_is_named(run, kind, body, text):
    async def main():
        async def handler(_request):
            return twinloop.Response(body, content_type=kind)

        async with serving(handler) as url:
            response = await twinloop.fetch(url)
            assert await response.text() == text
            assert await response.text("latin-1") == body.decode("latin-1")
            assert await response.text(encoding="latin-1") == body.decode("latin-1")

    run(main())


def test_an_encoding_that_nobody_knows_is_an_error(run):
    async def main():
        async def handler(_request):
            return twinloop.Response(b"a", content_type="text/plain; charset=klingon")

        async with serving(handler) as url:
            response = await twinloop.fetch(url)
            with pytest.raises(LookupError, match="klingon"):
                await response.text()
            assert await response.text("utf-8") == "a"

    run(main())


DOCUMENTS = [
    "1",
    '"a\\u00e9\\ud83c\\udf88"',
    "[" * 500 + "]" * 500,
    '"\\ud800"',
    "[1e400, -1e400, NaN, Infinity, 12345678901234567890123456789012345678901234567890]",
    '{"a": 1, "a": 2}',
    " \t\r\n[1.5, -0.0, 1e5]\n",
    "0.1234567890123456789",
]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda text: text[:20])
def test_json_is_what_pythons_own_reads(run, document):
    async def main():
        async def handler(_request):
            return document

        async with serving(handler) as url:
            value = await (await twinloop.fetch(url)).json()
            assert repr(value) == repr(json.loads(document))

    run(main())


@pytest.mark.parametrize("body", [b"", b"{", b'{"a":}', b"[1 2]", b"nul", b'"\xff"', b"{} {}"])
def test_a_body_that_is_no_json_says_where(run, body):
    async def main():
        async def handler(_request):
            return body

        async with serving(handler) as url:
            response = await twinloop.fetch(url)
            with pytest.raises(twinloop.FetchDecodeError, match=f"the body of {url}/ is not json: ") as raised:
                await response.json()
            with pytest.raises(ValueError) as expected:
                json.loads(body)
            if isinstance(expected.value, json.JSONDecodeError):
                assert isinstance(raised.value, twinloop.FetchJSONError)
                assert isinstance(raised.value, json.JSONDecodeError)
                assert raised.value.pos == expected.value.pos
            assert await response.bytes() == body

    run(main())


def test_raise_for_status_raises_for_errors_alone(run):
    async def main():
        url = f"http://{fixtures()['http']}/status"
        for status in (200, 204, 304):
            response = await twinloop.fetch(f"{url}/{status}")
            assert response.raise_for_status() is response
        for status in (404, 503):
            response = await twinloop.fetch(f"{url}/{status}")
            assert not response.ok
            with pytest.raises(twinloop.HTTPStatusError, match=f"{url}/{status} answered {status} ") as raised:
                response.raise_for_status()
            assert raised.value.response is response and raised.value.status == status
            assert isinstance(raised.value, twinloop.FetchError)

    run(main())


def test_responses_without_a_body_have_an_empty_one(run):
    async def main():
        url = f"http://{fixtures()['http']}"
        response = await twinloop.fetch(f"{url}/data", method="HEAD")
        assert (await response.bytes(), response.headers["content-type"]) == (b"", "application/json")
        response = await twinloop.fetch(f"{url}/status/204")
        assert (await response.text(), [piece async for piece in response]) == ("", [])

    run(main())


# ---- those of programs


def test_a_program_makes_a_response(run):
    made = twinloop.Response("text", 201, {"X-A": "1"})
    assert (made.status, made.body, made.url, made.ok) == (201, "text", "", True)
    assert made.headers.multi_items() == [("x-a", "1"), ("content-type", "text/plain; charset=utf-8")]
    assert repr(made) == "<Response 201>"
    made.status = 404
    made.headers["x-a"] = "2"
    assert (made.status, made.headers["X-A"]) == (404, "2")
    assert twinloop.Response().body == b""
    value = twinloop.Response.json({"a": "ü"}, 202, headers=[("a", "b")])
    assert (value.status, value.body) == (202, '{"a":"ü"}'.encode())
    assert value.headers.multi_items() == [("a", "b"), ("content-type", "application/json")]

    async def main():
        assert await made.text() == "text"
        assert await value.json() == {"a": "ü"}
        assert await twinloop.Response(bytearray(b"b")).bytes() == b"b"
        assert [piece async for piece in twinloop.Response(b"ab")] == [b"ab"]
        with pytest.raises(TypeError, match="the body of this response is a 'list'"):
            await twinloop.Response([b"a"]).bytes()

    run(main())
    with pytest.raises(RuntimeError, match="the body of a Response needs a running event loop"):
        made.text()
    with pytest.raises(ValueError, match="ends lines"):
        twinloop.Response("a", headers={"a": "b\n\nc"})


def test_a_response_in_a_cycle_is_collected():
    class Body(list):
        pass

    body = Body()
    body.append(twinloop.Response(body))
    gone = weakref.ref(body)
    del body
    gc.collect()
    assert gone() is None


# ---- headers


def test_headers_are_a_mapping_that_knows_any_spelling():
    headers = twinloop.Headers([("Content-Type", "a/b"), ("Set-Cookie", "a=1"), (b"set-cookie", b"b=2")])
    assert isinstance(headers, collections.abc.MutableMapping)
    assert headers["content-TYPE"] == headers.get("CONTENT-TYPE") == "a/b"
    assert (headers.get("none"), headers.get("none", "x"), "none" in headers, 1 in headers) == (None, "x", False, False)
    assert headers["set-cookie"] == "a=1, b=2" and headers.get_all("Set-Cookie") == ["a=1", "b=2"]
    assert (list(headers), len(headers)) == (["content-type", "set-cookie"], 2)
    assert dict(headers) == {"content-type": "a/b", "set-cookie": "a=1, b=2"} == headers
    assert list(headers.items()) == [("content-type", "a/b"), ("set-cookie", "a=1, b=2")]
    assert headers.raw == [(b"content-type", b"a/b"), (b"set-cookie", b"a=1"), (b"set-cookie", b"b=2")]
    assert repr(twinloop.Headers({"a": "b"})) == "Headers([('a', 'b')])"
    with pytest.raises(KeyError, match="none"):
        headers["none"]
    with pytest.raises(TypeError):
        hash(headers)


def test_headers_can_be_changed():
    headers = twinloop.Headers({"a": "1"})
    copied = twinloop.Headers(headers)
    headers["A"] = "2"
    headers.append("a", "3")
    headers.update({"b": "4"}, c="5")
    assert headers.multi_items() == [("a", "2"), ("a", "3"), ("b", "4"), ("c", "5")]
    assert headers.pop("B") == "4" and headers.setdefault("c", "6") == "5"
    del headers["a"]
    assert list(headers) == ["c"] and list(copied.values()) == ["1"]
    with pytest.raises(KeyError):
        del headers["a"]
    with pytest.raises(ValueError, match="not a valid header name"):
        headers["a b"] = "c"
    headers.clear()
    assert not headers
