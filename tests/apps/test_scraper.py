"""``examples/apps/scraper``: a site of 5,000 pages with every trap, robots.txt, limits, and a run that is stopped and goes on."""

from __future__ import annotations

import csv
import json
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.request

import pytest
from apps_support import App, is_full

COUNT = 5000 if is_full else 400


@pytest.fixture
def site(apps):
    words = [sys.executable, "-m", "twinloop", "serve", "site_of_pages.py:app", "--no-access-log"]
    started = App(apps / "scraper", words, {"SITE_PAGES": str(COUNT)})
    yield started
    started.end()


def start(site, *words):
    command = [sys.executable, "-m", "twinloop", "scraper.py", f"{site.url}/", "results.sqlite", *words]
    return subprocess.Popen(command, cwd=site.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def finish(process, code=0):
    _, said = process.communicate(timeout=300)
    assert process.returncode == code and "Traceback" not in said, said
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


def test_a_site_with_traps_is_scraped_once_and_politely(site):
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


@pytest.mark.parametrize(
    "number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL] if is_full else [signal.SIGTERM, signal.SIGKILL]
)
def test_a_run_that_is_ended_goes_on_where_it_was(site, number):
    process = start(site, "--timeout", "2", "--per-host", "2")
    while asked(site)["asked"].get("/page/30", 0) == 0:
        time.sleep(0.02)
    process.send_signal(number)
    said = finish(process, -9 if number == signal.SIGKILL else 130)
    assert number == signal.SIGKILL or "the same command goes on from there" in said
    before = asked(site)["asked"]
    done = sum(state == "found" for state, *_ in pages(site).values())
    assert 0 < done < COUNT
    finish(start(site, "--timeout", "2", "--depth", "30"))
    found, after = pages(site), asked(site)["asked"]
    assert sum(path.startswith("/page/") and state == "found" for path, (state, *_) in found.items()) == COUNT
    # Again only what was under way: two at a time.
    assert sum(after[f"/page/{each}"] > 1 for each in range(COUNT)) <= 2
    assert after["/page/0"] == before["/page/0"] == 1


def test_a_site_whose_rules_cannot_be_had_is_left_alone(site):
    # No robots.txt is no rules; one that the site fails to give forbids all.
    sys.path.insert(0, str(site.folder))
    try:
        from pages import Page, Rules, canonical
    finally:
        sys.path.remove(str(site.folder))
    assert Rules(404, "", "x").allow("http://a/b") and not Rules(503, "", "x").allow("http://a/b")
    rules = Rules(200, "User-agent: *\nCrawl-delay: 2\nDisallow: /a", "x")
    assert rules.pause == 2 and not rules.allow("http://h/a/b") and rules.allow("http://h/c")
    for url, one in [
        ("HTTP://Example.COM:80/a#b", "http://example.com/a"),
        ("http://example.com", "http://example.com/"),
        ("http://example.com/?b=2&a=1&utm_source=x", "http://example.com/?a=1&b=2"),
        ("https://example.com:444/", "https://example.com:444/"),
        ("javascript:alert(1)", None),
        ("http://user:pass@example.com/", None),
        ("http://[::1", None),
        ("http://example.com/" + "x" * 600, None),
    ]:
        assert canonical(url) == one, url
    page = Page(
        "http://h/a/b",
        "<base href='/c/'><title> A\n &lt;b&gt; </title><a href=d>x</a><a href=e rel='nofollow'>y</a><a href='mailto:z'>",
    )
    assert (page.title, page.links) == ("A <b>", ["http://h/c/d"])
