import asyncio

import aiofiles


async def read_file():
    async with aiofiles.open('example.txt', mode='r') as file:
        content = await file.read()
        print(content)


asyncio.run(read_file())
