"""Python awaits a JavaScript Promise, and the JavaScript behind it awaits a Python coroutine: one loop drives both."""

import twinloop


async def main():
    lib = await twinloop.js.import_module('./lib.mjs')

    data = await lib.fetchData()
    print('fetched by JavaScript:', data.message)

    print('slept in Python, asked by JavaScript:', await lib.sleepInPython(0.01))

    try:
        await lib.fail('no such page')
    except Exception as error:
        print('caught in Python:', error)


twinloop.run(main())
