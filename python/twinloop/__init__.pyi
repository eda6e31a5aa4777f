from asyncio import DefaultEventLoopPolicy, SelectorEventLoop
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

from . import js as js

_T = TypeVar("_T")

__all__ = ["EventLoop", "EventLoopPolicy", "__version__", "install", "new_event_loop", "run"]

__version__: Final[str]

class EventLoop(SelectorEventLoop):
    def __init__(self, *, test_clock: bool = False) -> None: ...
    def statistics(self) -> dict[str, int]: ...

class EventLoopPolicy(DefaultEventLoopPolicy): ...

def new_event_loop() -> EventLoop: ...
def install() -> None: ...
def run(main: Coroutine[Any, Any, _T], *, debug: bool | None = None) -> _T: ...
