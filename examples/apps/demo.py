"""Runs each application as its README says, uses it as a person would, and shows what it did: ``twinloop demo.py``."""

import asyncio
import os
import re
import signal
import sys
import tempfile
from pathlib import Path

import twinloop

HERE = Path(__file__).parent
# The command, if there is one; the package is the same.
TWINLOOP = [os.environ["TWINLOOP"], "--python", sys.executable] if "TWINLOOP" in os.environ else [sys.executable, "-m", "twinloop"]


class Server:
    """An application that serves, until the end of ``async with``."""

    def __init__(self, path, **environment):
        self.path = HERE / path.partition(":")[0]
        self.words = [*TWINLOOP, "serve", Path(path).name, "--host", "127.0.0.1", "--port", "0"]
        self.environment = {**os.environ, **environment}

    async def __aenter__(self):
        print(f"\n{self.path.parent.name}: twinloop serve {self.path.name}")
        self.process = await asyncio.create_subprocess_exec(
            *self.words,
            cwd=self.path.parent,
            env=self.environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said = ""
        while not (found := re.search(r"http://[^\s:]+:(\d+)", said)):
            line = await self.process.stdout.readline()
            if not line:
                raise RuntimeError(f"it did not start:\n{said}")
            said += line.decode()
        self.rest = asyncio.create_task(self.process.stdout.read())
        return f"http://127.0.0.1:{found[1]}"

    async def __aexit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        await self.process.wait()
        await self.rest


def show(text):
    print(f"  {text}")


async def command(folder, *words):
    process = await asyncio.create_subprocess_exec(
        *TWINLOOP, *words, cwd=HERE / folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    for line in said.decode().splitlines()[-4:]:
        show(line)
    if process.returncode != 0:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}")


async def until(socket, key):
    """The next news of a kind."""
    while f'"{key}"' not in (news := await anext(socket)):
        pass
    return news


async def chat(name, folder):
    async with Server(f"chat/{name}", DATABASE_URL=f"{folder}/chat.sqlite") as url:
        ada = twinloop.WebSocket(f"{url}/rooms/tea?name=Ada")
        bob = twinloop.WebSocket(f"{url}/rooms/tea?name=Bob")
        async with ada, bob:
            await ada.send_json({"say": f"hello from {name}", "id": name})
            show(f"Ada is told  {await until(ada, 'stored')}")
            show(f"Bob hears    {await until(bob, 'message')}")


async def live(name, folder):
    media = Path(folder, "media")
    media.mkdir(exist_ok=True)
    segment = media / "live0.ts"
    async with Server(f"live/{name}", MEDIA=str(media), PATIENCE="1") as url:
        segment.write_bytes(b"the beginning, ")
        async with twinloop.fetch(f"{url}/media/live0.ts") as response:
            pieces = [await anext(response)]
            with open(segment, "ab") as file:
                file.write(b"what was written later")
            pieces += [piece async for piece in response]
            show(f"a segment while it is written: {pieces}")
        async with twinloop.EventSource(f"{url}/telemetry") as source:
            async for event in source:
                show(f"event {event.id}: {event.data}")
                if event.id == "2":
                    break


async def editor(name, folder):
    async with Server(f"editor/{name}", DOCUMENTS=f"{folder}/documents.sqlite") as url:
        async with twinloop.WebSocket(f"{url}/documents/notes") as socket:
            message = await socket.receive()
            show(f"what a page is told first: {message.hex(' ')} (sync, step 1)")


async def files(folder):
    source = Path(folder, "source")
    source.mkdir()
    for number in range(2000):
        (source / f"{number}.txt").write_text(f"file {number % 900}\n" * 500)
    for name in ("files.js", "files.py"):
        print(f"\nfiles: twinloop {name} pack FOLDER ARCHIVE")
        await command("files", name, "pack", f"{source}", f"{folder}/{name}.archive")
        await command("files", name, "check", f"{folder}/{name}.archive")


async def scraper(folder):
    async with Server("scraper/site_of_pages.py:app", SITE_PAGES="1000") as url:
        for name in ("scraper.js", "scraper.py"):
            print(f"scraper: twinloop {name} URL RESULTS.sqlite --csv RESULTS.csv")
            words = ["--csv", f"{folder}/results.csv", "--timeout", "2"]
            await command("scraper", name, f"{url}/", f"{folder}/{name}.sqlite", *words)


async def ledger(name, folder):
    async with Server(f"ledger/{name}", DATABASE_URL=f"{folder}/ledger.sqlite") as url, twinloop.Session(base_url=url) as session:
        for account in ("ada", "bob"):
            await session.put(f"/accounts/{account}", json={"balance": 100})
        for again in ("", ", and the same again"):
            transfer = {"source": "ada", "target": "bob", "amount": 30}
            answer = await session.put(f"/transfers/{name.replace('.', '-')}", json=transfer)
            show(f"a transfer{again}: {await answer.text()}")
        show(f"accounts: {await (await session.get('/accounts')).text()}")


async def cpu(name, *places):
    print(f"\ncpu: twinloop {name}")
    await command("cpu", name, *places)


async def dashboard():
    async with Server("dashboard/dashboard.jsx") as url:
        async with twinloop.fetch(f"{url}/week") as response:
            pieces = [piece async for piece in response]
        before = next(number for number, piece in enumerate(pieces) if b"kWh" in piece)
        show(f"{len(b''.join(pieces[:before]))} bytes of the page before NumPy is done, {len(b''.join(pieces[before:]))} after")


async def main():
    with tempfile.TemporaryDirectory() as folder:
        for name in ("chat.js", "chat.py", "mixed.mjs"):
            await chat(name, folder)
        for name in ("live.js", "live.py"):
            await live(name, folder)
        for name in ("editor.js", "editor.py"):
            await editor(name, folder)
        await files(folder)
        await scraper(folder)
        for name in ("ledger.js", "ledger.py"):
            await ledger(name, folder)
        await cpu("cpu.js", "loop", "worker")
        await cpu("cpu.py", "loop", "processes", "workers", "--width", "300")
        await dashboard()
    print("\nEach is a program of its own: its README says how to run it and what to open in a browser.")


asyncio.run(main())
