"""Python that imports JavaScript: JavaScript's server, which asks Python in turn, is asked by Python's client."""

import asyncio

import twinloop


async def name():
    await asyncio.sleep(0.01)
    return "Python"


async def main():
    served = (await twinloop.js.import_module("./serving.mjs")).serve(name)
    response = await twinloop.fetch(served.url)
    print(await response.text())
    served.stop()


twinloop.run(main())
