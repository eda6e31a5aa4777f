"""``examples/apps/live``: both servers; ranges, segments while they are written, events, and viewers who are slow or vanish."""

from __future__ import annotations

import asyncio
import os
import pathlib
import shutil
import subprocess

import pytest
import twinloop
from apps_support import OUTWARDS, ask, status_of, until


@pytest.fixture(params=["live.js", "live.py"])
def live(request, serve, tmp_path):
    pytest.importorskip("fastapi")
    media = tmp_path / "media"
    media.mkdir()
    app = serve(f"live/{request.param}", MEDIA=str(media), PATIENCE="1", TELEMETRY_MS="20")
    app.media = media
    return app


def descriptors(app):
    return len(os.listdir(f"/proc/{app.process.pid}/fd"))


def test_a_file_goes_by_ranges_and_nothing_outside_of_the_folder_goes(live, run):
    (live.media / "film.webm").write_bytes(bytes(range(256)) * 1000)
    (live.media.parent / "secret").write_text("secret")

    async def main():
        whole = await ask(live, "/media/film.webm")
        assert whole.status == 200 and whole.headers["accept-ranges"] == "bytes"
        part = await ask(live, "/media/film.webm", headers={"range": "bytes=1000-1009"})
        assert part.status == 206 and part.headers["content-range"] == "bytes 1000-1009/256000"
        assert await part.bytes() == bytes((each % 256) for each in range(1000, 1010))
        assert (await ask(live, "/media/film.webm", headers={"range": "bytes=256000-"})).status == 416
        for path in (f"/media{each.format('secret')}" for each in OUTWARDS):
            assert await status_of(live, path) in (400, 403, 404), path
        assert (await ask(live, "/media/nothing.ts")).status == 404

    run(main())


def test_a_segment_arrives_while_it_is_written(live, run):
    async def main():
        path = live.media / "live0.ts"
        path.write_bytes(b"one ")
        async with twinloop.fetch(f"{live.url}/media/live0.ts") as response:
            assert response.status == 200 and "content-length" not in response.headers
            assert await anext(response) == b"one "
            with open(path, "ab") as file:
                for word in (b"two ", b"three "):
                    file.write(word)
                    file.flush()
                    assert await anext(response) == word
            # Nothing comes for a while: it is whole.
            assert [piece async for piece in response] == []
        os.utime(path, (1, 1))
        whole = await ask(live, "/media/live0.ts")
        assert whole.headers["content-length"] == "14" and await whole.bytes() == b"one two three "

    run(main())


