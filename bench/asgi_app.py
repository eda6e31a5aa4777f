"""ASGI applications for benchmarks, without a framework: ``app`` answers a short JSON text at ``/`` and gives a body back at ``/echo``.

Usage: python -m twinloop serve bench/asgi_app.py --no-access-log, and in the same way under other servers (uvicorn, granian).
"""

HEADERS = [(b"content-type", b"application/json"), (b"content-length", b"17")]
START = {"type": "http.response.start", "status": 200, "headers": HEADERS}
BODY = {"type": "http.response.body", "body": b'{"hello":"world"}'}


async def app(scope, receive, send):
    """Answers a request; a websocket gets its messages back."""
    if scope["type"] == "http":
        if scope["path"] == "/echo":
            await echo(receive, send)
        else:
            await send(START)
            await send(BODY)
    elif scope["type"] == "websocket":
        await echo_messages(receive, send)


async def echo(receive, send):
    pieces = []
    more = True
    while more:
        message = await receive()
        pieces.append(message["body"])
        more = message["more_body"]
    body = b"".join(pieces)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(body))]})
    await send({"type": "http.response.body", "body": body})


async def echo_messages(receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({**message, "type": "websocket.send"})
