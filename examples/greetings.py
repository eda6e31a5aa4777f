"""A Python module that a JavaScript program imports."""

import asyncio


async def greet(name):
    await asyncio.sleep(0.01)
    return f'Hello {name}, this is Python'


async def fail(reason):
    raise LookupError(reason)
