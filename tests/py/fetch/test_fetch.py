"""``twinloop.fetch``: what it sends, what comes back, redirects, connections."""

from __future__ import annotations

import asyncio
import base64
import datetime
import gc
import warnings

import pytest
import twinloop
from fetch_support import answering, asked, fixtures, serving, talking


def test_a_response_has_status_headers_url_and_body(run):
    async def main():
        async with asked() as server:
            response = await twinloop.fetch(f"{server.url}/a?x=1#part")
            assert (response.status, response.ok, response.reason) == (200, True, "OK")
            assert (response.url, response.redirected) == (f"{server.url}/a?x=1", False)
            assert response.http_version == "HTTP/1.1"
            assert response.headers["Content-Type"] == "application/json"
            data = await response.json()
            assert (data["method"], data["path"], data["query"]) == ("GET", "/a", "x=1")
            assert repr(response) == f"<Response 200 {server.url}/a?x=1>"

    run(main())


BODIES = [
    ({"json": {"a": [1, None, "ü"]}}, '{"a":[1,null,"ü"]}', "application/json"),
    ({"data": {"a": "1 2", "b": ["x", "y"]}}, "a=1+2&b=x&b=y", "application/x-www-form-urlencoded"),
    ({"data": [("a", 1), ("a", True)]}, "a=1&a=true", "application/x-www-form-urlencoded"),
    ({"data": b"bytes"}, "bytes", None),
    ({"content": "text"}, "text", "text/plain;charset=UTF-8"),
    ({"content": bytearray(b"bytes")}, "bytes", None),
    ({"content": memoryview(b"x" * 100_000)}, "x" * 100_000, None),
]


@pytest.mark.parametrize(("given", "body", "kind"), BODIES, ids=lambda value: str(value)[:30])
def test_a_body_is_sent_with_its_type_by_post(run, given, body, kind):
    async def main():
        async with asked() as server:
            seen = await (await twinloop.fetch(server.url, **given)).json()
            assert (seen["method"], seen["body"], seen["headers"].get("content-type")) == ("POST", body, kind)
            assert seen["headers"]["content-length"] == str(len(body.encode()))
            seen = await (
                await twinloop.fetch(server.url, method="put", headers={"Content-Type": "a/b"}, **given)
            ).json()
            assert (seen["method"], seen["body"], seen["headers"]["content-type"]) == ("PUT", body, "a/b")

    run(main())


def test_params_are_added_to_the_query(run):
    async def main():
        async with asked() as server:

            async def query(url, params):
                return (await (await twinloop.fetch(server.url + url, params=params)).json())["query"]

            assert await query("/", {"a": "1 &", "b": 2.5, "c": None, "d": ["x", "y"]}) == "a=1+%26&b=2.5&d=x&d=y"
            assert await query("/?z=0", [("a", 1), ("a", False)]) == "z=0&a=1&a=false"
            assert await query("/?z=0", "?a=1") == "z=0&a=1"
            assert await query("/", {}) == await query("/", {"a": None}) == ""

    run(main())


def test_headers_cookies_and_auth_are_sent(run):
    async def main():
        async with asked() as server:

            async def headers(**given):
                return (await (await twinloop.fetch(server.url, **given)).json())["headers"]

            seen = await headers(headers={"X-Name": " a b\t", "x-bytes": b"\xfc"})
            assert (seen["x-name"], seen["x-bytes"]) == ("a b", "ü")
            assert seen["user-agent"].startswith("twinloop/") and seen["accept"] == "*/*"
            assert (await headers(headers=[("a", "1"), ("A", "2"), ("user-agent", "me")]))["a"] == "1, 2"
            assert (await headers(cookies={"a": "1", "b": 2}, headers={"cookie": "c=3"}))["cookie"] == "c=3; a=1; b=2"
            basic = (await headers(auth=("user", "pass:wörd")))["authorization"]
            assert base64.b64decode(basic.removeprefix("Basic ")).decode() == "user:pass:wörd"
            copied = twinloop.Headers({"x-copied": "yes"})
            assert (await headers(headers=copied))["x-copied"] == "yes"

    run(main())


