"""Headless Chromium for the tests of pages, by its own protocol over ``twinloop.WebSocket``.

A :class:`Browser` is a process with a profile of its own, so two of them are two people. Chromium is Debian's package; where it is not
installed, tests that need it are skipped by name.
"""

from __future__ import annotations

import asyncio
import base64
import contextlib
import itertools
import json
import os
import re
import shutil
import signal
import subprocess

import twinloop

# What it starts ends with the tests, even if they are killed.
WITH_US = ["setpriv", "--pdeathsig", "KILL"] if shutil.which("setpriv") else []
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
PROGRAM = next((found for name in NAMES if (found := shutil.which(name))), None)
OPTIONS = (
    "--headless=new",
    "--remote-debugging-port=0",
    "--no-first-run",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--mute-audio",
    "--autoplay-policy=no-user-gesture-required",
    "about:blank",
)


class Browser:
    """A process of Chromium; it lives as long as the folder of its profile, and ends by :meth:`end`."""

    def __init__(self, folder):
        # Root may not use the sandbox; the pages are the tests' own.
        alone = ["--no-sandbox"] if os.getuid() == 0 else []
        command = [*WITH_US, PROGRAM, *alone, f"--user-data-dir={folder}", *OPTIONS]
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        said = []
        for line in self.process.stderr:
            said.append(line.decode(errors="replace"))
            if found := re.search(r"DevTools listening on (ws://\S+)", said[-1]):
                self.address = found[1]
                break
        else:
            raise RuntimeError(f"Chromium did not start:\n{''.join(said)}")

    def sleep(self):
        """Stops it, as closing the lid does."""
        os.killpg(self.process.pid, signal.SIGSTOP)

    def wake(self):
        os.killpg(self.process.pid, signal.SIGCONT)

    def end(self):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()
        self.process.stderr.close()

    @contextlib.asynccontextmanager
    async def page(self, url):
        """A new page at an address."""
        async with twinloop.WebSocket(self.address, compress=False, max_size=None, ping_interval=None) as socket:
            connection = Connection(socket)
            reading = asyncio.create_task(connection.read())
            try:
                target = (await connection.call("Target.createTarget", url="about:blank"))["targetId"]
                attached = await connection.call("Target.attachToTarget", targetId=target, flatten=True)
                page = Page(connection, attached["sessionId"])
                await page.call("Runtime.enable")
                await page.call("Page.enable")
                await page.call("Log.enable")
                await page.go(url)
                yield page
                await connection.call("Target.closeTarget", targetId=target)
            finally:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)


class Connection:
    """Calls and their answers, which come in any order."""

    def __init__(self, socket):
        self.socket = socket
        self.numbers = itertools.count(1)
        self.waiting = {}
        self.faults = []

    async def read(self):
        async for text in self.socket:
            message = json.loads(text)
            if future := self.waiting.pop(message.get("id"), None):
                future.set_result(message)
            elif message["method"] == "Runtime.exceptionThrown":
                self.faults.append(message["params"]["exceptionDetails"])
            elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                entry = message["params"]["entry"]
                self.faults.append(f"{entry['text']} {entry.get('url', '')}")
            elif message["method"] == "Runtime.consoleAPICalled" and message["params"]["type"] == "error":
                self.faults.append(message["params"]["args"])

    async def call(self, method, session=None, **params):
        number = next(self.numbers)
        future = self.waiting[number] = asyncio.get_running_loop().create_future()
        await self.socket.send_json(
            {"id": number, "method": method, "params": params, **({"sessionId": session} if session else {})}
        )
        answer = await asyncio.wait_for(future, 60)
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']['message']}")
        return answer["result"]


class Page:
    def __init__(self, connection, session):
        self.connection = connection
        self.session = session

    async def call(self, method, **params):
        return await self.connection.call(method, self.session, **params)

    @property
    def faults(self):
        """What the page's script threw or wrote with ``console.error``, and what the browser had to say."""
        return self.connection.faults

    async def go(self, url):
        await self.call("Page.navigate", url=url)
        await self.wait(f"location.href.startsWith({json.dumps(url)}) && document.readyState === 'complete'")

    async def value(self, expression):
        """What an expression is in the page; of a promise, what it resolves to."""
        answer = await self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        if details := answer.get("exceptionDetails"):
            raise RuntimeError(f"{expression}: {details.get('exception', details).get('description', details)}")
        return answer["result"].get("value")

    async def wait(self, expression, limit_s=30):
        """Waits until an expression is true."""
        try:
            async with asyncio.timeout(limit_s):
                while not (found := await self._try(expression)):
                    await asyncio.sleep(0.02)
                return found
        except TimeoutError:
            text = await self.value("document.body.innerText")
            raise AssertionError(f"it did not come to pass: {expression}\n{self.faults}\n{text[-2000:]}") from None

    async def _try(self, expression):
        # While a page goes elsewhere there is nothing to evaluate in.
        try:
            return await self.value(expression)
        except RuntimeError as error:
            if "context" in str(error) or "null" in str(error):
                return None
            raise

    async def type(self, selector, text):
        """Types into a field, as by the keyboard."""
        await self.value(f"document.querySelector({json.dumps(selector)}).focus()")
        await self.call("Input.insertText", text=text)

    async def press_enter(self):
        key = {"key": "Enter", "code": "Enter", "windowsVirtualKeyCode": 13, "text": "\r"}
        await self.call("Input.dispatchKeyEvent", type="keyDown", **key)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **key)

    async def click(self, selector):
        await self.value(f"document.querySelector({json.dumps(selector)}).click()")

    async def texts(self, selector):
        return await self.value(
            f"[...document.querySelectorAll({json.dumps(selector)})].map((each) => each.textContent)"
        )

    async def picture(self, path):
        """A screenshot."""
        data = (await self.call("Page.captureScreenshot", format="png"))["data"]
        path.write_bytes(base64.b64decode(data))
