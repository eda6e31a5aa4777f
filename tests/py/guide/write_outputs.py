"""``python tests/py/guide/write_outputs.py docs/guide/PAGE.md...``: runs what a page holds and writes what it prints where the page has nothing yet.

For who writes a page, or changes a message: empty the blocks ``text`` and the lines below a ``$``, and read what comes. Frames of Python's
own files and of the built-in JavaScript become ``...``, as they differ from one version to the next; so do numbers that differ each time, by hand.
TWINLOOP names the built command (else that of ``target/debug``), and this interpreter has the package.
"""

from __future__ import annotations

import concurrent.futures
import os
import re
import sys
import tempfile
from pathlib import Path

from guide_support import HOME, LANGUAGES, ROOT, blocks, files, perform, runs


def shortened(printed):
    """An output without the frames that are not the program's."""
    kept = []
    lines = iter(printed.splitlines())
    line = next(lines, None)
    while line is not None:
        following = next(lines, None)
        frame = re.match(r'  File "([^"]+)"', line)
        warning = re.match(r"(\S+:\d+): (\w*Warning: .*)", line)
        if frame and not frame[1].startswith(HOME):
            # The lines of the source that it shows.
            while following is not None and following.startswith("    "):
                following = next(lines, None)
            line = "..."
        elif warning and not warning[1].startswith(HOME):
            kept.append(f"...: {warning[2]}")
            if following is None or not following.startswith("  "):
                line = following
                continue
            following = next(lines, None)
            line = "..."
        elif re.match(r"\s+at .*(twinloop:|node:)", line):
            line = "..."
        if line != "..." or kept[-1:] != ["..."]:
            kept.append(line)
        line = following
    return "".join(f"{each}\n" for each in kept)


def write(page):
    """Fills the empty outputs of a page."""
    with tempfile.TemporaryDirectory() as folder:
        for name, text in files(page).items():
            Path(folder, name).write_text(text)
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            empty = [run for run in runs(page) if not run.expected]
            outcomes = dict(
                zip([(run.line, run.command) for run in empty], pool.map(lambda run: perform(run, Path(folder)), empty))
            )
    lines = page.read_text().splitlines(keepends=True)
    found = blocks(page)
    # From the last to the first, so that the lines above keep their numbers.
    for above, block in reversed([*zip([None, *found], found)]):
        if block.language == "text" and not block.text and above.language in LANGUAGES:
            lines.insert(block.line, shortened(outcomes[above.line, f"twinloop {above.name}"][0]))
        elif block.language == "console":
            for number, line in reversed([*enumerate(block.text.splitlines(), block.line + 1)]):
                if (outcome := outcomes.get((number, line.removeprefix("$ ")))) is not None:
                    lines.insert(number, shortened(outcome[0]))
    page.write_text("".join(lines))
    for run in empty:
        print(f"{run.name}: status {outcomes[run.line, run.command][1]}, the page says {run.status}")


if __name__ == "__main__":
    os.environ.setdefault("TWINLOOP", str(ROOT / "target" / "debug" / "twinloop"))
    for argument in sys.argv[1:]:
        write(Path(argument).resolve())