WRONG = [
    ({"url": "nowhere"}, ValueError, "invalid url 'nowhere'"),
    ({"url": "http://"}, ValueError, "invalid url 'http://'"),
    ({"url": 1}, TypeError, "a url is a str, not 'int'"),
    ({"method": "BAD METHOD"}, ValueError, "'BAD METHOD' is not a valid http method"),
    ({"method": "connect"}, ValueError, "CONNECT"),
    ({"method": 1}, TypeError, "a method is a str"),
    ({"headers": {"a b": "c"}}, ValueError, "'a b' is not a valid header name"),
    ({"headers": {"a": "b\r\nc: d"}}, ValueError, "the value of the header 'a' has a character that ends lines"),
    ({"headers": {"a": "日本"}}, ValueError, "the value of the header 'a' has characters beyond latin-1"),
    ({"headers": {"a": 1}}, TypeError, "the value of the header 'a' is a str or bytes, not 'int'"),
    ({"headers": "a: b"}, TypeError, "headers are a mapping, or pairs of a name and a value, not 'a: b'"),
    ({"params": {"a": object}}, TypeError, "names and values of params are str, int, float or bool, not 'type'"),
    ({"params": 1}, TypeError, "params are a mapping"),
    ({"json": float("nan")}, ValueError, "Out of range float values are not JSON compliant"),
    ({"json": object()}, TypeError, "not JSON serializable"),
    ({"json": 1, "content": b""}, TypeError, "a request has one body: json or content"),
    (
        {"content": 1},
        TypeError,
        "content is bytes, text, a file, a path or an (asynchronous) iterable of bytes, not 'int'",
    ),
    ({"cookies": {"a": "b; c"}}, ValueError, "the cookie 'a' cannot be sent"),
    ({"auth": "secret"}, TypeError, "auth is a pair of a user and a password, not 'str'"),
    ({"auth": ("a:b", "c")}, ValueError, "the user of auth has a colon"),
    ({"timeout": -1}, ValueError, "timeout cannot be -1 seconds"),
    ({"timeout": "1"}, TypeError, "timeout is a number of seconds, a timedelta or None"),
    ({"redirect": "maybe"}, ValueError, "redirect is 'follow', 'error' or 'manual', not 'maybe'"),
    ({"verify": False}, TypeError, "unexpected keyword argument 'verify'"),
]


@pytest.mark.parametrize(("given", "error", "words"), WRONG, ids=lambda value: str(value)[:30])
def test_what_is_wrong_with_the_arguments_is_said_at_the_call(run, given, error, words):
    async def main():
        options = {"url": "http://127.0.0.1:1/", **given}
        with pytest.raises(error) as raised:
            twinloop.fetch(options.pop("url"), **options)
        assert words in str(raised.value)
        assert "secret" not in str(raised.value)

    run(main())


def test_a_scheme_that_is_not_spoken_is_refused_and_data_urls_are_read(run):
    async def main():
        with pytest.raises(ValueError, match="scheme 'ftp' is not supported"):
            await twinloop.fetch("ftp://127.0.0.1/")
        response = await twinloop.fetch("data:text/plain,hello%20you")
        assert await response.text() == "hello you"

    run(main())


def test_all_ports_are_asked_of_which_pages_may_not_ask_some(run):
    async def main():
        # JavaScript's fetch says "bad port" of both, as browsers do; clients in Python never did.
        for port in (1, 6667):
            with pytest.raises(ConnectionError, match="refused"):
                await twinloop.fetch(f"http://127.0.0.1:{port}/")

    run(main())


# ---- redirects


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_followed_and_change_the_method_as_in_fetch(run, status):
    async def main():
        async with asked() as server:
            response = await twinloop.fetch(f"{server.url}/to/{status}?url=/end", json=[1])
            seen = await response.json()
            assert (response.redirected, response.url) == (True, f"{server.url}/end")
            expected = ("POST", "[1]") if status in (307, 308) else ("GET", "")
            assert (seen["method"], seen["body"]) == expected

    run(main())


