"""``examples/apps/scraper``: a site of 5,000 pages with every trap, robots.txt, limits, and a run that is stopped and goes on."""

from __future__ import annotations

import csv
import http.server
import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.request

import pytest
from apps_support import App, is_full, words_of

COUNT = 5000 if is_full else 400


@pytest.fixture
def site(apps):
    words = [sys.executable, "-m", "twinloop", "serve", "site_of_pages.py:app", "--no-access-log"]
    started = App(apps / "scraper", words, {"SITE_PAGES": str(COUNT)})
    yield started
    started.end()


@pytest.fixture(params=["scraper.js", "scraper.py"])
def start(request):
    """Starts the scraper on a site; ``other=True`` is that in the other language."""

    def begin(site, *words, other=False):
        program = (
            request.param if not other else {"scraper.js": "scraper.py", "scraper.py": "scraper.js"}[request.param]
        )
        command = [*words_of(program), program, f"{site.url}/", "results.sqlite", *map(str, words)]
        return subprocess.Popen(command, cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    return begin


def finish(process, code=0):
    _, said = process.communicate(timeout=300)
    assert process.returncode == code and "Traceback" not in said and "    at " not in said, said
    return said


def pages(site):
    """What is in the results, by the path."""
    database = sqlite3.connect(site.folder / "results.sqlite")
    found = {
        row[0].removeprefix(site.url): row[1:]
        for row in database.execute("SELECT url, state, status, title, note FROM pages")
    }
    database.close()
    return found


def asked(site):
    with urllib.request.urlopen(f"{site.url}/requests", timeout=30) as answer:
        return json.load(answer)


def test_a_site_with_traps_is_scraped_once_and_politely(site, start):
    finish(start(site, "--csv", "results.csv", "--timeout", "2", "--depth", "30"))
    found = pages(site)
    assert sum(path.startswith("/page/") and state == "found" for path, (state, *_) in found.items()) == COUNT
    assert found["/page/7"] == ("found", 200, "Page 7", None)
    counts = asked(site)
    # Nothing was asked for twice (the spellings of an address are one), nothing that is forbidden, and few at a time.
    assert all(counts["asked"][f"/page/{number}"] == 1 for number in range(COUNT))
    assert counts["asked"]["/robots.txt"] == 1 and "/private/1" not in counts["asked"] and counts["most"] <= 4
    assert found["/private/1"][0] == "forbidden"
    # The traps, each with its reason.
    assert found["/loop/29"][0] == "found" and "/loop/31" not in found
    assert found["/round/1"][:2] == ("redirect", 302) and found["/round/2"][:2] == ("redirect", 302)
    assert found["/same/1"][0] == "found" and found["/same/1x"][0] == "same"
    assert not any(path.startswith("/same/1x/") or path.count("more/") > 1 for path in found)
    assert found["/lies"][0] == "failed" and counts["asked"]["/lies"] == 3
    assert found["/endless"] == ("failed", None, None, "more than 1000000 bytes")
    assert found["/big"] == ("failed", None, None, "more than 1000000 bytes")
    assert found["/slow"][0] == "failed" and "Timeout" in found["/slow"][3]
    assert found["/broken"][:2] == ("failed", 500) and counts["asked"]["/broken"] == 1
    assert found["/busy"][:2] == ("found", 200) and counts["asked"]["/busy"] == 3
    assert found["/picture"] == ("other", 200, None, "image/png")
    assert found["/gone"][:2] == ("failed", 404)
    assert not any("elsewhere" in path for path in found)
    with open(site.folder / "results.csv", newline="") as file:
        table = list(csv.DictReader(file))
    assert len(table) == len(found) and {row["state"] for row in table} >= {
        "found",
        "same",
        "failed",
        "forbidden",
        "other",
        "redirect",
    }
    assert [row["title"] for row in table if row["url"].endswith("/formula")] == ["""'=1+1, "a sum\""""]


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] if is_full else [signal.SIGTERM, signal.SIGKILL]
)
def test_a_run_that_is_ended_goes_on_where_it_was(site, start, number):
    process = start(site, "--timeout", "2", "--per-host", "2")
    while asked(site)["asked"].get("/page/30", 0) == 0:
        time.sleep(0.02)
    process.send_signal(number)
    said = finish(process, -9 if number == signal.SIGKILL else 130)
    assert number == signal.SIGKILL or "the same command goes on from there" in said
    before = asked(site)["asked"]
    done = sum(state == "found" for state, *_ in pages(site).values())
    assert 0 < done < COUNT
    # The table is one: the other program goes on as well.
    finish(start(site, "--timeout", "2", "--depth", "30", other=number == signal.SIGTERM))
    found, after = pages(site), asked(site)["asked"]
    assert sum(path.startswith("/page/") and state == "found" for path, (state, *_) in found.items()) == COUNT
    # Again only what was under way: two at a time.
    assert sum(after[f"/page/{each}"] > 1 for each in range(COUNT)) <= 2
    assert after["/page/0"] == before["/page/0"] == 1


