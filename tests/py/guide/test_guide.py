"""The guide: every program in it runs, and prints what stands below it; guide_support.py says how a page is written."""

from __future__ import annotations

import concurrent.futures
import os
import textwrap

import pytest
from guide_support import GUIDE, LANGUAGES, OTHERS, PAGES, ROOT, blocks, files, fits, missing_program, perform, runs

RUNS = [run for page in PAGES for run in runs(page)]
EXAMPLES = ROOT / "crates" / "twinloop" / "examples"

# More than one at a time, because most of a program's time is its start and its timers.
AT_ONCE = 4


@pytest.fixture(scope="module")
def outcomes(request, tmp_path_factory):
    """What each of the runs that were selected printed: all are under way when the first is looked at."""
    if "TWINLOOP" not in os.environ:
        pytest.skip("TWINLOOP names no built command; cargo xtask test sets it")
    folders = {}
    for page in PAGES:
        folders[page] = tmp_path_factory.mktemp(page.stem)
        for name, text in files(page).items():
            path = folders[page] / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    selected = [item.callspec.params["run"] for item in request.session.items if "outcomes" in item.fixturenames]
    with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:
        yield {
            run.name: pool.submit(perform, run, folders[run.page])
            for run in selected
            if not missing_program(run.command)
        }
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("run", RUNS, ids=lambda run: run.name)
def test_a_program_prints_what_the_page_says(run, outcomes):
    if program := missing_program(run.command):
        pytest.skip(f"there is no {program}")
    printed, status = outcomes[run.name].result()
    assert fits(printed, run.expected), f"it printed\n{printed}\nwhere the page says\n{run.expected}"
    assert status == run.status


def test_an_output_that_differs_is_found():
    assert fits("a\nb\nc\n", "a\n...\nc\n")
    assert fits("a\nc\n", "a\n...\nc\n")
    assert fits("took 0.312 seconds\n", "took 0.3... seconds\n")
    for printed, expected in (
        ("a\nb\n", "a\n"),
        ("a\n", "a\nb\n"),
        ("a.b\n", "a?b\n"),
        ("b\nc\n", "a\n...\nc\n"),
        ("", "a\n"),
    ):
        assert not fits(printed, expected), (printed, expected)


def test_the_pages_have_programs_in_both_languages():
    ends = [run.command.rpartition(".")[2] for run in RUNS]
    assert ends.count("py") > 5
    assert ends.count("mjs") > 5


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(GUIDE)))
def test_each_block_of_a_page_is_a_program_or_an_output(page):
    faults = []
    found = blocks(page)
    names = [block.name for block in found if block.language in LANGUAGES]
    commands = [run.command for run in runs(page)]
    for above, block in zip([None, *found], found):
        if block.language in LANGUAGES:
            if block.name is None or not block.name.endswith(LANGUAGES[block.language]):
                faults.append(f"{block.place}: the first line is no comment with the file's name")
            elif names.count(block.name) > 1:
                faults.append(f"{block.place}: another block is {block.name} too")
            elif not is_used(block, found, commands):
                faults.append(f"{block.place}: nothing runs {block.name}")
        elif block.language == "text" and (above is None or above.language not in (*LANGUAGES, "rust")):
            faults.append(f"{block.place}: an output without a program above it")
        elif block.language not in OTHERS:
            faults.append(f"{block.place}: no test runs {block.language}")
    assert not faults, "\n".join(faults)


def is_used(block, found, commands):
    """Whether a file is run, or named by one that is."""
    stem = block.name.rpartition(".")[0]
    named = [other.text for other in found if other is not block and other.language in LANGUAGES]
    return any(block.name in command for command in commands) or any(stem in text for text in named)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(GUIDE)))
def test_rust_in_a_page_is_an_example_that_is_tested(page):
    found = blocks(page)
    for block, below in zip(found, [*found[1:], None]):
        if block.language != "rust":
            continue
        # A part of a function stands at the margin.
        ways = [textwrap.indent(block.text, " " * depth) for depth in (0, 4, 8)]
        sources = [path for path in EXAMPLES.glob("*.rs") if any(way in path.read_text() for way in ways)]
        assert sources, f"{block.place}: no part of a program in crates/twinloop/examples"
        if below is not None and below.language == "text":
            expected = ROOT / "examples" / "expected" / f"rust-{sources[0].stem}.txt"
            assert below.text == expected.read_text(), below.place
