"""What Python answers for in ``mixed.mjs``: a search, as FastAPI has it."""

from typing import Annotated

from fastapi import FastAPI, Query
from store import open_store as open_any_store

app = FastAPI(title="Chat")


async def open_store(address):
    """The store that both languages use: it is opened once."""
    app.state.store = await open_any_store(address)
    return app.state.store


@app.get("/search")
async def search(
    room: Annotated[str, Query(max_length=32)],
    text: Annotated[str, Query(min_length=1, max_length=200)],
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
):
    return await app.state.store.search(room, text, limit)