def test_a_full_disk_stops_the_run_which_goes_on_when_there_is_room(site, start, disk):
    results = disk.folder / "results.sqlite"
    (site.folder / "results.sqlite").symlink_to(results)
    disk.fill()
    assert re.fullmatch(r"scraper.(js|py): results.sqlite: database or disk is full\n", finish(start(site), 1))
    disk.empty()
    # Some pages, and then the log of the database has no room.
    said = finish(start(site, "--timeout", "1", "--csv", disk.folder / "results.csv"), 1)
    assert "stopped: database or disk is full. What was found is kept; the same command goes on from there\n" in said
    assert 0 < sum(state == "found" for state, *_ in pages(site).values()) < COUNT
    disk.grow("64m")
    finish(start(site, "--timeout", "1", "--depth", "30"))
    found = pages(site)
    assert sum(path.startswith("/page/") and state == "found" for path, (state, *_) in found.items()) == COUNT


def test_what_cannot_be_written_is_said_in_a_line_and_a_table_is_there_whole_or_not_at_all(site, start, disk):
    table = disk.folder / "results.csv"
    finish(start(site, "--most", "4", "--csv", table))
    before = table.read_text()
    disk.fill()
    said = finish(start(site, "--most", "0", "--csv", table), 1)
    assert re.search(r"scraper.(js|py): \S+/results.csv was not written: .*[Nn]o space left on device", said), said
    assert said.endswith("What was found is in results.sqlite\n")
    assert table.read_text() == before and not list(disk.folder.glob("*.part"))
    (site.folder / "results.sqlite").write_text("no database")
    assert re.fullmatch(r"scraper.(js|py): results.sqlite: file is not a database\n", finish(start(site), 1))


