import builtins
import json
import socket
import ssl
from asyncio import AbstractEventLoop, DefaultEventLoopPolicy, SelectorEventLoop
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Generator,
    Iterable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
)
from dataclasses import dataclass
from datetime import timedelta
from os import PathLike
from typing import (
    Any,
    ClassVar,
    Final,
    Literal,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    TypeVar,
    Unpack,
    final,
    overload,
    type_check_only,
)

from . import js as js

_T = TypeVar("_T")

@type_check_only
class _URL(Protocol):
    @property
    def host(self) -> str | None: ...

_Url: TypeAlias = str | _URL
_Bytes: TypeAlias = bytes | bytearray | memoryview

@type_check_only
class _Readable(Protocol):
    def read(self, size: int, /) -> str | bytes: ...

_Body: TypeAlias = (
    str | _Bytes | PathLike[str] | _Readable | Iterable[str | _Bytes] | AsyncIterable[str] | AsyncIterable[_Bytes]
)
_Headers: TypeAlias = Mapping[str, str] | Mapping[str, bytes] | Iterable[tuple[str | bytes, str | bytes]]
_Form: TypeAlias = Mapping[str, Any] | Iterable[tuple[str, Any]]

__all__ = [
    "ConnectionClosed",
    "ConnectionClosedError",
    "ConnectionClosedOK",
    "EventLoop",
    "EventLoopPolicy",
    "EventSource",
    "FetchCertificateError",
    "FetchConnectionError",
    "FetchConnectionResetError",
    "FetchDecodeError",
    "FetchError",
    "FetchJSONError",
    "FetchNameError",
    "FetchRedirectError",
    "FetchTLSError",
    "FetchTimeoutError",
    "HTTPStatusError",
    "Headers",
    "Request",
    "Response",
    "Retry",
    "Server",
    "ServerSentEvent",
    "Session",
    "WebSocket",
    "WebSocketError",
    "WebSocketHandshakeError",
    "__version__",
    "fetch",
    "format_tasks",
    "install",
    "js_app",
    "new_event_loop",
    "run",
    "serve",
]

__version__: Final[str]

@type_check_only
class Statistics(TypedDict):
    turns: int
    callbacks: int
    ready: int
    timers: int
    native_tasks: int
    descriptors: int
    inbox_posts: int
    inbox_wakes: int
    bytes_received: int
    bytes_sent: int
    callback_times: list[tuple[float | None, int]] | None

class EventLoop(SelectorEventLoop):
    def __init__(self, *, test_clock: bool = False) -> None: ...
    def statistics(self) -> Statistics: ...
    def time_callbacks(self, enabled: bool) -> None: ...

class EventLoopPolicy(DefaultEventLoopPolicy): ...

def format_tasks(loop: EventLoop | None = None) -> str: ...
def new_event_loop() -> EventLoop: ...
def install() -> None: ...
def load_ipython_extension(shell: Any) -> None: ...
def unload_ipython_extension(shell: Any) -> None: ...
def run(
    main: Coroutine[Any, Any, _T],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], AbstractEventLoop] | None = None,
) -> _T: ...

class FetchError(Exception): ...
class FetchConnectionError(FetchError, ConnectionError): ...
class FetchConnectionResetError(FetchConnectionError, ConnectionResetError): ...
class FetchNameError(FetchError, socket.gaierror): ...
class FetchTLSError(FetchError, ssl.SSLError): ...
class FetchCertificateError(FetchTLSError, ssl.SSLCertVerificationError): ...
class FetchTimeoutError(FetchError, TimeoutError): ...
class FetchRedirectError(FetchError, OSError): ...
class FetchDecodeError(FetchError, ValueError): ...
class FetchJSONError(FetchDecodeError, json.JSONDecodeError): ...

class HTTPStatusError(FetchError):
    response: Response
    status: int
    def __init__(self, message: str, response: Response) -> None: ...

class WebSocketError(FetchError): ...

class WebSocketHandshakeError(WebSocketError, FetchConnectionError):
    status: int | None
    def __init__(self, message: str, status: int | None = None) -> None: ...

class ConnectionClosed(WebSocketError, ConnectionError):
    code: int
    reason: str
    def __init__(self, code: int, reason: str = "", failure: str | None = None) -> None: ...

class ConnectionClosedOK(ConnectionClosed): ...
class ConnectionClosedError(ConnectionClosed): ...

@final
class Headers(MutableMapping[str, str]):
    def __new__(cls, source: _Headers | None = None, /) -> Self: ...
    @overload
    def get(self, name: str, default: None = None) -> str | None: ...
    @overload
    def get(self, name: str, default: _T) -> str | _T: ...
    @overload
    def pop(self, key: str) -> str: ...
    @overload
    def pop(self, key: str, default: _T = ...) -> str | _T: ...
    def setdefault(self, key: str, default: str | None = None) -> str: ...
    def get_all(self, name: str) -> list[str]: ...
    def append(self, name: str, value: str | bytes) -> None: ...
    def multi_items(self) -> list[tuple[str, str]]: ...
    @property
    def raw(self) -> list[tuple[bytes, bytes]]: ...
    def __getitem__(self, name: str, /) -> str: ...
    def __setitem__(self, name: str, value: str | bytes, /) -> None: ...
    def __delitem__(self, name: str, /) -> None: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

