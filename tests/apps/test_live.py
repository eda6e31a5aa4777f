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
