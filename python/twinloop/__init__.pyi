from asyncio import AbstractEventLoop, DefaultEventLoopPolicy, SelectorEventLoop
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypedDict, TypeVar, type_check_only

from . import js as js

_T = TypeVar("_T")

__all__ = ["EventLoop", "EventLoopPolicy", "__version__", "format_tasks", "install", "new_event_loop", "run"]

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
