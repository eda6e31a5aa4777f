import asyncio

import aiohttp


async def fetch_data():
    async with aiohttp.ClientSession() as session:
        async with session.get('https://api.example.com/data') as response:
            data = await response.json()
            print(data)


asyncio.run(fetch_data())