@final
@type_check_only
class _Json:
    @overload
    def __get__(self, instance: None, owner: type[Response], /) -> _MakeJson: ...
    @overload
    def __get__(self, instance: Response, owner: type[Response], /) -> _ReadJson: ...

@type_check_only
class _MakeJson(Protocol):
    def __call__(self, value: Any, status: int = 200, headers: _Headers | None = None) -> Response: ...

@type_check_only
class _ReadJson(Protocol):
    def __call__(self, *, loads: Callable[[bytes], Any] | None = None) -> Coroutine[Any, Any, Any]: ...

@final
class Response:
    json: ClassVar[_Json]
    status: int
    def __new__(
        cls,
        body: Any = None,
        status: int = 200,
        headers: _Headers | None = None,
        *,
        content_type: str | None = None,
    ) -> Self: ...
    @property
    def ok(self) -> bool: ...
    @property
    def reason(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def url(self) -> str: ...
    @property
    def redirected(self) -> bool: ...
    @property
    def http_version(self) -> str: ...
    @property
    def body(self) -> Any: ...
    def bytes(self) -> Coroutine[Any, Any, builtins.bytes]: ...
    def text(self, encoding: str | None = None) -> Coroutine[Any, Any, str]: ...
    def raise_for_status(self) -> Self: ...
    def close(self) -> None: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[Any, Any, builtins.bytes]: ...
    def __aenter__(self) -> Coroutine[Any, Any, Self]: ...
    def __aexit__(self, *_exception: object) -> Awaitable[None]: ...

def fetch(
    url: _Url,
    *,
    method: str | None = None,
    headers: _Headers | None = None,
    params: str | _Form | None = None,
    json: Any = None,
    data: _Body | _Form | None = None,
    content: _Body | None = None,
    files: _Form | None = None,
    cookies: _Form | None = None,
    auth: tuple[str, str] | None = None,
    timeout: float | timedelta | None = None,
    redirect: Literal["follow", "error", "manual"] | None = None,
    decompress: bool | None = None,
) -> Coroutine[Any, Any, Response]: ...

@type_check_only
class _Options(TypedDict, total=False):
    headers: _Headers | None
    params: str | _Form | None
    json: Any
    data: _Body | _Form | None
    content: _Body | None
    files: _Form | None
    cookies: _Form | None
    auth: tuple[str, str] | None
    timeout: float | timedelta | None
    redirect: Literal["follow", "error", "manual"] | None
    decompress: bool | None

@type_check_only
class _OptionsOfAll(_Options, total=False):
    method: str | None

@type_check_only
class _Outgoing:
    method: str
    url: str
    headers: Headers
    options: dict[str, Any]

@type_check_only
class _Cookies(Mapping[str, str]):
    def rows(self) -> list[tuple[str, str, str, str]]: ...
    def clear(self) -> None: ...
    def __getitem__(self, name: str) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

@type_check_only
class _Hooks(TypedDict, total=False):
    request: Callable[[_Outgoing], Awaitable[None] | None] | Iterable[Callable[[_Outgoing], Awaitable[None] | None]]
    response: Callable[[Response], Awaitable[None] | None] | Iterable[Callable[[Response], Awaitable[None] | None]]

@dataclass(frozen=True)
class Retry:
    attempts: int = 3
    backoff: float = 0.2
    max_backoff: float = 30.0
    statuses: frozenset[int] = ...
    methods: frozenset[str] = ...
    def pause(self, attempt: int, response: Response | None) -> float: ...

class Session:
    def __new__(
        cls,
        base_url: str | None = None,
        *,
        headers: _Headers | None = None,
        cookies: _Form | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | timedelta | None = None,
        retries: int | Retry = 0,
        hooks: _Hooks | None = None,
        proxy: str | Mapping[str, str] | None = None,
        trust_env: bool = True,
        max_connections: int = 256,
        connect_timeout: float | None = 30.0,
        idle_timeout: float = 15.0,
        http2: bool = True,
        ca_file: str | PathLike[str] | None = None,
        user_agent: str | None = None,
    ) -> Self: ...
    @property
    def cookies(self) -> _Cookies: ...
    @property
    def closed(self) -> bool: ...
    def fetch(self, url: _Url, **options: Unpack[_OptionsOfAll]) -> Coroutine[Any, Any, Response]: ...
    def request(self, method: str, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def get(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def head(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def options(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def post(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def put(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def patch(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def delete(self, url: _Url, **options: Unpack[_Options]) -> Coroutine[Any, Any, Response]: ...
    def close(self) -> Awaitable[None]: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

class WebSocket:
    def __new__(
        cls,
        url: _Url,
        *,
        protocols: str | Iterable[str] | None = None,
        headers: _Headers | None = None,
        params: str | _Form | None = None,
        cookies: _Form | None = None,
        auth: tuple[str, str] | None = None,
        compress: bool = True,
        max_size: int | None = 16777216,
        open_timeout: float | None = 30.0,
        ping_interval: float | None = 20.0,
        ping_timeout: float | None = 20.0,
        close_timeout: float | None = 10.0,
        session: Session | None = None,
    ) -> Self: ...
    @classmethod
    def reconnecting(cls, url: _Url, *, retry: Retry | None = None, **options: Any) -> AsyncGenerator[Self]: ...
    @property
    def url(self) -> str: ...
    @property
    def protocol(self) -> str: ...
    @property
    def extensions(self) -> str: ...
    @property
    def closed(self) -> bool: ...
    @property
    def close_code(self) -> int | None: ...
    @property
    def close_reason(self) -> str | None: ...
    @property
    def buffered_amount(self) -> int: ...
    def send(self, message: str | _Bytes) -> Awaitable[None]: ...
    def send_json(self, value: Any) -> Awaitable[None]: ...
    def receive(self) -> Coroutine[Any, Any, str | bytes]: ...
    def recv(self) -> Coroutine[Any, Any, str | bytes]: ...
    def ping(self) -> Coroutine[Any, Any, float]: ...
    def close(self, code: int = 1000, reason: str = "") -> Awaitable[None]: ...
    def abort(self) -> None: ...
    def __await__(self) -> Generator[Any, None, Self]: ...
    def __aenter__(self) -> Coroutine[Any, Any, Self]: ...
    def __aexit__(self, *_exception: object) -> Awaitable[None]: ...
    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Coroutine[Any, Any, str | bytes]: ...

@dataclass(frozen=True, slots=True)
class ServerSentEvent:
    type: str
    data: str
    id: str
    def json(self) -> Any: ...

class EventSource:
    def __init__(
        self,
        url: _Url,
        *,
        last_event_id: str = "",
        reconnect: bool = True,
        retry: Retry | None = None,
        open_timeout: float | None = 30.0,
        read_timeout: float | None = None,
        max_size: int = 16777216,
        session: Session | None = None,
        headers: _Headers | None = None,
        **options: Any,
    ) -> None: ...
    @property
    def url(self) -> str: ...
    @property
    def last_event_id(self) -> str: ...
    @property
    def response(self) -> Response | None: ...
    @property
    def closed(self) -> bool: ...
    def close(self) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
    def __aiter__(self) -> Self: ...
    async def __anext__(self) -> ServerSentEvent: ...

class Request:
    scope: dict[str, Any]
    def __init__(self, scope: dict[str, Any], receive: Callable[[], Awaitable[dict[str, Any]]]) -> None: ...
    @property
    def method(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def query_string(self) -> str: ...
    @property
    def query(self) -> dict[str, list[str]]: ...
    @property
    def url(self) -> str: ...
    @property
    def headers(self) -> Headers: ...
    @property
    def client(self) -> tuple[str, int] | None: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def body(self) -> bytes: ...
    async def text(self) -> str: ...
    async def json(self) -> Any: ...

def js_app(handler: Any, *, direct: bool = False) -> Callable[..., Coroutine[Any, Any, None]]: ...

class Server:
    settings: Any
    addresses: list[Any]
    urls: list[str]
    def __init__(self, application: Any, settings: Any, *, is_mounted: bool = False) -> None: ...
    @property
    def port(self) -> int: ...
    @property
    def url(self) -> str: ...
    @property
    def native(self) -> Any: ...
    @property
    def connections(self) -> int: ...
    async def close(self) -> bool: ...
    def abort(self) -> None: ...
    async def wait_closed(self) -> None: ...
    async def start(self, listeners: list[Any] | None = None) -> Self: ...
    def on_enough(self, callback: Callable[[], None]) -> None: ...
    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...

async def serve(
    application: Any,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    uds: str | None = None,
    fd: int | None = None,
    backlog: int = 2048,
    interface: str = "auto",
    factory: bool = False,
    lifespan: str = "auto",
    root_path: str = "",
    proxy_headers: bool = True,
    forwarded_allow_ips: str | Sequence[str] | None = None,
    access_log: bool = True,
    log_level: str | int | None = None,
    log_config: dict[str, Any] | str | None = None,
    use_colors: bool | None = None,
    server_header: bool = True,
    date_header: bool = True,
    headers: Sequence[tuple[str, str]] = (),
    limit_concurrency: int | None = None,
    limit_max_requests: int | None = None,
    timeout_keep_alive: float = 5,
    timeout_graceful_shutdown: float | None = None,
    h11_max_incomplete_event_size: int | None = None,
    ws_max_size: int = 16777216,
    ws_ping_interval: float | None = 20.0,
    ws_ping_timeout: float | None = 20.0,
    ws_per_message_deflate: bool = True,
    wsgi_threads: int = 10,
    ssl_keyfile: str | PathLike[str] | None = None,
    ssl_certfile: str | PathLike[str] | None = None,
    ssl_keyfile_password: str | None = None,
    ssl_ca_certs: str | PathLike[str] | None = None,
    ssl_cert_reqs: int = 0,
    multiprocess: bool = False,
) -> Server: ...
