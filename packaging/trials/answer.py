"""A program in Python: a server of asyncio's that Twinloop's client asks, on Twinloop's loop."""

import asyncio

import twinloop


async def answer(reader, writer):
    request = await reader.readline()
    await reader.readuntil(b"\r\n\r\n")
    path = request.split()[1]
    writer.write(b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(path), path))
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(answer, "localhost", 0)
    port = server.sockets[0].getsockname()[1]
    response = await twinloop.fetch(f"http://localhost:{port}/python")
    print(await response.text(), type(asyncio.get_running_loop()).__name__)
    server.close()


asyncio.run(main())
