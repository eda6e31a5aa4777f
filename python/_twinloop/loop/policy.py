"""Making asyncio choose this loop: the event loop policy and ``install``.

Python 3.14 deprecates policies (asyncio warns when its public names are touched), but ``asyncio.run`` without a loop
factory still asks one; so the private names are used where they exist.
"""

from __future__ import annotations

import asyncio
from asyncio import events, unix_events

from .event_loop import EventLoop

_DefaultPolicy = getattr(unix_events, "_DefaultEventLoopPolicy", None) or unix_events._UnixDefaultEventLoopPolicy


class EventLoopPolicy(_DefaultPolicy):
    """The policy that makes ``asyncio.new_event_loop`` and ``asyncio.run`` use Twinloop's loop."""

    _loop_factory = EventLoop


def install() -> None:
    """Make every ``asyncio.run`` and ``asyncio.new_event_loop`` of this process use Twinloop's loop."""
    set_policy = getattr(events, "_set_event_loop_policy", None) or asyncio.set_event_loop_policy
    set_policy(EventLoopPolicy())
