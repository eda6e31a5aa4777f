"""The event loops that the Python benchmarks compare, by name."""

from __future__ import annotations

import asyncio
import importlib


def new_loop(name: str) -> asyncio.AbstractEventLoop:
    """Makes a loop of that kind; ImportError when its package is not installed."""
    if name == "asyncio":
        return asyncio.SelectorEventLoop()
    if name == "uvloop+aiofastnet":
        uvloop = importlib.import_module("uvloop")
        aiofastnet = importlib.import_module("aiofastnet")
        return aiofastnet.loop_factory(uvloop.new_event_loop)()
    return importlib.import_module(name).new_event_loop()