def test_viewers_who_are_slow_or_vanish_cost_nothing(live, run):
    (live.media / "big.ts").write_bytes(b"x" * 50_000_000)

    async def view(count):
        """Begins to watch, reads a little, and neither goes on nor says so."""
        writers = []
        for _ in range(count):
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
            writer.write(f"GET /media/big.ts HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
            await reader.readuntil(b"\r\n\r\n")
            writer.transport.pause_reading()
            writers.append(writer)
        return writers

    async def main():
        await ask(live, "/")
        before, memory = descriptors(live), live.memory()
        os.utime(live.media / "big.ts")
        writers = await view(50)
        assert descriptors(live) >= before + 50
        # Of 2.5 GB that they asked for, a little is on its way for each (and what the collector has not looked at yet).
        assert live.memory() - memory < 250
        async with twinloop.fetch(f"{live.url}/media/big.ts") as response:
            assert sum([len(piece) async for piece in response]) == 50_000_000
        for writer in writers:
            writer.transport.abort()
        await until(lambda: descriptors(live) <= before + 2)

    run(main())


@pytest.mark.parametrize("how", ["shorter", "another", "gone"])
def test_a_file_that_changes_while_it_is_sent_harms_nobody_else(live, run, how):
    film, other = live.media / "film.webm", live.media / "other.webm"
    for path in (film, other):
        path.write_bytes(b"x" * 60_000_000)

    async def main():
        await ask(live, "/")
        before = descriptors(live)
        async with twinloop.fetch(f"{live.url}/media/other.webm") as beside:
            got = len(await anext(beside))
            response = await twinloop.fetch(f"{live.url}/media/film.webm")
            assert response.headers["content-length"] == "60000000"
            read = len(await anext(response))
            match how:
                case "shorter":
                    os.truncate(film, 1000)
                case "another":
                    film.write_bytes(b"y" * 1000)
                case "gone":
                    film.unlink()
            if how == "gone":
                # Who has begun has all of it.
                assert read + sum([len(piece) async for piece in response]) == 60_000_000
            else:
                # There are no more bytes than those that are there, and the viewer sees that it is not whole. What was on its way is the system's, which
                # sends a page of its cache as it is by then: zeros, where the file was cut.
                with pytest.raises(twinloop.FetchError):
                    async for piece in response:
                        assert set(piece) <= {ord("x"), 0}
                        read += len(piece)
                assert read < 60_000_000
                await until(lambda: f"cannot read '{film}': the file became shorter" in live.text)
            # Who looks at something else sees all of it, and whoever comes now sees what is there.
            assert got + sum([len(piece) async for piece in beside]) == 60_000_000
        again = await ask(live, "/media/film.webm")
        assert again.status == (404 if how == "gone" else 200)
        if how != "gone":
            assert again.headers["content-length"] == "1000"
        await until(lambda: descriptors(live) <= before + 2)

    run(main())


@pytest.mark.parametrize("how", ["shorter", "gone"])
def test_a_segment_that_its_encoder_begins_anew_or_removes_ends_for_who_looks(live, run, how):
    path = live.media / "live0.ts"
    path.write_bytes(b"one two three ")

    async def main():
        async with twinloop.fetch(f"{live.url}/media/live0.ts") as response:
            assert await anext(response) == b"one two three "
            if how == "shorter":
                os.truncate(path, 4)
            else:
                path.unlink()
            # It waits for more, and not for ever.
            assert [piece async for piece in response] == []
        assert (await ask(live, "/media/live0.ts")).status == (200 if how == "shorter" else 404)

    run(main())
    assert "Traceback" not in live.text and "    at " not in live.text, live.text


def test_viewers_who_stall_or_vanish_in_the_middle_of_a_segment_cost_nothing(live, run):
    path = live.media / "live0.ts"
    path.write_bytes(b"x" * 1000)

    async def view(reads):
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1024)
        writer.write(f"GET /media/live0.ts HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
        await reader.readuntil(b"x" * 100)
        if not reads:
            writer.transport.pause_reading()
        return writer

    async def encode():
        with open(path, "ab", buffering=0) as file:
            while True:
                file.write(b"x" * 200_000)
                await asyncio.sleep(0.02)

    async def main():
        await ask(live, "/")
        before, memory = descriptors(live), live.memory()
        # Some have seen all there is and wait for more, the others do not read: when they go, the encoder still writes.
        waiting = [await view(True) for _ in range(10)]
        await until(lambda: descriptors(live) >= before + 20)
        for writer in waiting[:5]:
            writer.transport.abort()
        await until(lambda: descriptors(live) <= before + 10 + 1)
        encoding = asyncio.create_task(encode())
        try:
            stalled = [await view(False) for _ in range(30)]
            await until(lambda: path.stat().st_size > 10_000_000)
            # Of 300 MB that were written for them, a little is on its way for each.
            assert live.memory() - memory < 200
            for writer in waiting + stalled:
                writer.transport.abort()
            await until(lambda: descriptors(live) <= before + 2)
            # Whoever goes on sees it grow.
            async with twinloop.fetch(f"{live.url}/media/live0.ts") as response:
                size = path.stat().st_size
                seen = 0
                async for piece in response:
                    seen += len(piece)
                    if seen > size + 500_000:
                        break
        finally:
            encoding.cancel()
        await until(lambda: descriptors(live) <= before + 2)

    run(main())
    assert "Traceback" not in live.text and "    at " not in live.text, live.text


@pytest.mark.parametrize("strange", ["1.5", "9" * 5000, "-1", "2e0x", "NaN", "0", "²", "999999999999"])
def test_a_place_in_the_events_that_is_none_begins_with_the_newest(live, run, strange):
    async def main():
        async with twinloop.EventSource(f"{live.url}/telemetry") as source:
            for _ in range(5):
                newest = int((await anext(source)).id)
            # As somebody sends it who is no browser.
            reader, writer = await asyncio.open_connection("127.0.0.1", live.port)
            writer.write(
                f"GET /telemetry HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\nLast-Event-ID: {strange}\r\n\r\n".encode()
            )
            assert (await reader.readline()).startswith(b"HTTP/1.1 200 ")
            ids = []
            while len(ids) < 3:
                if (line := await asyncio.wait_for(reader.readline(), 30)).startswith(b"id: "):
                    ids.append(int(line[4:]))
            writer.close()
            assert ids == list(range(ids[0], ids[0] + 3)) and ids[0] >= newest, (ids, newest)

    run(main())


def test_a_viewer_of_the_events_comes_back_to_a_server_that_was_killed(live, run):
    async def main():
        async with twinloop.EventSource(f"{live.url}/telemetry") as source:
            before = [int((await anext(source)).id) for _ in range(20)]
            await asyncio.to_thread(live.kill)
            await asyncio.to_thread(live.start)
            # Its numbers begin anew, and what is asked for of the old ones is no place in them.
            after = []
            async for event in source:
                if not after and int(event.id) > before[-1]:
                    continue  # what was on its way
                after.append(int(event.id))
                if len(after) == 5:
                    break
            assert after[0] < before[-1] and after == list(range(after[0], after[0] + 5))
            assert event.json()["viewers"] == 1

    run(main())


def test_events_go_on_where_a_viewer_was_and_the_slow_miss_some(live, run):
    async def main():
        async with twinloop.EventSource(f"{live.url}/telemetry") as source:
            first = [await anext(source) for _ in range(5)]
        numbers = [int(event.id) for event in first]
        assert numbers == list(range(numbers[0], numbers[0] + 5))
        assert first[0].json()["viewers"] == 1 and first[0].json()["memory"] > 1_000_000
        async with twinloop.EventSource(f"{live.url}/telemetry", last_event_id=str(numbers[1])) as source:
            again = [int((await anext(source)).id) for _ in range(3)]
        assert again == numbers[2:5]
        # Viewers who read nothing: what they miss is kept for nobody.
        reader, writer = await asyncio.open_connection("127.0.0.1", live.port, limit=1)
        writer.write(f"GET /telemetry HTTP/1.1\r\nHost: 127.0.0.1:{live.port}\r\n\r\n".encode())
        async with twinloop.EventSource(f"{live.url}/telemetry") as source:
            async for event in source:
                if event.json()["viewers"] == 2:
                    break
            writer.transport.abort()
            async for event in source:
                if event.json()["viewers"] == 1:
                    break

    run(main())


def test_a_browser_shows_the_measurements_and_comes_back_when_the_server_does(live, browsers, run):
    async def main():
        (browser,) = browsers(1)
        async with browser.page(f"{live.url}/") as page:
            await page.wait("document.querySelector('#state').textContent === 'connected'")
            await page.wait("document.querySelector('#line polyline').getAttribute('points').split(' ').length > 5")
            await page.wait("document.querySelector('#fault').textContent === 'Nobody streams now.'")
            live.kill()
            await page.wait("document.querySelector('#state').textContent.includes('trying again')")
            live.start()
            await page.wait("document.querySelector('#state').textContent === 'connected'")
            assert await page.value("document.querySelector('#viewers').textContent") == "1"

    run(main())


def test_a_browser_plays_the_stream_while_it_is_encoded(live, browsers, run):
    if shutil.which("ffmpeg") is None:
        pytest.skip("ffmpeg is not installed: apt-get install ffmpeg")
    script = pathlib.Path(live.folder / "encode.sh")
    encoder = subprocess.Popen(
        ["sh", script, live.media],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )

    async def main():
        (browser,) = browsers(1)
        async with browser.page(f"{live.url}/") as page:
            await page.wait("document.querySelector('video').currentTime > 1", 60)
            assert await page.value("document.querySelector('video').videoWidth") == 320
            encoder.kill()
            encoder.wait()
            # The encoder has gone; the page keeps what it has, and goes on when there is more.
            assert await page.value("document.querySelector('video').error") is None

    try:
        run(main())
    finally:
        encoder.kill()
        encoder.wait()
