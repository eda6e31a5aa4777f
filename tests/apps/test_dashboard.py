"""``examples/apps/dashboard``: what NumPy computes is what React shows, and a page begins before its figures are there."""

from __future__ import annotations

import asyncio
import re
import sys

import pytest
import twinloop
from apps_support import ask

numpy = pytest.importorskip("numpy")


@pytest.fixture
def dashboard(serve):
    return serve("dashboard/dashboard.jsx")


def test_the_page_shows_what_numpy_has_computed_and_begins_before(dashboard, run):
    sys.path.insert(0, str(dashboard.folder))
    try:
        import figures
    finally:
        sys.path.remove(str(dashboard.folder))
    expected = figures.compute(figures.measure()[-7 * 1440 :], 30)

    async def main():
        pieces = []
        async with twinloop.fetch(f"{dashboard.url}/") as response:
            assert response.status == 200 and response.url == f"{dashboard.url}/week"
            async for piece in response:
                pieces.append(piece)
        page = b"".join(pieces).decode()
        # The head came before the figures were there.
        assert "NumPy computes" in pieces[0].decode() and "kWh" not in pieces[0].decode()
        assert f"{expected['energy_kwh']:.0f}<!-- --> kWh" in page and f"{expected['most_kw']:.1f}<!-- --> kW" in page
        points = re.search(r'points="([^"]*)"', page)[1].split()
        assert len(points) == len(expected["line"]) == 600
        height = 200 - expected["line"][300] / expected["most_kw"] * 195
        assert abs(float(points[300].split(",")[1]) - height) < 0.06

    run(main())


def test_many_readers_and_strange_questions(dashboard, run):
    async def main():
        answers = await asyncio.gather(*(ask(dashboard, f"/{each}") for each in ("day", "week", "month", "year") * 5))
        assert {answer.status for answer in answers} == {200}
        assert (await ask(dashboard, "/century")).status == 404
        for strange in ("0", "-1", "1e9", "x", "<script>alert(1)</script>", "NaN"):
            answer = await ask(dashboard, "/day", params={"smooth": strange})
            assert answer.status == 200 and "<script>alert" not in await answer.text(), strange
        # A reader who goes in the middle.
        for _ in range(20):
            response = await twinloop.fetch(f"{dashboard.url}/year?smooth={_ + 40}")
            response.close()
        assert (await ask(dashboard, "/year")).status == 200

    run(main())
    assert "Error" not in dashboard.text, dashboard.text


FAULTS = """
import time

compute_well = compute


def compute(power, smooth):
    if smooth == 66:
        raise MemoryError("no room for so much")
    if smooth == 77:
        time.sleep(2)
    return compute_well(power, smooth)
"""


def test_figures_that_cannot_be_computed_are_said_to_be_so_and_the_next_are_there(apps, serve, run):
    with open(apps / "dashboard" / "figures.py", "a") as file:
        file.write(FAULTS)
    dashboard = serve("dashboard/dashboard.jsx")

    async def main():
        for _ in range(3):
            answer = await ask(dashboard, "/month?smooth=66")
            page = await answer.text()
            assert answer.status == 200 and page.endswith("</html>"), page
            # Nothing of where it happened leaves the server.
            assert "The figures could not be computed." in page and "kWh" not in page and str(apps) not in page, page
            assert "kWh" in await (await ask(dashboard, "/month?smooth=67")).text()

    run(main())
    fault = "dashboard: the figures of a month could not be computed: MemoryError: no room for so much"
    assert dashboard.text.count(fault) == 3, dashboard.text


def test_readers_who_go_while_it_computes_keep_nothing_from_the_others(apps, serve, run):
    with open(apps / "dashboard" / "figures.py", "a") as file:
        file.write(FAULTS)
    dashboard = serve("dashboard/dashboard.jsx")

    async def main():
        responses = [await twinloop.fetch(f"{dashboard.url}/year?smooth=77") for _ in range(20)]
        # They have the head, and the thread computes for them.
        for response in responses:
            assert b"NumPy computes" in await anext(response)
            response.close()
        # The loop serves others meanwhile, and who wants figures has them as soon as the thread is free.
        assert (await ask(dashboard, "/page.css")).status == 200
        assert "kWh" in await (await ask(dashboard, "/week")).text()

    run(main(), limit_s=30)
    assert "Error" not in dashboard.text, dashboard.text


def test_a_browser_shows_it(dashboard, browsers, run):
    async def main():
        (browser,) = browsers(1)
        async with browser.page(f"{dashboard.url}/month?smooth=60") as page:
            await page.wait("document.querySelector('#energy')?.textContent.endsWith(' kWh')")
            assert await page.value("document.querySelectorAll('rect').length") == 24
            assert await page.value("getComputedStyle(document.querySelector('table')).borderCollapse") == "collapse"
            # React's own script has put the figures in the place of the words that stood for them.
            await page.wait(
                "document.querySelector('#energy').checkVisibility() && document.querySelector('#wait') === null"
            )
            assert page.faults == []

    run(main())
