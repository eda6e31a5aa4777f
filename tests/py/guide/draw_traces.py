"""``python tests/py/guide/draw_traces.py``: the guide's pictures, drawn anew from traces of its programs; needs Chromium.

A page has a picture by ``![...](pictures/PROGRAM.png)``. TWINLOOP names the built command (else that of ``target/debug``).
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from guide_support import PAGES, ROOT, environment, files

SIZE = "1100,310"


def draw(program, folder, picture):
    """Traces a program, and photographs the top of the page that shows it."""
    page = Path(folder, f"{program}.html")
    words = [os.environ["TWINLOOP"], "trace", "-o", page, program]
    subprocess.run(
        words,
        cwd=folder,
        env=environment(Path(folder)),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={SIZE}"]
    subprocess.run(
        [browser, *options, f"--screenshot={picture}", page.as_uri()], stderr=subprocess.DEVNULL, timeout=60, check=True
    )


if __name__ == "__main__":
    os.environ.setdefault("TWINLOOP", str(ROOT / "target" / "debug" / "twinloop"))
    for page in PAGES:
        for program in re.findall(r"\]\(pictures/(\S+)\.png\)", page.read_text()):
            with tempfile.TemporaryDirectory() as folder:
                for name, text in files(page).items():
                    Path(folder, name).write_text(text)
                draw(program, folder, page.parent / "pictures" / f"{program}.png")
                print(program)
