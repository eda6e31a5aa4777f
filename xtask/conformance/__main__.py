"""Other projects' test suites on Twinloop's loop; started by ``cargo xtask conformance``, which says what the options mean.

Prints what is not as the suite's file expects, then a table with a line for each suite, version of Python and loop. The exit status
is 1 if Twinloop fails a test that no file lists with a reason, passes one that a file lists as failing, or did not run at all.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import environments
import localhost
import postgresql
from suites import CACHE, Suite, load, load_all
from workers import Run, run_all

OWN_TYPE = {
    "twinloop": "twinloop.EventLoop",
    "asyncio": "asyncio.unix_events._UnixSelectorEventLoop",
    "uvloop": "uvloop.Loop",
    "rloop": "rloop.loop.RLoop",
}


def parse(words: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cargo xtask conformance")
    parser.add_argument("suites", nargs="*")
    parser.add_argument("--interpreter", action="append", default=[], metavar="VERSION=PATH")
    parser.add_argument("--loop", action="append", default=[])
    parser.add_argument("--filter", default="")
    parser.add_argument("--packages-on-first", action="store_true")
    parser.add_argument("--once", action="store_true")
    parser.add_argument("--json", type=Path)
    return parser.parse_args(words)


def run_suite(suite: Suite, version: str, python: str, loop: str, options: argparse.Namespace) -> Run | str:
    """The run, or why it was skipped."""
    interpreter, folder = environments.provide(suite, python, version, loop)
    log = CACHE / f"{suite.name}-{version}-{loop}.log"
    log.unlink(missing_ok=True)
    run = Run(suite, loop, version, interpreter, folder, filter=options.filter, once=options.once, log=log)
    if "postgresql" in suite.needs:
        with postgresql.server() as server:
            if isinstance(server, str):
                return server
            run.extra = server.environment
            run_all(run)
    elif "localhost-ipv6" in suite.needs:
        with localhost.names() as words:
            run.prefix = words or []
            run.lacks = set() if words is not None else {"localhost-ipv6"}
            run_all(run)
    else:
        run_all(run)
    return run


def judge(run: Run) -> tuple[Counter, list[str]]:
    """The counts of the table, and what is not as expected."""
    counts, surprises = Counter(), []
    outcomes = {test: [outcome.kind, outcome.reason] for test, outcome in sorted(run.outcomes.items())}
    run.log.with_suffix(".json").write_text(json.dumps(outcomes, indent=1))
    for test, outcome in sorted(run.outcomes.items()):
        expectation = run.expectation(test)
        counts[outcome.kind] += 1
        if outcome.kind in ("failed", "hung"):
            if expectation is None:
                surprises.append(f"{outcome.kind:7} {test}  {outcome.reason}")
            else:
                counts["expected"] += 1
        elif expectation is not None and outcome.kind == "passed" and not expectation.unsteady:
            surprises.append(f"passes, though listed as failing: {test}")
        if outcome.kind == "passed" and outcome.reason:
            counts["second try"] += 1
            print(f"  second try  {test}  {outcome.reason}")
    own = sum(count for kind, count in run.loops.items() if kind == OWN_TYPE[run.loop])
    counts["own loops"], counts["other loops"] = own, sum(run.loops.values()) - own
    if own == 0 and not run.filter:
        surprises.append(f"no loop of the type {OWN_TYPE[run.loop]} ran: {run.loops}")
    return counts, surprises


COLUMNS = ("passed", "failed", "hung", "skipped", "expected", "second try", "own loops", "other loops")


def main() -> int:
    options = parse(sys.argv[1:])
    # A shell that starts jobs in the background lets them ignore Ctrl-C, and what they start inherits that.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    # Being ended must end the tests too.
    signal.signal(signal.SIGTERM, lambda number, _frame: sys.exit(128 + number))
    suites = [load(name) for name in options.suites] or load_all()
    lines, wrong, record = [], 0, []
    for suite in suites:
        first_only = options.packages_on_first and suite.package
        for word in options.interpreter[:1] if first_only else options.interpreter:
            version, _, python = word.partition("=")
            for loop in options.loop or ["twinloop"]:
                started = time.monotonic()
                run = run_suite(suite, version, python, loop, options)
                seconds = time.monotonic() - started
                title = f"{suite.name:11} {version:5} {loop:9}"
                if isinstance(run, str):
                    lines.append(f"{title} skipped: {run}")
                    continue
                counts, surprises = judge(run)
                print(f"== {title.strip()}: {len(run.outcomes)} tests in {seconds:.0f} s; loops that ran: {run.loops}")
                print("".join(f"  {line}\n" for line in surprises), end="", flush=True)
                if loop == "twinloop":
                    wrong += len(surprises)
                lines.append(title + "".join(f"{counts[column]:12}" for column in COLUMNS))
                record.append(
                    {"suite": suite.name, "package": suite.package, "python": version, "loop": loop, **counts}
                )
    print("\n" + f"{'suite':11} {'py':5} {'loop':9}" + "".join(f"{column:>12}" for column in COLUMNS))
    print("\n".join(lines))
    if options.json:
        options.json.write_text(json.dumps(record, indent=1))
    if wrong:
        print(f"\n{wrong} not as the suites' files in tests/conformance expect")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
