"""The documentation's links: each leads to a file that is there and to a heading of it, and the book has every page.

mdBook says nothing of links between pages, and a program for it would be one more thing to fetch; this is what its readers would miss.
"""

from __future__ import annotations

import collections
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCS = ROOT / "docs"
FOUND = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), *(ROOT / "examples").rglob("*.md"), *ROOT.glob("tests/*/README.md")]
PAGES = sorted(page for page in FOUND if "node_modules" not in page.parts)
SUMMARY = DOCS / "SUMMARY.md"
# A page of the book names what is outside of it by its address.
HOME = "https://github.com/twinloop/twinloop/blob/main/"


def prose(page):
    """A page without its blocks of code, and without code in lines, both of which may hold what looks like a link."""
    text = re.sub(r"^(`{3,}).*?^\1$", "", page.read_text(), flags=re.M | re.S)
    return re.sub(r"(`+)[^`\n]+?\1", lambda code: code[0].replace("](", "] ("), text)


def targets(page):
    """Targets of the page's links."""
    found = re.findall(r"\]\(([^()\s]+(?:\([^()]*\))?)\)", prose(page))
    return found + re.findall(r"^\[[^\]]+\]: (\S+)$", prose(page), re.M)


def links(page):
    """Those that are relative to the page."""
    return [target for target in targets(page) if not re.match(r"[a-z]+:", target)]


def anchors(page):
    """What can stand behind ``#``: each heading as code hosts and mdBook write it, a second one of a name with a number."""
    found = []
    for heading in re.findall(r"^#{1,6} (.*)$", prose(page), re.M):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading)
        found.append(re.sub(r"[^\w\- ]", "", text.strip().lower()).replace(" ", "-"))
    seen = collections.Counter()
    for place, anchor in enumerate(found):
        found[place] = f"{anchor}-{seen[anchor]}" if seen[anchor] else anchor
        seen[anchor] += 1
    return found


def faults(page):
    """The links of a page that lead to this repository, and nowhere there."""
    found = []
    for target in targets(page):
        path, _, anchor = target.partition("#")
        if path.startswith(HOME):
            file = ROOT / path.removeprefix(HOME)
        elif re.match(r"[a-z]+:", target):
            continue
        else:
            file = (page.parent / path).resolve() if path else page
        if not file.exists():
            found.append(f"{target}: there is no such file")
        elif anchor and (file.suffix != ".md" or anchor not in anchors(file)):
            found.append(f"{target}: no heading there is #{anchor}")
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page):
    assert faults(page) == []


def test_a_link_that_leads_nowhere_is_found(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "# A `b` c\n\n## A b c\n\n[x](#a-b-c-1) [y](other.md#z) [z](page.md#z) `[z](code.md)`\n\n```js\n[1](2)\n```\n"
    )
    assert faults(page) == ["other.md#z: there is no such file", "page.md#z: no heading there is #z"]


def test_the_book_has_every_page_once():
    lines = [line for line in SUMMARY.read_text().splitlines() if line]
    # All that mdBook reads: a title, names of parts, chapters outside of the numbering, and chapters with those below them.
    assert not [
        line for line in lines if not re.fullmatch(r"# .+| {0,4}- \[[^\]]+\]\([^)]+\)|\[[^\]]+\]\([^)]+\)", line)
    ]
    chapters = [DOCS / target for target in links(SUMMARY)]
    assert sorted(chapters) == sorted(page for page in DOCS.rglob("*.md") if page != SUMMARY)


def test_a_chapter_links_to_no_file_that_the_book_lacks():
    outside = [
        (page.name, target) for page in DOCS.rglob("*.md") for target in links(page) if not is_below(page, target)
    ]
    assert outside == []


def is_below(page, target):
    path = target.partition("#")[0]
    return not path or (page.parent / path).resolve().is_relative_to(DOCS)
