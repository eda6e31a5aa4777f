"""``twinloop.Session``: what requests have in common, cookies, retries, hooks, proxies, and the end of a session."""

from __future__ import annotations

import asyncio
import time

import pytest
import twinloop
from fetch_support import asked, fixtures, serving


def test_requests_share_base_url_headers_auth_and_cookies(run):
    async def main():
        async with asked() as server:
            common = {"headers": {"X-A": "1", "x-b": "2"}, "auth": ("user", "password"), "cookies": {"c": "1"}}
            async with twinloop.Session(f"{server.url}/api/", **common) as session:
                seen = await (await session.get("/users?x=1", headers={"x-B": "3"}, cookies={"d": "2"})).json()
                assert (seen["method"], seen["path"], seen["query"]) == ("GET", "/api/users", "x=1")
                headers = seen["headers"]
                assert (headers["x-a"], headers["x-b"], headers["cookie"]) == ("1", "3", "d=2")
                assert headers["authorization"].startswith("Basic ")
                assert (await (await session.get("users")).json())["path"] == "/api/users"
                assert (await (await session.get("?x=1")).json())["query"] == "x=1"
                assert (await (await session.get("")).json())["path"] == "/api/"
                assert (await (await session.get(f"{server.url}/other")).json())["path"] == "/other"

    run(main())


@pytest.mark.parametrize("method", ["get", "head", "options", "post", "put", "patch", "delete"])
def test_a_method_for_each_method(run, method):
    async def main():
        async with asked() as server, twinloop.Session(server.url) as session:
            response = await getattr(session, method)("/a", params={"n": 1})
            assert (response.status, response.url) == (200, f"{server.url}/a?n=1")
            await session.request(method, "/b", json=[1])
            await session.fetch("/c", method=method)
            assert [each["method"] for each in server.requests] == [method.upper()] * 3
            await session.fetch("/d", json=1)
            assert server.requests[-1]["method"] == "POST"
            with pytest.raises(TypeError, match=f"Session.{method}.. got an unexpected keyword argument 'method'"):
                getattr(session, method)("/a", method="GET")
            with pytest.raises(TypeError, match=f"Session.{method}.. got an unexpected keyword argument 'verify'"):
                getattr(session, method)("/a", verify=False)

    run(main())


def test_what_tells_who_a_client_is_stays_with_the_base_url(run):
    async def main():
        async with asked() as first, asked() as second:
            secrets = {"headers": {"Authorization": "Bearer secret", "x-a": "1"}, "cookies": {"c": "secret"}}
            async with twinloop.Session(first.url, **secrets) as session:
                seen = await (await session.get("/")).json()
                assert {"authorization", "cookie"} <= seen["headers"].keys()
                seen = await (await session.get(second.url)).json()
                assert seen["headers"]["x-a"] == "1" and not {"authorization", "cookie"} & seen["headers"].keys()
            async with twinloop.Session(**secrets) as session:
                seen = await (await session.get(second.url)).json()
                assert {"authorization", "cookie"} <= seen["headers"].keys()

    run(main())


def test_cookies_that_answers_set_come_back_to_their_host(run):
    async def main():
        async def handler(request):
            if request.path == "/in":
                headers = [("set-cookie", "a=1; Path=/"), ("set-cookie", "b=2; Path=/deep"), ("location", "/seen")]
                return twinloop.Response("", 302, headers)
            return request.headers.get("cookie", "none")

        async with serving(handler) as url, twinloop.Session(url) as session:
            assert await (await session.get("/seen")).text() == "none"
            # With the redirect already.
            assert await (await session.get("/in")).text() == "a=1"
            assert await (await session.get("/deep/er", cookies={"own": 0})).text() == "own=0; b=2; a=1"
            assert await (await session.get(url.replace("127.0.0.1", "localhost"))).text() == "none"
            assert dict(session.cookies) == {"a": "1", "b": "2"} and len(session.cookies) == 2
            assert session.cookies.rows()[0] == ("a", "1", "127.0.0.1", "/")
            session.cookies.clear()
            assert await (await session.get("/deep")).text() == "none"
            # Those of one session are no other's.
            await session.get("/in")
            assert await (await twinloop.fetch(f"{url}/seen")).text() == "none"

    run(main())


