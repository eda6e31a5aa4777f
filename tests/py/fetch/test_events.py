"""``twinloop.EventSource``: events, reconnection with the last id, and what ends it."""

from __future__ import annotations

import asyncio

import pytest
import twinloop
from fetch_support import fixtures, serving, talking
from twinloop import EventSource

FAST = twinloop.Retry(attempts=3, backoff=0.01)


def stream(*pieces):
    """A response that sends these pieces."""

    async def body():
        for piece in pieces:
            yield piece

    return twinloop.Response(body(), headers={"content-type": "text/event-stream; charset=utf-8"})


def answering(response):
    """A handler that has one answer."""

    async def handler(request):
        return response

    return handler


def test_events_come_with_type_data_and_id(run):
    async def main():
        seen = []

        async def handler(request):
            seen.append(dict(request.headers))
            return stream("data: one\n\nevent: add\nid: 7\nda", 'ta: {"a":\ndata: 1}\n\n: comment\n\ndata: ü\r\n\r\n')

        async with serving(handler) as url:
            async with EventSource(url, reconnect=False, headers={"x-a": "1"}, params={"q": 2}) as source:
                assert source.response.status == 200 and "open" in repr(source)
                events = [event async for event in source]
            assert [(event.type, event.data, event.id) for event in events] == [
                ("message", "one", ""),
                ("add", '{"a":\n1}', "7"),
                ("message", "ü", "7"),
            ]
            assert events[1].json() == {"a": 1} and source.last_event_id == "7" and source.closed
            assert (seen[0]["accept"], seen[0]["x-a"]) == ("text/event-stream", "1")

    run(main())


def test_a_stream_that_ends_is_asked_for_again_with_the_last_id(run):
    async def main():
        ids = []

        async def handler(request):
            ids.append(request.headers.get("last-event-id"))
            number = len(ids)
            if number == 2:
                return twinloop.Response("later", 503)
            if number == 4:
                return twinloop.Response(status=204)
            # The last of these is no event: it has not ended.
            return stream(f"retry: 10\nid: é{number}\ndata: {number}\n\nid: lost\ndata: lost")

        async with serving(handler) as url:
            found = [(event.data, event.id) async for event in EventSource(url)]
            assert found == [("1", "é1"), ("3", "é3")]
            assert [None if each is None else each.encode("latin-1").decode() for each in ids] == [
                None,
                "é1",
                "é1",
                "é3",
            ]

    run(main())


def test_a_cut_in_the_middle_is_gone_over(run):
    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 1000\r\n\r\n"
        asked = []

        async def talk(reader, writer):
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            writer.write(head + b"retry: 5\nid: %d\ndata: x\n\ndata: y" % len(asked))
            await writer.drain()

        async with talking(talk) as url:
            source = EventSource(url)
            events = [await anext(source) for _ in range(3)]
            source.close()
            assert [event.id for event in events] == ["1", "2", "3"]
            assert b"last-event-id: 2\r\n" in asked[2].lower()
            assert [event async for event in source] == []

    run(main())


def test_a_silent_server_counts_as_broken_where_a_limit_is_given(run):
    async def main():
        asked = 0

        async def talk(reader, writer):
            nonlocal asked
            asked += 1
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n: hello\n\n")
            if asked == 2:
                writer.write(b"data: now\n\n")
            await reader.read()

        async with talking(talk) as url:
            async with EventSource(url, read_timeout=0.05, retry=FAST) as source:
                assert (await anext(source)).data == "now" and asked == 2
            async with EventSource(url, read_timeout=0.05, reconnect=False) as source:
                with pytest.raises(twinloop.FetchTimeoutError, match="was silent for 0.05 s"):
                    await anext(source)

    run(main())


def test_what_is_no_stream_of_events_is_an_error(run):
    async def main():
        servers = fixtures()
        async with serving(answering(twinloop.Response("text"))) as url:
            with pytest.raises(twinloop.FetchDecodeError, match="not text/event-stream"):
                async with EventSource(url):
                    pass
        for status in (404, 503):
            with pytest.raises(twinloop.HTTPStatusError, match=str(status)) as raised:
                await anext(EventSource(f"http://{servers['http']}/status/{status}"))
            assert raised.value.status == status
        with pytest.raises(twinloop.FetchConnectionError):
            await anext(EventSource(f"http://{servers['refused']}/"))
        with pytest.raises(TypeError, match="timeout"):
            EventSource("http://localhost/", timeout=3)

        async def nothing(reader, writer):
            await reader.read()

        async with talking(nothing) as url:
            with pytest.raises(twinloop.FetchTimeoutError, match="did not answer within 0.05 s"):
                await anext(EventSource(url, open_timeout=0.05))
        async with serving(answering(stream("data: " + "x" * 2000))) as url:
            with pytest.raises(BufferError, match="longer than 1000 bytes"):
                await anext(EventSource(url, max_size=1000))

    run(main())


def test_attempts_end(run):
    async def main():
        async def talk(reader, writer):
            await reader.readuntil(b"\r\n\r\n")
            server.close()
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\ndata: only\n\n")
            await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        source = EventSource(f"http://127.0.0.1:{port}/", retry=FAST)
        assert (await anext(source)).data == "only"
        with pytest.raises(twinloop.FetchConnectionError):
            await anext(source)
        assert source.closed

    run(main())


def test_it_goes_over_a_session_and_by_other_methods(run):
    async def main():
        async def handler(request):
            answer = f"{request.method} {request.path} {request.headers['x-a']} {await request.text()}"
            return stream(f"data: {answer}\n\n")

        async with (
            serving(handler) as url,
            twinloop.Session(url, headers={"x-a": "1"}) as session,
            EventSource("/chat", session=session, method="POST", json={"stream": True}, reconnect=False) as source,
        ):
            assert [event.data async for event in source] == ['POST /chat 1 {"stream":true}']

    run(main())