def test_a_redirect_may_be_the_response_or_an_error(run):
    async def main():
        async with asked() as server:
            url = f"{server.url}/to/302?url=/end"
            response = await twinloop.fetch(url, redirect="manual")
            assert (response.status, response.headers["location"], response.redirected) == (302, "/end", False)
            with pytest.raises(twinloop.FetchRedirectError, match="redirects are not allowed"):
                await twinloop.fetch(url, redirect="error")
            with pytest.raises(OSError, match="more than 20 redirects"):
                await twinloop.fetch(f"http://{fixtures()['http']}/redirect/25", redirect="follow")

    run(main())


def test_credentials_do_not_follow_to_another_origin(run):
    async def main():
        async with asked() as first, asked() as second:
            secrets = {"headers": {"Authorization": "Bearer secret", "x-kept": "yes"}, "cookies": {"a": "secret"}}
            for given in (
                secrets,
                {"auth": ("user", "secret"), "cookies": {"a": "secret"}, "headers": {"x-kept": "yes"}},
            ):
                seen = await (await twinloop.fetch(f"{first.url}/to/307?url={second.url}/end", **given)).json()
                assert seen["headers"]["x-kept"] == "yes"
                assert not {"authorization", "cookie"} & seen["headers"].keys()
                # To the same origin they do.
                seen = await (await twinloop.fetch(f"{first.url}/to/307?url=/end", **given)).json()
                assert {"authorization", "cookie"} <= seen["headers"].keys()
            url = second.url.replace("http://", "http://user:secret@")
            response = await twinloop.fetch(url)
            assert "authorization" in (await response.json())["headers"]
            assert "secret" not in response.url

    run(main())


# ---- time, and tasks that are cancelled


async def silent(reader, writer):
    await reader.read()


@pytest.mark.parametrize("timeout", [0.05, datetime.timedelta(milliseconds=50)])
def test_a_fetch_that_is_not_answered_in_time_ends(run, timeout):
    gone = []

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        gone.append(True)

    async def main():
        async with talking(talk) as url:
            with pytest.raises(TimeoutError) as raised:
                await twinloop.fetch(url, timeout=timeout)
            assert type(raised.value) is twinloop.FetchTimeoutError
            assert str(raised.value) == f"GET {url}/ was not answered within 0.05 s"
            await asyncio.sleep(0.05)
            assert gone == [True]

    run(main())


def test_the_time_of_a_fetch_goes_on_with_its_body(run):
    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
        async with talking(answering(head)) as url:
            response = await twinloop.fetch(url, timeout=0.1)
            with pytest.raises(TimeoutError, match=f"the body of {url}/ did not arrive within 0.1 s"):
                await response.text()
            with pytest.raises(RuntimeError, match="broke off"):
                await response.text()

    run(main())


def test_a_fetch_ends_with_asyncios_own_timeouts(run):
    gone = []

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        await reader.read()
        gone.append(True)

    async def main():
        async with talking(talk) as url:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.03):
                    await twinloop.fetch(url)
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(twinloop.fetch(url), 0.03)
            await asyncio.sleep(0.05)
            assert gone == [True, True]

    run(main())


def test_a_task_that_is_cancelled_aborts_its_request(run):
    began, gone = asyncio.Event(), asyncio.Event()

    async def talk(reader, writer):
        await reader.readuntil(b"\r\n\r\n")
        began.set()
        await reader.read()
        gone.set()

    async def main():
        async with talking(talk) as url:
            task = asyncio.create_task(twinloop.fetch(url))
            await began.wait()
            task.cancel("enough")
            with pytest.raises(asyncio.CancelledError):
                await task
            assert task.cancelled()
            await gone.wait()

    run(main())


def test_a_task_that_is_cancelled_while_it_reads_gives_up_the_body(run):
    gone = asyncio.Event()

    async def then(reader, writer):
        await reader.read()
        gone.set()

    async def main():
        head = b"HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf"
        async with talking(answering(head, then=then)) as url:
            response = await twinloop.fetch(url)
            task = asyncio.create_task(response.bytes())
            await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await gone.wait()
            with pytest.raises(RuntimeError, match="was given up by its reader"):
                await response.bytes()

    run(main())


# ---- many, connections, loops


