"""The data: a FastAPI application, and what pages ask of it directly."""

import asyncio

from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Note(BaseModel):
    text: str


notes = [Note(text="buy bread"), Note(text="<call> back")]


@app.get("/notes")
async def read() -> list[Note]:
    return notes


@app.post("/notes", status_code=201)
async def add(note: Note) -> Note:
    notes.append(note)
    return note


async def texts() -> tuple[str, ...]:
    await asyncio.sleep(0.05)  # as a database would take
    return tuple(note.text for note in notes)
