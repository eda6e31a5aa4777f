"""A collaborative editor, in Python: ``twinloop serve editor.py``. The page is that of ``editor.js``, and so are its documents.

The server has a copy of each document that is open, tells everybody what one of them writes, and keeps it in SQLite, in that order:
what others have seen is stored. A change that cannot be stored closes its document: pages keep what they have, come back, and both ends
tell each other what they lack.
"""

import asyncio
import os
import re
import sqlite3
import time
from pathlib import Path
from urllib.parse import urlsplit

import pycrdt
from starlette.applications import Starlette
from starlette.responses import FileResponse, PlainTextResponse
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocketDisconnect

HERE = Path(__file__).parent
MOST_DOCUMENT = 4 * 1024 * 1024
MOST_UPDATES = 500
MOST_WAITING = 1000
# How long nobody comes in after something could not be stored; seconds.
REST = 1
SYNC, AWARENESS, ASK_AWARENESS = 0, 1, 3


def open_database(path):
    try:
        opened = sqlite3.connect(path, isolation_level=None, timeout=5)
        opened.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE IF NOT EXISTS updates (document TEXT, number INTEGER PRIMARY KEY AUTOINCREMENT, content BLOB);
            CREATE INDEX IF NOT EXISTS of_document ON updates (document);
        """)
        return opened
    except sqlite3.Error as error:
        raise OSError(f"cannot open {path} (DOCUMENTS): {error}") from None


database = open_database(os.environ.get("DOCUMENTS", "documents.sqlite"))

# Documents that somebody has open, by their names.
open_documents = {}
rest_until = 0.0


class Document:
    def __init__(self, name):
        self.name = name
        # Whether it has something that could not be stored.
        self.is_over = False
        self.pages = set()
        self.shared = pycrdt.Doc()
        self.people = pycrdt.Awareness(self.shared)
        self.people.observe(self.people_changed)
        updates = database.execute("SELECT content FROM updates WHERE document = ? ORDER BY number", (name,)).fetchall()
        self.size = 0
        for (update,) in updates:
            self.shared.apply_update(update)
            self.size += len(update)
        if len(updates) > MOST_UPDATES:
            self.store(self.shared.get_update(), is_whole=True)
        self.subscription = self.shared.observe(self.changed)

    def changed(self, event):
        update = event.update
        if update == b"\0\0":
            return  # nothing new
        self.size += len(update)
        try:
            self.store(update)
        except sqlite3.Error as error:
            return self.give_up(error)
        for page in self.pages:
            page.tell(pycrdt.create_update_message(update))

    def people_changed(self, kind, change):
        if kind == "update":
            changes, page = change
            changed = [*changes["added"], *changes["updated"], *changes["removed"]]
            if page is not None:
                page.people.update(changed)
            message = pycrdt.create_awareness_message(self.people.encode_awareness_update(changed))
            for each in self.pages:
                each.tell(message)

    def tell_people(self, page):
        if all_of_them := list(self.people.states):
            page.tell(pycrdt.create_awareness_message(self.people.encode_awareness_update(all_of_them)))

    def store(self, update, is_whole=False):
        """Writes down a change, or the whole document instead of all its changes."""
        with database:
            database.execute("BEGIN IMMEDIATE")
            if is_whole:
                database.execute("DELETE FROM updates WHERE document = ?", (self.name,))
            database.execute("INSERT INTO updates (document, content) VALUES (?, ?)", (self.name, update))


    def give_up(self, error):
        """What is here is not what is stored: nobody may go on from it."""
        global rest_until
        print(f"editor: {self.name} is closed for now, a change could not be stored: {error}", flush=True)
        self.is_over = True
        rest_until = time.monotonic() + REST
        open_documents.pop(self.name, None)
        for page in self.pages:
            page.end(1013, "a change could not be stored")


class OpenPage:
    """A page that has a document open, and what is on its way to it."""

    def __init__(self, socket, document):
        self.socket = socket
        self.document = document
        self.people = set()
        self.waiting = asyncio.Queue(MOST_WAITING)
        self.over = asyncio.Future()

    def tell(self, message):
        try:
            self.waiting.put_nowait(message)
        except asyncio.QueueFull:
            self.end(1013, "too slow")

    def end(self, code=1000, reason=""):
        if not self.over.done():
            self.over.set_result((code, reason))

    async def read(self):
        try:
            async for message in self.socket.iter_bytes():
                self.heard(message)
            self.end()
        except Exception as error:
            print(f"editor: a page sent what is no message: {error!r}", flush=True)
            self.end(1007, "no message of the editor")

    async def write(self):
        try:
            while True:
                await self.socket.send_bytes(await self.waiting.get())
        except (RuntimeError, WebSocketDisconnect):
            self.end()

    def heard(self, message):
        document = self.document
        if document.is_over:
            return  # it is being closed
        kind = message[0]
        if kind == SYNC and message[1] <= pycrdt.YSyncMessageType.SYNC_UPDATE:
            if document.size > MOST_DOCUMENT:
                return self.end(1009, "the document is full")
            # What the page asks for is answered, what it brings is applied.
            if (answer := pycrdt.handle_sync_message(message[1:], document.shared)) is not None:
                self.tell(answer)
        elif kind == AWARENESS:
            document.people.apply_awareness_update(pycrdt.read_message(message[1:]), self)
        elif kind == ASK_AWARENESS:
            document.tell_people(self)
        else:
            raise ValueError(f"no kind of message: {kind}")


async def edit(socket):
    name = socket.path_params["name"]
    origin = socket.headers.get("origin")
    # Browsers say which page opens a WebSocket; programs name none.
    if origin is not None and urlsplit(origin).netloc != socket.headers.get("host"):
        return await socket.send_denial_response(PlainTextResponse("not from this page", 403))
    if not re.fullmatch(r"[\w-]{1,64}", name, re.ASCII):
        return await socket.send_denial_response(PlainTextResponse("a name of letters and digits, please", 400))
    if time.monotonic() < rest_until:
        return await socket.send_denial_response(PlainTextResponse("nothing can be stored", 503, {"retry-after": "1"}))
    await socket.accept()
    try:
        document = open_documents.get(name) or open_documents.setdefault(name, Document(name))
    except sqlite3.Error as error:
        print(f"editor: {name} cannot be opened: {error}", flush=True)
        return await socket.close(1013, "the document cannot be opened")
    page = OpenPage(socket, document)
    document.pages.add(page)
    page.tell(pycrdt.create_sync_message(document.shared))
    document.tell_people(page)
    tasks = [asyncio.create_task(page.read()), asyncio.create_task(page.write())]
    try:
        code, reason = await page.over
    finally:
        document.pages.discard(page)
        document.people.remove_awareness_states(list(page.people), None)
        if not document.pages and open_documents.get(name) is document:
            del open_documents[name]
        for task in tasks:
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    try:
        await socket.close(code, reason)
    except (RuntimeError, WebSocketDisconnect):
        pass  # it is closed already


async def package(request):
    """Of the packages, what a page may import: ``lib0/array`` is ``lib0/array.js``."""
    name, path = request.path_params["name"], request.path_params["path"]
    found = re.fullmatch(r"((?:[\w-]+/)*[\w-]+(?:\.common)?)(\.m?js)?", path, re.ASCII)
    if name not in ("yjs", "y-websocket", "y-protocols", "lib0") or found is None:
        return PlainTextResponse("no such file", 404)
    file = HERE.parent / "node_modules" / name / (found[1] + (found[2] or (".mjs" if name == "yjs" else ".js")))
    return FileResponse(file, media_type="text/javascript") if file.is_file() else PlainTextResponse("no such file", 404)


async def style(request):
    return FileResponse(HERE.parent / "page.css")


app = Starlette(
    routes=[
        WebSocketRoute("/documents/{name}", edit),
        Route("/packages/{name}/{path:path}", package),
        Route("/page.css", style),
        Mount("/", StaticFiles(directory=HERE / "public", html=True)),
    ]
)
