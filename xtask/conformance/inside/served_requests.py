"""pytest plugin: requests of Starlette's ``TestClient`` go over sockets, through a server of ``twinloop.serve``.

The client itself asks applications in memory. Here one server, on a thread of its own, answers for all of them: a field says which request it is, and
so whose application; what that raises is raised in the test, as the client does. WebSockets stay in memory.
"""

from __future__ import annotations

import http.client
import itertools
import threading
from typing import Any

import twinloop
from starlette import testclient

httpx = testclient.httpx
in_memory = testclient._TestClientTransport.handle_request

#: The field that says which request it is.
FIELD = "x-conformance-call"
#: What belongs to the connection, and not to the answer.
OF_CONNECTION = ("connection", "transfer-encoding")
#: How long an application may go on after its answer.
AFTER_S = 10


_numbers = itertools.count()
#: Requests that no application has got yet.
_calls: dict[str, Call] = {}


class Call:
    """A request under way: whose it is, and how its application ends."""

    def __init__(self, transport: Any, request: Any) -> None:
        self.transport = transport
        self.request = request
        self.error: BaseException | None = None
        self.ended = threading.Event()
        self.number = str(next(_numbers))
        _calls[self.number] = self

    def told(self) -> None:
        """Raise what the application has raised, if the client is to."""
        self.ended.wait(AFTER_S)
        if self.error is not None and self.transport.raise_server_exceptions:
            raise self.error


class Server:
    """The server, which listens from the first request on."""

    def __init__(self) -> None:
        self.port = 0
        listening = threading.Event()
        threading.Thread(target=self._run, args=(listening,), daemon=True).start()
        listening.wait()

    def _run(self, listening: threading.Event) -> None:
        async def main() -> None:
            options = {"lifespan": "off", "server_header": False, "date_header": False, "proxy_headers": False}
            server = await twinloop.serve(_dispatch, port=0, access_log=False, **options)
            self.port = server.port
            listening.set()
            await server.wait_closed()

        twinloop.run(main())


server: Server | None = None


async def _dispatch(scope: Any, receive: Any, send: Any) -> None:
    fields = scope["headers"]
    call = _calls.pop(next(value.decode() for name, value in fields if name.decode() == FIELD))
    url, transport = call.request.url, call.transport
    # The scope as the client would have made it, as far as tests look at it.
    scope["headers"] = [(name, value) for name, value in fields if name.decode() != FIELD]
    scope["client"] = transport.client
    scope["root_path"] = transport.root_path
    scope["scheme"] = url.scheme
    scope["server"] = [url.host, url.port or {"http": 80, "https": 443}[url.scheme]]
    scope["state"] = transport.app_state.copy()
    try:
        await transport.app(scope, receive, send)
    except BaseException as error:
        call.error = error
        raise
    finally:
        call.ended.set()


def _handle_request(transport: Any, request: Any) -> Any:
    global server
    if request.url.scheme not in ("http", "https"):
        return in_memory(transport, request)
    server = server or Server()
    call = Call(transport, request)
    body = request.read()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
    try:
        target = request.url.raw_path.decode("ascii")
        connection.putrequest(request.method, target, skip_host=True, skip_accept_encoding=True)
        for name, value in request.headers.multi_items():
            if name.lower() not in ("content-length", "transfer-encoding"):
                connection.putheader(name, value.encode())
        if "host" not in request.headers:
            connection.putheader("host", request.url.netloc)
        if body or "content-length" in request.headers:
            connection.putheader("content-length", str(len(body)))
        connection.putheader(FIELD, call.number)
        connection.endheaders(body or None)
        answer = connection.getresponse()
        try:
            content = answer.read()
        except http.client.IncompleteRead as cut:
            content = cut.partial
    finally:
        connection.close()
    call.told()
    fields = [(name, value) for name, value in answer.getheaders() if name.lower() not in OF_CONNECTION]
    return httpx.Response(answer.status, headers=fields, stream=httpx.ByteStream(content), request=request)


testclient._TestClientTransport.handle_request = _handle_request