def failing(*statuses):
    """A handler that answers with these, and then with 200; and the times of its requests."""
    left, times = list(statuses), []

    async def handler(request):
        times.append(time.monotonic())
        await request.body()
        status = left.pop(0) if left else 200
        return twinloop.Response(f"{status}", status, {"retry-after": "0"} if status == 429 else None)

    return handler, times


def test_what_fails_in_passing_is_tried_again(run):
    async def main():
        handler, times = failing(503, 429, 200)
        async with serving(handler) as url, twinloop.Session(url, retries=twinloop.Retry(backoff=0.001)) as session:
            assert (await session.get("/")).status == 200
            assert len(times) == 3

        handler, times = failing(503, 503, 503)
        async with (
            serving(handler) as url,
            twinloop.Session(url, retries=twinloop.Retry(attempts=2, backoff=0.001)) as session,
        ):
            assert (await session.put("/", content=b"x")).status == 503
            assert len(times) == 3

        handler, times = failing(503, 500)
        async with serving(handler) as url, twinloop.Session(url, retries=1) as session:
            # Neither may be sent twice for what anybody knows.
            assert (await session.post("/", json=1)).status == 503
            assert (await session.get("/")).status == 500
            assert len(times) == 2

    run(main())


def test_a_connection_that_fails_is_tried_again(run):
    async def main():
        attempts = []

        async def talk(reader, writer):
            attempts.append(1)
            await reader.readuntil(b"\r\n\r\n")
            if len(attempts) == 3:
                writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
                await writer.drain()
            writer.close()

        server = await asyncio.start_server(talk, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        async with server, twinloop.Session(url, retries=twinloop.Retry(attempts=2, backoff=0.001)) as session:
            assert await (await session.get("/")).text() == "ok"
            assert len(attempts) == 3
            with pytest.raises(twinloop.FetchConnectionResetError):
                await session.get("/")
            assert len(attempts) == 6

    run(main())


def test_a_pause_follows_the_server_and_has_an_end():
    class Answer:
        def __init__(self, after):
            self.headers = twinloop.Headers({"retry-after": after})

    retry = twinloop.Retry(backoff=1, max_backoff=10)
    assert 0.75 <= retry.pause(1, None) <= 1.25 and 3 <= retry.pause(3, None) <= 5 and retry.pause(9, None) == 10
    assert retry.pause(1, Answer("7")) == 7 and retry.pause(1, Answer("100")) == 10
    assert retry.pause(1, Answer("Thu, 01 Jan 1970 00:00:00 GMT")) < 2 and retry.pause(1, Answer("soon")) < 2


def test_hooks_see_and_change_requests_and_see_responses(run):
    seen = []

    def sign(request):
        request.headers["x-signed"] = f"{request.method} {request.url}"
        request.options["params"] = {"n": 1}

    async def note(response):
        await asyncio.sleep(0)
        seen.append(response.status)

    async def main():
        async with asked() as server:
            hooks = {"request": sign, "response": [note, note]}
            async with twinloop.Session(server.url, hooks=hooks) as session:
                answer = await (await session.fetch("/a", json=1, headers={"x-own": "1"})).json()
                assert answer["headers"]["x-signed"] == "POST /a" and answer["headers"]["x-own"] == "1"
                assert (answer["query"], answer["method"], seen) == ("n=1", "POST", [200, 200])
                await session.get("/b")
                assert len(seen) == 4

    run(main())
    with pytest.raises(ValueError, match="not of 'answer'"):
        twinloop.Session(hooks={"answer": note})


def test_a_session_has_a_timeout_of_its_own(run):
    async def main():
        async with twinloop.Session(f"http://{fixtures()['http']}", timeout=0.05) as session:
            with pytest.raises(TimeoutError):
                await session.get("/hang")
            assert (await session.get("/slow?ms=80", timeout=5)).status == 200

    run(main())


def test_a_session_goes_through_its_proxy(run):
    async def main():
        servers = fixtures()
        # Nobody but these proxies knows the name.
        for proxy in (f"http://{servers['proxy']}", {"http": f"socks5h://{servers['socks']}"}):
            async with twinloop.Session("http://api.example.com", proxy=proxy) as session:
                assert (await (await session.get("/data")).json())["ok"]
        async with twinloop.Session(proxy={"all": f"http://{servers['refused']}", "no": "127.0.0.1"}) as session:
            assert (await session.get(f"http://{servers['http']}/data")).ok
        async with twinloop.Session(proxy=f"http://{servers['refused']}") as session:
            with pytest.raises(ConnectionError):
                await session.get(f"http://{servers['http']}/data")

    run(main())
    with pytest.raises(ValueError, match="not of 'ftp'"):
        twinloop.Session(proxy={"ftp": "x"})


def test_a_session_may_do_without_http2(run, monkeypatch):
    async def main():
        servers = fixtures()
        for http2, version in ((True, "HTTP/2"), (False, "HTTP/1.1")):
            async with twinloop.Session(
                f"https://{servers['https']}", ca_file=servers["ca_file"], http2=http2
            ) as session:
                assert (await session.get("/data")).http_version == version

    run(main())


def test_a_session_has_so_many_connections(run):
    async def main():
        base = f"http://{fixtures()['http']}"
        async with twinloop.Session(base, max_connections=2) as session:
            before = (await (await session.get("/counters")).json())["accepted"]
            await asyncio.gather(*(session.get("/slow?ms=2") for _ in range(20)))
            assert (await (await session.get("/counters")).json())["accepted"] - before <= 1

    run(main())


def test_a_session_has_so_many_connections_in_all(run):
    async def main():
        servers = fixtures()
        async with twinloop.Session(max_total_connections=1) as session:
            for _ in range(2):
                for server in ("http", "ws"):
                    assert (await session.get(f"http://{servers[server]}/data")).ok
            hanging = asyncio.create_task(session.get(f"http://{servers['http']}/hang"))
            await asyncio.sleep(0.05)
            other = asyncio.create_task(session.get(f"http://{servers['ws']}/data"))
            await asyncio.sleep(0.05)
            assert not other.done()
            hanging.cancel()
            assert (await other).ok

    run(main())


def test_a_session_ends(run, count_descriptors):
    async def main():
        async with asked() as server:
            before = count_descriptors()
            async with twinloop.Session(server.url) as session:
                await session.get("/")
                assert not session.closed and count_descriptors() > before
            assert session.closed and repr(session) == "<Session closed>"
            with pytest.raises(RuntimeError, match="the session is closed"):
                session.get("/")
            other = twinloop.Session(server.url)
            await other.get("/")
            assert await other.close() is None
            await asyncio.sleep(0.05)
            assert count_descriptors() <= before
        kept.append(twinloop.Session())
        await (await kept[0].get("data:,a")).text()

    kept = []
    run(main())

    async def elsewhere():
        with pytest.raises(RuntimeError, match="a session is used on one event loop"):
            kept[0].get("data:,a")

    run(elsewhere())
    with pytest.raises(RuntimeError, match="a twinloop.Session needs a running event loop"):
        twinloop.Session().get("http://127.0.0.1/")


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"base_url": "ftp://a/"}, ValueError, "the base url 'ftp://a/' is not http or https"),
        ({"base_url": "a"}, ValueError, "invalid url 'a'"),
        ({"max_connections": 0}, ValueError, "max_connections is at least 1"),
        ({"max_total_connections": 0}, ValueError, "max_total_connections is at least 1"),
        ({"idle_timeout": -1}, ValueError, "idle_timeout cannot be -1 seconds"),
        ({"headers": {"a b": "c"}}, ValueError, "'a b' is not a valid header name"),
        ({"timeout": "x"}, TypeError, "timeout is a number"),
        ({"verify": False}, TypeError, "unexpected keyword argument 'verify'"),
    ],
)
def test_what_is_wrong_with_a_session_is_said_when_it_is_made(given, error, words):
    with pytest.raises(error) as raised:
        twinloop.Session(**given)
    assert words in str(raised.value)
