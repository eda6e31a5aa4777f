"""One document in two libraries: Yjs edits it in JavaScript, pycrdt in Python, and updates make them one again."""

import asyncio
import random

import pycrdt
import twinloop
from twinloop import js
from twinloop.js.modules import yjs as Y


class Peer:
    """The Python side: a document, and what it sends."""

    def __init__(self) -> None:
        self.document = pycrdt.Doc()
        self.text = self.document.get("text", type=pycrdt.Text)
        self.tasks = self.document.get("tasks", type=pycrdt.Array)
        self.meta = self.document.get("meta", type=pycrdt.Map)


def join(there: js.JsProxy, here: pycrdt.Doc) -> list[int]:
    """Has each send the other what it makes, at once; the sizes of what went over."""
    sizes: list[int] = []

    def from_yjs(update, origin, *_):
        if origin != "python":
            sizes.append(len(update))
            here.apply_update(bytes(update))

    def from_python(event):
        Y.applyUpdate(there, js.to_js(event.update), "python")

    there.on("update", from_yjs)
    here.observe(from_python)
    return sizes


def exchange(there: js.JsProxy, here: pycrdt.Doc) -> None:
    """What either lacks, by their state vectors."""
    here.apply_update(bytes(Y.encodeStateAsUpdate(there, js.to_js(here.get_state()))))
    Y.applyUpdate(there, js.to_js(here.get_update(bytes(Y.encodeStateVector(there)))))


async def main() -> None:
    there, peer = Y.Doc.new(), Peer()
    text, meta = there.getText("text"), there.getMap("meta")

    # Apart: both edit, then they meet.
    text.insert(0, "Hello from Yjs")
    meta.set("title", "notes")
    peer.text += "pycrdt says grüß 👋 "
    peer.tasks.append("write")
    exchange(there, peer.document)
    print(text.toString() == str(peer.text), sorted(str(peer.text).replace("Hello from Yjs", "").split()))
    print(peer.meta.to_py(), there.getArray("tasks").toJSON().to_py())

    # Together: each change is on the other side when the call returns.
    sizes = join(there, peer.document)
    heard = []
    peer.text.observe(lambda event: heard.append(event.delta))
    text.insert(0, ">")
    print(str(peer.text)[0], heard, len(sizes))
    peer.tasks.append("test")
    peer.meta["done"] = False
    print(there.getArray("tasks").toJSON().to_py(), meta.get("done"), dict(meta.toJSON()))
    peer.meta["nested"] = pycrdt.Map({"depth": 2})
    meta.get("nested").set("list", [1, "zwei", True])
    print(peer.meta["nested"].to_py() == {"depth": 2, "list": [1, "zwei", True]}, meta.toJSON().nested.to_py())
    with peer.document.transaction():
        for word in ("a", "b", "c"):
            peer.tasks.append(word)
    there.transact(lambda _transaction: [text.insert(0, mark) for mark in "xyz"])
    print(len(there.getArray("tasks")), str(peer.text)[:4], len(sizes))

    # Undo is Yjs's; a format is seen by both.
    undo = Y.UndoManager.new(text)
    text.delete(0, 4)
    undo.undo()
    text.format(0, 4, {"bold": True})
    print(peer.text.diff()[0])

    # Three writers at random, one of whom is away for long, end with the same.
    third, dice = Y.Doc.new(), random.Random(7)
    race = peer.document.get("race", type=pycrdt.Text)

    async def write(document: js.JsProxy, mark: str) -> None:
        mine = document.getText("race")
        for _ in range(100):
            if dice.random() < 0.7 or mine.length == 0:
                mine.insert(dice.randint(0, mine.length), mark)
            else:
                mine.delete(dice.randrange(mine.length), 1)
            await asyncio.sleep(0)

    async def write_python() -> None:
        for _ in range(100):
            race.insert(dice.randint(0, len(str(race))), "p")
            await asyncio.sleep(0)

    await asyncio.gather(write(there, "j"), write(third, "k"), write_python())
    ours, theirs = there.getText("race"), third.getText("race")
    print(str(race) == ours.toString(), theirs.toString() != ours.toString(), {*str(race)} == {"j", "p"})
    exchange(third, peer.document)
    print(str(race) == ours.toString() == theirs.toString(), {*str(race)} == {"j", "k", "p"})

    # What is no update is refused in the words of who was asked, and changes nothing.
    before = text.toString()
    for refuse in (
        lambda: peer.document.apply_update(bytes(js.Uint8Array.new([1, 2, 3]))),
        lambda: Y.applyUpdate(there, js.to_js(b"\x01\x02\x03")),
        lambda: Y.applyUpdate(there, "text"),
    ):
        try:
            refuse()
        except Exception as error:
            print(type(error).__name__, str(error) != "")
    print(text.toString() == before == str(peer.text))

    # An observer of Python's that fails is told of where the edit was made.
    def failing(*_):
        raise LookupError("no such reader")

    text.observe(failing)
    try:
        text.insert(0, "!")
    except LookupError as error:
        print(repr(error), str(peer.text)[0])
    text.unobserve(failing)
    text.insert(0, "?")
    print(str(peer.text)[:2], text.toString() == str(peer.text))


twinloop.run(main())
