"""Accounts, and transfers between them, with FastAPI: ``DATABASE_URL=... twinloop serve ledger.py``.

    GET /accounts            all of them
    PUT /accounts/NAME       { balance }: opens one
    PUT /transfers/ID        { source, target, amount }: again with the same id it is still one transfer
    GET /circles             money that comes back over three accounts; this can take long
"""

import asyncio
import contextlib
import os
import time
from pathlib import Path as FilePath
from typing import Annotated

from databases import open_database
from fastapi import FastAPI, HTTPException, Path, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import FileResponse, JSONResponse
from fastapi.staticfiles import StaticFiles
from pydantic import BaseModel, Field, StrictInt

HERE = FilePath(__file__).parent
TIMEOUT = float(os.environ.get("TIMEOUT", "5"))

Name = Annotated[str, Field(pattern="^[a-z]{1,40}$")]


@contextlib.asynccontextmanager
async def lifespan(app):
    app.state.database = await open_database(os.environ.get("DATABASE_URL", "ledger.sqlite"), int(os.environ.get("POOL", "5")))
    yield
    await app.state.database.close()


app = FastAPI(title="Ledger", lifespan=lifespan)


async def while_asked(request, work):
    """What a coroutine gives, as long as the client waits for it and the time has not passed."""

    async def watch():
        while (await request.receive())["type"] != "http.disconnect":
            pass
        working.cancel()

    working = asyncio.create_task(work)
    watching = asyncio.create_task(watch())
    try:
        async with asyncio.timeout(TIMEOUT):
            return await working
    except TimeoutError:
        raise HTTPException(503, f"no answer of the database in {TIMEOUT:g} s") from None
    except asyncio.CancelledError:
        if asyncio.current_task().cancelling():
            raise
        return Response(status_code=499)  # which nobody sees
    finally:
        watching.cancel()


@app.get("/accounts")
async def accounts(request: Request):
    return await while_asked(request, app.state.database.rows("accounts"))


class Opening(BaseModel):
    balance: Annotated[StrictInt, Field(ge=0, le=10**9)]


@app.put("/accounts/{name}")
async def open_account(request: Request, name: Annotated[Name, Path()], opening: Opening):
    async def work(connection):
        if await connection.rows("account", name=name):
            raise HTTPException(409, f"{name} has an account")
        await connection.change("open", name=name, balance=opening.balance)
        return {"name": name, "balance": opening.balance}

    return await while_asked(request, app.state.database.transaction(work))


class Transfer(BaseModel):
    source: Name
    target: Name
    amount: Annotated[StrictInt, Field(gt=0, le=10**9)]


@app.put("/transfers/{id}")
async def transfer(request: Request, id: Annotated[str, Path(pattern="^[A-Za-z0-9_-]{1,40}$")], transfer: Transfer):
    source, target, amount = transfer.source, transfer.target, transfer.amount
    if source == target:
        raise HTTPException(400, "two accounts and an amount, please")
    wanted = {"id": id, **transfer.model_dump()}

    async def work(connection):
        for known in await connection.rows("transfer", id=id):
            if known != wanted:
                raise HTTPException(409, f"{id} is another transfer")
            return known
        await connection.change("book", **wanted, at=time.time() * 1000)
        if await connection.change("take", source=source, amount=amount) == 0:
            raise HTTPException(409, f"{source} does not have {amount}")
        if await connection.change("give", target=target, amount=amount) == 0:
            raise HTTPException(404, f"{target} has no account")
        return wanted

    return await while_asked(request, app.state.database.transaction(work))


@app.get("/circles")
async def circles(request: Request):
    return await while_asked(request, app.state.database.slow_rows("circles"))


@app.exception_handler(HTTPException)
async def refused(request, error):
    return JSONResponse({"error": error.detail}, error.status_code)


@app.exception_handler(RequestValidationError)
async def strange(request, error):
    first = error.errors()[0]
    return JSONResponse({"error": f"{first['loc'][-1]}: {first['msg']}"}, 400)


@app.get("/page.css")
async def style():
    return FileResponse(HERE.parent / "page.css")


app.mount("/", StaticFiles(directory=HERE / "public", html=True))
