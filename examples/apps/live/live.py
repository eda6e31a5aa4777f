"""Live streaming, with FastAPI: ``MEDIA=folder twinloop serve live.py``.

    /media/...   files of a folder, by ranges; HLS segments even while an encoder writes them
    /telemetry   what the server measures of itself, as server-sent events

A viewer takes what it can: nothing is queued for one who is slow, and nothing is kept for one who has gone.
"""

import asyncio
import os
import re
import stat
import sys
import time
from pathlib import Path

import twinloop
from fastapi import FastAPI, Request
from fastapi.responses import FileResponse, StreamingResponse
from fastapi.staticfiles import StaticFiles
from telemetry import events

HERE = Path(__file__).parent
MEDIA = Path(os.environ.get("MEDIA", HERE / "media"))
# A segment that has not grown for so long is not written any more; seconds.
PATIENCE = float(os.environ.get("PATIENCE", "5"))
PIECE = 64 * 1024
SEGMENT = re.compile(r"(?:[\w-]+/)*[\w-]+\.(?:ts|m4s|mp4|aac)")

app = FastAPI(title="Live")


class Media(StaticFiles):
    """Files of the folder: whole, by ranges, or as they are written."""

    async def check_config(self):
        pass  # an encoder may make the folder later

    def file_response(self, full_path, stat_result, scope, status_code=200):
        is_whole = scope["method"] == "GET" and not any(name == b"range" for name, _ in scope["headers"])
        if is_whole and SEGMENT.fullmatch(os.path.relpath(full_path, os.path.realpath(MEDIA))) and is_young(stat_result):
            return StreamingResponse(growing(full_path), media_type="video/mp2t", headers={"cache-control": "no-store"})
        response = super().file_response(full_path, stat_result, scope, status_code)
        # A playlist changes all the time; the rest does not.
        response.headers["cache-control"] = "no-store" if str(full_path).endswith(".m3u8") else "max-age=60"
        return response


def is_young(status):
    return stat.S_ISREG(status.st_mode) and time.time() - status.st_mtime < PATIENCE


async def growing(path):
    """A file that is being written: what is there, and what comes, until nothing has come for a while. Read when the viewer has room for it."""
    async with twinloop.open(path, "rb", buffering=0) as file:
        while True:
            if piece := await file.read(PIECE):
                yield piece
            elif is_young(os.fstat(file.fileno())):
                await asyncio.sleep(0.05)
            else:
                return


@app.get("/telemetry")
async def telemetry(request: Request):
    return StreamingResponse(
        events(request.headers.get("last-event-id", "")), media_type="text/event-stream", headers={"cache-control": "no-store"}
    )


@app.get("/page.css")
async def style():
    return FileResponse(HERE.parent / "page.css")


@app.get("/hls.mjs")
async def player():
    return FileResponse(HERE.parent / "node_modules/hls.js/dist/hls.light.mjs", media_type="text/javascript")


if not MEDIA.exists():
    print(f"live: the folder {MEDIA} (MEDIA) is not there yet; until an encoder makes it there is nothing to see", file=sys.stderr)
app.mount("/media", Media(directory=MEDIA, check_dir=False))
app.mount("/", StaticFiles(directory=HERE / "public", html=True))
