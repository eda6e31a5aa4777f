"""FastAPI whose pages React renders: at once, and as a stream that waits for a coroutine of Python's."""

import asyncio
import re

import twinloop
from fastapi import FastAPI, HTTPException, Request
from fastapi.responses import HTMLResponse, JSONResponse, StreamingResponse
from pydantic import BaseModel, Field
from twinloop import js
from twinloop.js.modules import react
from twinloop.js.modules.react_dom import server

pages = js.require("./menu.jsx")
app = FastAPI()


class Dish(BaseModel):
    name: str
    price: float = Field(gt=0)
    note: str | None = None


gone = asyncio.Event()
dishes = [Dish(name="tea & <milk>", price=2.5, note='"hot"'), Dish(name="cake", price=4)]


@app.get("/menu", response_class=HTMLResponse)
async def menu() -> str:
    return server.renderToString(react.createElement(pages.Menu, {"dishes": dishes}))


@app.post("/dishes")
async def add(dish: Dish) -> int:
    dishes.append(dish)
    return len(dishes)


async def special(seconds: float) -> str:
    try:
        await asyncio.sleep(seconds)
    except asyncio.CancelledError:
        print("nobody waits for the special any more")
        raise
    if not dishes:
        raise LookupError("nothing is left")
    return f"today: {dishes[-1].name}"


@app.get("/page")
async def page(seconds: float = 0.01) -> StreamingResponse:
    text = asyncio.create_task(special(seconds))
    failed = []
    options = {"onError": lambda error, info: failed.append(error)}
    stream = await server.renderToReadableStream(
        react.createElement(pages.Page, {"dishes": dishes, "special": text}), options
    )

    async def chunks():
        try:
            async for chunk in stream:
                yield bytes(chunk)
        finally:
            # The stream is cancelled when its client goes.
            text.cancel()
            gone.set()
        if failed:
            print("the page lacks a part:", repr(failed[0]))

    return StreamingResponse(chunks(), media_type="text/html")


@app.get("/broken")
async def broken(how: str):
    if how == "component":  # no function, no element
        return server.renderToString(react.createElement(None))
    if how == "data":
        return server.renderToString(react.createElement(pages.Menu, {"dishes": [{"name": "no price"}]}))
    raise HTTPException(418, how)


@app.exception_handler(js.JsException)
async def failed(_request: Request, error: js.JsException) -> JSONResponse:
    return JSONResponse({"error": error.name, "text": error.message.splitlines()[0]}, 500)


async def main() -> None:
    async with await twinloop.serve(app, port=0) as running:

        async def get(path: str, **options) -> str:
            async with twinloop.fetch(running.url + path, **options) as response:
                return f"{response.status} {await response.text()}"

        print(await get("/menu"))
        print(await get("/dishes", method="POST", json={"name": "soup", "price": 3}))
        refused = await get("/dishes", method="POST", json={"name": "gift", "price": 0})
        print(refused[:3], re.findall(r'"msg":"([^"]*)"', refused))
        streamed = await get("/page")
        print("today: soup" in streamed, "<i>soon</i>" in streamed, streamed.count("<li"))
        print(await get("/broken?how=data"))
        print(await get("/broken?how=component"))
        print(await get("/broken?how=teapot"))

        # Many at once are as right as one.
        print({len(found) for found in await asyncio.gather(*(get("/menu") for _ in range(50)))})

        # A client that leaves takes what the page waits for with it.
        async with twinloop.fetch(running.url + "/page?seconds=3600") as response:
            async for chunk in response:
                print("the shell came:", b"<i>soon</i>" in chunk)
                break
        gone.clear()
        await gone.wait()
        dishes.clear()
        print((await get("/page"))[:3])


twinloop.run(main())