CASES = {
    "rules": [
        (404, "", "http://a/b", True),
        (503, "", "http://a/b", False),
        (200, "User-agent: *\nDisallow: /a", "http://a/a/b", False),
        (200, "User-agent: *\nDisallow: /a", "http://a/c", True),
        (200, "User-agent: x\nDisallow: /\n\nUser-agent: *\nDisallow:", "http://a/c", False),
        (200, "User-agent: *\nDisallow: /\n\nUser-agent: x\nDisallow:", "http://a/c", True),
        (200, "<html>nothing of the kind", "http://a/c", True),
        (200, "User-agent: *\nCrawl-delay: 60", "http://a/c", True),
        (200, "User-agent: *\nCrawl-delay: x", "http://a/c", True),
        # Nobody has that much time.
        (200, "User-agent: *\nCrawl-delay: 61", "http://a/c", False),
        (200, "User-agent: *\nCrawl-delay: 1000000000", "http://a/c", False),
    ],
    "urls": [
        ("HTTP://Example.COM:80/a#b", "http://example.com/a"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com/?b=2&a=1&utm_source=x", "http://example.com/?a=1&b=2"),
        ("https://example.com:444/", "https://example.com:444/"),
        ("javascript:alert(1)", None),
        ("http://user:pass@example.com/", None),
        ("http://[::1", None),
        ("http://example.com/" + "x" * 600, None),
    ],
    "page": "<base href='/c/'><title> A\n &lt;b&gt; </title><a href=d>x</a><a href=e rel='nofollow'>y</a><a href='mailto:z'>",
}

# What tells how a program understands the cases.
PROGRAMS = {
    "pages.js": """
        import { Rules, canonical, readPage } from './pages.js';
        const { rules, urls, page } = JSON.parse(process.argv.at(-1));
        const { title, links } = readPage('http://h/a/b', page);
        console.log(JSON.stringify({
          rules: rules.map(([status, text, url]) => new Rules('http://a/robots.txt', status, text, 'x').allow(url)),
          fault: new Rules('http://a/robots.txt', 200, 'User-agent: *\\nCrawl-delay: 99999999999', 'x').fault,
          pause: new Rules('http://a/robots.txt', 200, 'User-agent: *\\nCrawl-delay: 2', 'x').pause,
          urls: urls.map(([url]) => canonical(url)),
          page: [title, links],
        }));""",
    "pages.py": """
import json, sys
from pages import Page, Rules, canonical
cases = json.loads(sys.argv[1])
page = Page("http://h/a/b", cases["page"])
print(json.dumps({
    "rules": [Rules(status, text, "x").allow(url) for status, text, url, _ in cases["rules"]],
    "fault": Rules(200, "User-agent: *\\nCrawl-delay: 99999999999", "x").fault,
    "pause": Rules(200, "User-agent: *\\nCrawl-delay: 2", "x").pause,
    "urls": [canonical(url) for url, _ in cases["urls"]],
    "page": [page.title, page.links],
}))""",
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_rules_addresses_and_pages_are_understood_as_they_are_meant(apps, program):
    # No robots.txt is no rules; one that the site fails to give forbids all.
    words = [*words_of("x.js"), "--input-type=module", "-e"] if program == "pages.js" else [sys.executable, "-c"]
    command = [*words, PROGRAMS[program], json.dumps(CASES)]
    done = subprocess.run(command, cwd=apps / "scraper", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {
        "rules": [allowed for *_, allowed in CASES["rules"]],
        "fault": "the site wants 99999999999 s between two requests, more than 60",
        "pause": 2,
        "urls": [one for _, one in CASES["urls"]],
        "page": ["A <b>", ["http://h/c/d"]],
    }


@pytest.mark.parametrize("program", ["scraper.js", "scraper.py"])
def test_words_that_mean_nothing_are_refused(apps, program):
    for words in (
        [],
        ["ftp://a/", "x.sqlite"],
        ["http://a/", "x.sqlite", "--workers", "x"],
        ["http://a/", "x.sqlite", "--nothing"],
    ):
        command = [*words_of(program), program, *words]
        done = subprocess.run(command, cwd=apps / "scraper", capture_output=True, text=True, timeout=60)
        assert done.returncode == 2 and "--workers" in done.stderr and "Traceback" not in done.stderr, done
    assert not (apps / "scraper" / "x.sqlite").exists()


@pytest.fixture
def silent_robots():
    """A site of one page, whose robots.txt comes once ``given`` is set; and what was asked for."""
    given, asked = threading.Event(), []

    class Site(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            is_robots = self.path == "/robots.txt"
            if is_robots:
                given.wait(60)
            body = b"User-agent: *\nAllow: /\n" if is_robots else b"<title>Here</title>"
            self.send_response(200)
            self.send_header("content-type", "text/html")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/", given, asked
    given.set()
    server.shutdown()
    server.server_close()


def states(results):
    with sqlite3.connect(results) as database:
        return database.execute("SELECT state, note FROM pages").fetchall()


@pytest.mark.parametrize("program", ["scraper.js", "scraper.py"])
def test_a_run_that_is_ended_before_it_has_the_rules_has_forbidden_nothing(apps, program, silent_robots, tmp_path):
    url, given, asked = silent_robots
    command = [*words_of(program), program, url, str(tmp_path / "results.sqlite")]
    process = subprocess.Popen(command, cwd=apps / "scraper", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not asked:
        assert process.poll() is None
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    process.wait(60)
    given.set()
    subprocess.run(command, cwd=apps / "scraper", capture_output=True, timeout=60, check=True)
    assert states(tmp_path / "results.sqlite") == [("found", None)]


@pytest.mark.parametrize("program", ["scraper.js", "scraper.py"])
def test_a_site_that_is_not_there_is_said_to_be_so(apps, program, tmp_path):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        command = [
            *words_of(program),
            program,
            f"http://127.0.0.1:{probe.getsockname()[1]}/",
            str(tmp_path / "results.sqlite"),
        ]
        done = subprocess.run(command, cwd=apps / "scraper", capture_output=True, text=True, timeout=60)
    # Who looks at the terminal alone is told too.
    assert done.returncode == 1 and f"{command[-2]}: robots.txt: " in done.stderr, done
    ((state, note),) = states(tmp_path / "results.sqlite")
    assert (
        state == "failed" and note.startswith("robots.txt: ") and "efused" in note.replace("ECONNREFUSED", "efused")
    ), note
