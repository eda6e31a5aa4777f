"""The chats in Python of ``cargo xtask bench chat``, which store each message in SQLite, then tell its sender and the room.

``chat.py rooms`` is ``examples/apps/chat/chat.py`` as it is, ``chat.py channels daphne`` and ``chat.py channels twinloop`` what people write
with Django's Channels, under either server. Prints the port; ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import os
import shutil
import sys
import tempfile
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "examples/apps/chat"))


def channels_application(path):
    import django
    from channels.generic.websocket import AsyncJsonWebsocketConsumer
    from channels.routing import ProtocolTypeRouter, URLRouter
    from django.conf import settings
    from django.urls import path as route
    from store import SqliteStore

    # More than the 100 of the default may wait for who reads slowly: nobody is to lack a message.
    layer = {"BACKEND": "channels.layers.InMemoryChannelLayer", "CONFIG": {"capacity": 1000}}
    settings.configure(SECRET_KEY="for benchmarks alone", CHANNEL_LAYERS={"default": layer})
    django.setup()
    store = SqliteStore(path)

    class Room(AsyncJsonWebsocketConsumer):
        groups = ("lobby",)

        async def receive_json(self, content):
            message = await store.add("lobby", self.channel_name, content["id"], content["say"])
            await self.send_json({"stored": content["id"], "number": message["number"]})
            await self.channel_layer.group_send("lobby", {"type": "room.news", "message": message})

        async def room_news(self, event):
            await self.send_json({"message": event["message"]})

    return ProtocolTypeRouter({"websocket": URLRouter([route("rooms/lobby", Room.as_asgi())])})


def serve_by_daphne(application):
    from daphne.server import Server

    def ready():
        print(server.listening_addresses[0][1], flush=True)

    server = Server(
        application, endpoints=["tcp:port=0:interface=127.0.0.1"], signal_handlers=False, ready_callable=ready
    )
    server.run()


def serve_by_twinloop(application):
    import twinloop

    async def main():
        async with await twinloop.serve(application, port=0) as server:
            print(server.url.rpartition(":")[2].strip("/"), flush=True)
            await asyncio.Event().wait()

    twinloop.run(main())


def end_with_stdin():
    sys.stdin.read()
    shutil.rmtree(folder)
    os._exit(0)


folder = tempfile.mkdtemp(prefix="twinloop-bench-")
database = str(Path(folder, "chat.sqlite"))
threading.Thread(target=end_with_stdin, daemon=True).start()
match sys.argv[1:]:
    case ["rooms"]:
        os.environ["DATABASE_URL"] = database
        from chat import app

        serve_by_twinloop(app)
    case ["channels", "daphne"]:
        serve_by_daphne(channels_application(database))
    case ["channels", "twinloop"]:
        serve_by_twinloop(channels_application(database))
    case words:
        sys.exit(f"no such chat: {words}")
