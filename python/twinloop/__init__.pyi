from asyncio import AbstractEventLoop, DefaultEventLoopPolicy, SelectorEventLoop
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from os import PathLike
from typing import Any, Final, Self, TypedDict, TypeVar, type_check_only

from . import js as js

_T = TypeVar("_T")

__all__ = [
    "EventLoop",
    "EventLoopPolicy",
    "Request",
    "Response",
    "Server",
    "__version__",
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
def run(
    main: Coroutine[Any, Any, _T],
    *,
    debug: bool | None = None,
    loop_factory: Callable[[], AbstractEventLoop] | None = None,
) -> _T: ...

@type_check_only
class _Headers(Mapping[str, str]):
    def get_all(self, name: str) -> list[str]: ...
    def __getitem__(self, name: str) -> str: ...
    def __iter__(self) -> Iterator[str]: ...
    def __len__(self) -> int: ...

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
    def headers(self) -> _Headers: ...
    @property
    def client(self) -> tuple[str, int] | None: ...
    def __aiter__(self) -> AsyncIterator[bytes]: ...
    async def body(self) -> bytes: ...
    async def text(self) -> str: ...
    async def json(self) -> Any: ...

class Response:
    body: Any
    status: int
    headers: list[tuple[str, str]]
    def __init__(
        self,
        body: Any = b"",
        status: int = 200,
        headers: Mapping[str, str] | list[tuple[str, str]] | None = None,
        *,
        content_type: str | None = None,
    ) -> None: ...
    @classmethod
    def json(
        cls, value: Any, status: int = 200, headers: Mapping[str, str] | list[tuple[str, str]] | None = None
    ) -> Response: ...

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