def test_many_fetches_at_once_keep_their_connections(run):
    async def main():
        url = f"http://{fixtures()['http']}"

        async def accepted():
            return (await (await twinloop.fetch(f"{url}/counters")).json())["accepted"]

        async def one(number):
            response = await twinloop.fetch(f"{url}/inspect", params={"n": number})
            assert (await response.json())["query"] == f"n={number}"

        before = await accepted()
        for _ in range(3):
            await asyncio.gather(*map(one, range(64)))
        assert await accepted() - before <= 64

    run(main())


def test_more_fetches_than_connections_wait_their_turn(run):
    async def main():
        url = f"http://{fixtures()['http']}/slow?ms=2"
        responses = await asyncio.gather(*(twinloop.fetch(url) for _ in range(600)))
        assert {response.status for response in responses} == {200}

    run(main())


def test_a_response_that_nobody_reads_frees_its_connection(run, count_descriptors):
    async def main():
        url = f"http://{fixtures()['http']}"
        await twinloop.fetch(f"{url}/data")
        before = count_descriptors()
        for _ in range(300):
            response = await twinloop.fetch(f"{url}/endless")
            assert response.status == 200
        response = None
        await asyncio.sleep(0)
        assert count_descriptors() <= before + 1

    run(main())


def test_a_fetch_needs_a_twinloop_loop_that_runs():
    with pytest.raises(RuntimeError, match=r"twinloop.fetch\(\) needs a running event loop"):
        twinloop.fetch("http://127.0.0.1/")

    async def main():
        with pytest.raises(
            RuntimeError, match="the one that runs is a .*Selector.*: start the program with twinloop.run"
        ):
            twinloop.fetch("http://127.0.0.1/")

    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        runner.run(main())


def test_a_fetch_and_its_body_stay_on_their_loop(run):
    async def first():
        response = await twinloop.fetch(f"http://{fixtures()['http']}/slow-body?ms=10")
        return response, twinloop.fetch(f"http://{fixtures()['http']}/data")

    response, fetching = run(first())

    async def second():
        with pytest.raises(RuntimeError, match="a response is read on the event loop that fetched it"):
            await response.text()
        with pytest.raises(RuntimeError, match="Event loop is closed"):
            await fetching

    run(second())


def test_what_fails_while_an_exception_is_handled_names_that_as_its_context(run):
    async def main():
        first = ValueError("the first")
        with pytest.raises(twinloop.FetchConnectionError) as caught:
            try:
                raise first
            except ValueError:
                await twinloop.fetch("http://127.0.0.1:1/")
        assert caught.value.__context__ is first and caught.value.__traceback__ is not None
        # And where none is, there is none.
        with pytest.raises(twinloop.FetchConnectionError) as caught:
            await twinloop.fetch("http://127.0.0.1:1/")
        assert caught.value.__context__ is None

    run(main())


def test_a_fetch_that_nobody_awaits_sends_nothing_and_is_told_of(run):
    async def main():
        async with asked() as server:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                twinloop.fetch(server.url)
                gc.collect()
            assert ["coroutine 'fetch' was never awaited"] == [str(each.message) for each in caught]
            await asyncio.sleep(0.01)
            assert server.requests == []

    run(main())


def test_a_loop_that_closes_under_a_fetch_leaves_nothing_open(count_descriptors):
    before = count_descriptors()

    async def main():
        async with asked() as server:
            await twinloop.fetch(server.url)
        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        left.append(twinloop.fetch(f"http://127.0.0.1:{port}/"))
        left[0].send(None)
        server.close()

    left = []
    twinloop.run(main())
    left.clear()
    assert count_descriptors() == before


def test_a_handler_may_hand_on_what_it_fetched(run):
    async def main():
        base = f"http://{fixtures()['http']}"

        async def proxy(request):
            return await twinloop.fetch(f"{base}{request.path}?{request.query_string}")

        async with serving(proxy) as url:
            response = await twinloop.fetch(f"{url}/gzip?size=100000")
            assert "content-encoding" not in response.headers
            assert len(await response.bytes()) == 100_000
            response = await twinloop.fetch(f"{url}/stream?chunks=3&ms=1")
            assert (
                b"".join([piece async for piece in response])
                == await (await twinloop.fetch(f"{base}/stream?chunks=3&ms=1")).bytes()
            )
            response = await twinloop.fetch(f"{url}/status/404")
            assert (response.status, await response.text()) == (404, "status 404\n")

    run(main())
