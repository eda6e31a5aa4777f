"""``examples/apps/editor``: two browsers and one text, on a server in JavaScript and one in Python, also after a cut line."""

from __future__ import annotations

import pytest
import twinloop
from apps_support import OUTWARDS, status_of, until

TEXT = "document.querySelector('#text').value"


@pytest.fixture(params=["editor.js", "editor.py"])
def editor(request, serve):
    if request.param == "editor.py":
        pytest.importorskip("pycrdt")
        pytest.importorskip("starlette")
    return serve(f"editor/{request.param}")


async def write(page, text, at=None):
    """Types at a place in the text, as somebody would."""
    await page.value("document.querySelector('#text').focus()")
    place = "editor.value.length" if at is None else str(at)
    await page.value(
        f"(() => {{ const editor = document.querySelector('#text'); editor.setSelectionRange({place}, {place}); }})()"
    )
    await page.call("Input.insertText", text=text)


def test_two_browsers_write_one_text_and_agree_after_a_cut_line(editor, browsers, run):
    async def main():
        first, second = browsers(2)
        async with (
            first.page(f"{editor.url}/?room=poem&name=Ada") as ada,
            second.page(f"{editor.url}/?room=poem&name=Bob") as bob,
        ):
            await ada.wait("document.querySelector('#here').textContent === 'Here: Ada, Bob'")
            await bob.wait("document.querySelector('#here').textContent === 'Here: Ada, Bob'")
            await write(ada, "Roses are red,\n")
            await bob.wait(f"{TEXT} === 'Roses are red,\\n'")
            await write(bob, "violets are <b>blue</b> ☃.\n")
            await ada.wait(f"{TEXT}.endsWith('☃.\\n')")
            # The line is cut, and both go on writing.
            editor.kill()
            await ada.wait("document.querySelector('#state').textContent.includes('kept here')")
            await bob.wait("document.querySelector('#state').textContent.includes('kept here')")
            await write(ada, "Ada's line.\n")
            await write(bob, "Title\n", at=0)
            editor.start()
            for page in (ada, bob):
                await page.wait(f"{TEXT}.includes('Ada\\'s line.') && {TEXT}.startsWith('Title')")
            assert (
                await ada.value(TEXT)
                == await bob.value(TEXT)
                == "Title\nRoses are red,\nviolets are <b>blue</b> ☃.\nAda's line.\n"
            )
            assert ada.faults == [] or all("WebSocket" in str(fault) for fault in ada.faults), ada.faults
        # Nobody is there, and the server begins again: the text is still there.
        editor.kill()
        editor.start()
        async with first.page(f"{editor.url}/?room=poem&name=Eve") as eve:
            await eve.wait(f"{TEXT}.startsWith('Title') && {TEXT}.endsWith('Ada\\'s line.\\n')")
            await eve.wait("document.querySelector('#here').textContent === 'Here: Eve'")

    run(main())


@pytest.mark.parametrize("name", ["editor.js", "editor.py"])
def test_what_a_full_disk_did_not_take_stays_with_the_page_and_is_stored_when_there_is_room(
    name, serve, browsers, disk, run
):
    if name == "editor.py":
        pytest.importorskip("pycrdt")
        pytest.importorskip("starlette")
    editor = serve(f"editor/{name}", DOCUMENTS=str(disk.folder / "documents.sqlite"))
    kept = "document.querySelector('#state').textContent.includes('kept here')"

    async def main():
        first, second = browsers(2)
        async with (
            first.page(f"{editor.url}/?room=poem&name=Ada") as ada,
            second.page(f"{editor.url}/?room=poem&name=Bob") as bob,
        ):
            await bob.wait("document.querySelector('#here').textContent === 'Here: Ada, Bob'")
            await write(ada, "one,")
            await bob.wait(f"{TEXT} === 'one,'")
            disk.fill()
            await write(ada, f"{'x' * 10_000},")
            # Nobody else sees it, and nobody is told that it is on the server.
            await ada.wait(kept)
            await bob.wait(kept)
            await until(
                lambda: "poem is closed for now, a change could not be stored: database or disk is" in editor.text
            )
            await write(bob, "three,", at=0)
            assert await bob.value(TEXT) == "three,one,"
            disk.empty()
            for page in (ada, bob):
                await page.wait(f"{TEXT} === 'three,one,' + 'x'.repeat(10000) + ','")
            await write(ada, "four")
            await bob.wait(f"{TEXT}.endsWith(',four')")
            # Stored before Bob saw it.
            editor.kill()
            editor.start()
            async with first.page(f"{editor.url}/?room=poem&name=Eve") as eve:
                await eve.wait(f"{TEXT} === 'three,one,' + 'x'.repeat(10000) + ',four'")

    run(main())
    assert "Traceback" not in editor.text, editor.text


def test_both_servers_read_each_others_documents(serve, browsers, run):
    pytest.importorskip("pycrdt")
    pytest.importorskip("starlette")
    first, second = serve("editor/editor.js"), serve("editor/editor.py")

    async def main():
        (browser,) = browsers(1)
        async with browser.page(f"{first.url}/?room=shared&name=Ada") as page:
            await page.wait("document.querySelector('#state').textContent === 'Ada in shared'")
            await write(page, "from JavaScript")
            await page.wait("editor.server.synced")
            async with browser.page(f"{first.url}/?room=shared&name=Bob") as other:
                await other.wait(f"{TEXT} === 'from JavaScript'")
        async with browser.page(f"{second.url}/?room=shared&name=Ada") as page:
            await page.wait(f"{TEXT} === 'from JavaScript'")

    run(main())


def test_what_is_no_message_and_who_is_no_page_harms_nobody(editor, browsers, run):
    async def main():
        with pytest.raises(twinloop.WebSocketHandshakeError, match="403"):
            async with twinloop.WebSocket(f"{editor.url}/documents/x", headers={"origin": "https://evil.example"}):
                pass
        with pytest.raises(twinloop.WebSocketHandshakeError, match="400"):
            async with twinloop.WebSocket(f"{editor.url}/documents/a.b"):
                pass
        (browser,) = browsers(1)
        async with browser.page(f"{editor.url}/?room=x&name=Ada") as ada:
            await ada.wait("document.querySelector('#state').textContent === 'Ada in x'")
            for wrong in (b"", b"\x09", b"\x00\x02\xff\xff\xff\xff", b"\x00\x07", b"\x01\xff"):
                async with twinloop.WebSocket(f"{editor.url}/documents/x") as socket:
                    await socket.send(wrong)
                    try:
                        async for _ in socket:
                            pass
                    except twinloop.ConnectionClosedError:
                        pass
                    await until(lambda socket=socket: socket.closed)
                    assert socket.close_code == 1007, wrong
            await write(ada, "still here")
            async with browser.page(f"{editor.url}/?room=x&name=Bob") as bob:
                await bob.wait(f"{TEXT} === 'still here'")
        outwards = [each.format(name) for each in OUTWARDS for name in ("editor.js", "documents.sqlite")]
        packages = [
            "/packages/lib0/../../package",
            "/packages/pg/lib/index",
            "/packages/lib0/%2e%2e/x",
            "/packages/lib0/..%2f..%2fx",
        ]
        for path in (*outwards, *packages):
            assert await status_of(editor, path) in (400, 403, 404), path

    run(main())
