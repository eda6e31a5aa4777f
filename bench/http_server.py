"""An HTTP server that answers every request with a short text, on one event loop; prints its port, ends when stdin closes.

Usage: http_server.py LOOP aiohttp|uvicorn
"""

from __future__ import annotations

import asyncio
import socket
import sys
import threading

from loops import new_loop

BODY = b"Hello, world!"


async def serve_aiohttp(listener):
    from aiohttp import web

    async def hello(_request):
        return web.Response(body=BODY, content_type="text/plain")

    application = web.Application()
    application.router.add_get("/", hello)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.SockSite(runner, listener).start()


async def serve_uvicorn(listener):
    import uvicorn

    async def hello(scope, _receive, send):
        if scope["type"] == "http":
            await send(
                {"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(BODY))]}
            )
            await send({"type": "http.response.body", "body": BODY})

    config = uvicorn.Config(hello, http="httptools", ws="none", lifespan="off", log_level="error", access_log=False)
    SERVING.append(asyncio.ensure_future(uvicorn.Server(config).serve(sockets=[listener])))


# A loop keeps no strong reference to a task.
SERVING = []


def main():
    kind, framework = sys.argv[1:]
    loop = new_loop(kind)
    asyncio.set_event_loop(loop)
    listener = socket.create_server(("127.0.0.1", 0), backlog=1024)
    listener.setblocking(False)
    loop.run_until_complete({"aiohttp": serve_aiohttp, "uvicorn": serve_uvicorn}[framework](listener))
    print(listener.getsockname()[1], flush=True)

    def stop_with_stdin():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=stop_with_stdin, daemon=True).start()
    loop.run_forever()


main()
