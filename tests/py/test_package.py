"""What ``import twinloop`` shows: its names, what ``dir`` and ``help`` say of them, and ``run``."""

from __future__ import annotations

import asyncio
import pkgutil
import pydoc
import subprocess
import sys

import pytest
import twinloop


def test_all_is_sorted_complete_and_what_a_star_import_gives():
    assert twinloop.__all__ == sorted(twinloop.__all__)
    public = {name for name in vars(twinloop) if not name.startswith("_")} - {"annotations", "js"}
    assert public == set(twinloop.__all__) - {"__version__"}
    names = {}
    exec("from twinloop import *", names)
    assert set(twinloop.__all__) <= names.keys()


def test_dir_has_js_before_it_is_loaded_and_importing_does_not_load_it():
    # Found only by who knew of it: `js` is loaded when it is named.
    script = "import sys, twinloop; print('twinloop.js' in sys.modules, 'js' in dir(twinloop), hasattr(twinloop, 'js'))"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
    assert shown.split() == ["False", "True", "True"]


def test_help_shows_public_modules_and_names_only():
    assert {module.name for module in pkgutil.iter_modules(twinloop.__path__)} == {"__main__", "js"}
    text = pydoc.plain(pydoc.render_doc(twinloop))
    contents = text.partition("PACKAGE CONTENTS\n")[2].partition("\n\n")[0].split()
    assert contents == ["__main__", "js"]
    assert "class EventLoop(" in text and "run(main, *, debug=None, loop_factory=None)" in text


@pytest.mark.parametrize("name", [name for name in twinloop.__all__ if name != "__version__"])
def test_a_public_name_says_where_it_is_imported_from(name):
    assert getattr(twinloop, name).__module__ == "twinloop"


def test_run_takes_a_loop_factory():
    async def sleep_for_a_day():
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.sleep(86_400)
        return type(loop), loop.time() - started

    class Mine(twinloop.EventLoop):
        pass

    kind, slept = twinloop.run(sleep_for_a_day(), loop_factory=lambda: Mine(test_clock=True))
    assert kind is Mine and slept >= 86_400
