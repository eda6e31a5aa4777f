"""h2spec's cases of HTTP/2 on the command; started by ``cargo xtask conformance h2spec``.

The suite is the client, strict cases too, of ``twinloop.serve`` (by TLS, and without) and of ``node:http2``. It is written in Go: ``h2spec`` on PATH or the program
that ``--dir`` names, or Go, which builds it once at the commit of ``tests/conformance/h2spec.toml``. That lists the cases that do not pass and why; it is an
error if another does not, if a listed one does, or if fewer have run than there are.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
LIST = ROOT / "tests" / "conformance" / "h2spec.toml"
PROGRAM = HERE / "inside" / "h2spec.mjs"
CERTIFICATE = ROOT / "tests" / "py" / "certificates" / "server.pem"
SIDES = ("tls", "plain", "node")
CASE = re.compile(r'<testcase package="([^"]*)" classname="([^"]*)"[^>]*>(.*?)</testcase>', re.DOTALL)


def suite(settings: dict, named: Path | None) -> str:
    """The program of the suite."""
    if named is not None:
        return str(named.resolve())
    if found := shutil.which("h2spec"):
        return found
    folder = ROOT / ".cache" / "conformance" / f"h2spec-{settings['commit'][:12]}"
    if not folder.exists():
        if shutil.which("go") is None:
            raise SystemExit(
                "h2spec is not there, nor Go, which builds it: install one of them, or name the program (--dir)"
            )
        partial = folder.with_suffix(".partial")
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        words = ["go", "install", f"{settings['module']}@{settings['commit']}"]
        subprocess.run(words, check=True, env={**os.environ, "GOBIN": str(partial)})
        # The name comes last, so that what broke is never taken for the suite.
        partial.rename(folder)
    return str(folder / "h2spec")


def outcome(rest: str) -> str:
    """What stands within a case."""
    return "skipped" if rest.strip().startswith("<skipped") else "failed" if rest.strip() else "passed"


def run(program: str, command: str, side: str) -> dict[str, str]:
    """Each case, to what came of it."""
    server = subprocess.Popen([command, str(PROGRAM), side, str(CERTIFICATE)], stdout=subprocess.PIPE, text=True)
    try:
        assert server.stdout
        port = server.stdout.readline().strip()
        with tempfile.TemporaryDirectory(prefix="conformance-h2spec-") as folder:
            report = Path(folder) / "report.xml"
            words = [program, "--strict", "--host", "127.0.0.1", "--port", port, "--junit-report", str(report)]
            subprocess.run(
                words + ([] if side == "plain" else ["--tls", "--insecure"]),
                capture_output=True,
                timeout=600,
                check=False,
            )
            # What a server sent stands there as it came, so that no parser of XML takes it.
            text = report.read_text(encoding="utf-8", errors="replace")
            return {f"{package}: {name}": outcome(rest) for package, name, rest in CASE.findall(text)}
    finally:
        server.terminate()
        server.wait(30)


def main() -> int:
    """Runs what the words say."""
    parser = argparse.ArgumentParser(prog="cargo xtask conformance h2spec")
    parser.add_argument("sides", nargs="*", help=" ".join(SIDES))
    parser.add_argument("--command", required=True)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    if unknown := set(options.sides) - set(SIDES):
        raise SystemExit(f"no such side: {' '.join(sorted(unknown))}")
    settings = tomllib.loads(LIST.read_text(encoding="utf-8"))
    program = suite(settings, options.dir)
    surprises, counts = [], {}
    for side in options.sides or SIDES:
        listed = {
            case: entry["kind"] for entry in settings["fails"] if entry["side"] == side for case in entry["cases"]
        }
        results = run(program, options.command, side)
        for case in {**results, **listed}:
            came, expected = results.get(case, "absent"), listed.get(case, "passed")
            if came != expected:
                surprises.append(f"{side} {case}: {came}, expected {expected}")
        if len(results) < settings["cases"]:
            surprises.append(f"{side}: {len(results)} of {settings['cases']} cases")
        counts[side] = {kind: list(results.values()).count(kind) for kind in ("passed", "failed", "skipped")}
        print(f"{side:8}" + "".join(f"{count:6} {kind}" for kind, count in counts[side].items()), flush=True)
    for surprise in surprises:
        print(f"  {surprise}")
    if options.json:
        options.json.write_text(json.dumps(counts, indent=1))
    return 1 if surprises else 0


if __name__ == "__main__":
    sys.exit(main())
