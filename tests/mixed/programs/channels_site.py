"""A site of Django with Channels, which ``django_channels.py`` serves in two processes: rooms that are groups of the channel layer."""

from __future__ import annotations

import json
import os

import django
from asgiref.sync import async_to_sync
from channels.generic.websocket import AsyncJsonWebsocketConsumer, WebsocketConsumer
from channels.layers import get_channel_layer
from channels.routing import ProtocolTypeRouter, URLRouter
from django.conf import settings
from django.core.asgi import get_asgi_application
from django.http import JsonResponse
from django.urls import path

place = json.loads(os.environ["SERVERS"])["redis"]
settings.configure(
    SECRET_KEY="for tests alone",
    ALLOWED_HOSTS=["127.0.0.1"],
    ROOT_URLCONF=__name__,
    CHANNEL_LAYERS={
        "default": {
            "BACKEND": f"channels_redis.{os.environ['LAYER']}",
            # What is more than the capacity is dropped, and more than the 100 of the default may wait here.
            "CONFIG": {"hosts": [(place["host"], place["port"])], "prefix": os.environ["LAYER"], "capacity": 1000},
        }
    },
)
django.setup()


class Room(AsyncJsonWebsocketConsumer):
    """Somebody in a room: what one says all hear, in whatever process they are."""

    async def connect(self):
        self.room, self.name = (self.scope["url_route"]["kwargs"][key] for key in ("room", "name"))
        await self.channel_layer.group_add(self.room, self.channel_name)
        await self.accept()
        await self.tell(f"{self.name} is here")

    async def receive_json(self, content):
        await self.tell(f"{self.name}: {content['say']}")

    async def disconnect(self, code):
        await self.channel_layer.group_discard(self.room, self.channel_name)
        await self.tell(f"{self.name} left ({code})")

    async def tell(self, text):
        await self.channel_layer.group_send(self.room, {"type": "room.news", "text": text})

    async def room_news(self, event):
        await self.send_json({"news": event["text"]})


class Listener(WebsocketConsumer):
    """The same without ``async``, in a thread."""

    groups = ("tea",)

    def room_news(self, event):
        self.send(text_data=json.dumps({"listener": event["text"]}))


def announce(request, room):
    """A view that is no coroutine speaks to a room too."""
    layer = get_channel_layer()
    async_to_sync(layer.group_send)(room, {"type": "room.news", "text": request.GET["text"]})
    return JsonResponse({"told": room})


urlpatterns = [path("announce/<room>", announce)]
sockets = [path("rooms/<room>/<name>", Room.as_asgi()), path("listen", Listener.as_asgi())]
application = ProtocolTypeRouter({"http": get_asgi_application(), "websocket": URLRouter(sockets)})
