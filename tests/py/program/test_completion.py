"""Completion in shells (``packaging/completions``): what they offer is what the command's own help names."""

from __future__ import annotations

import pathlib
import shutil
import subprocess

import pytest
from program_support import built_command

SCRIPTS = pathlib.Path(__file__).parents[3] / "packaging" / "completions"

BASH = """
source {script}
COMP_WORDS=({words})
COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_twinloop
printf '%s\\n' "${{COMPREPLY[@]}}"
"""

OFFERS = [
    ("--env", {"--env-file", "--env-file-if-exists"}),
    ("ser", {"serve", "server.js"}),
    ("serve --ho", {"--host"}),
    ("app", {"app.js"}),
    ("-e 1 ser", {"server.js"}),
]


@pytest.mark.parametrize("words, offered", OFFERS)
@pytest.mark.parametrize("shell", ["bash", "fish"])
def test_a_shell_offers_what_the_help_names(tmp_path: pathlib.Path, shell: str, words: str, offered: set[str]) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    if shell == "fish" and words.startswith("serve"):
        pytest.skip("fish offers the options of the command alone")
    (tmp_path / "twinloop").symlink_to(built_command())
    for name in ("app.js", "server.js"):
        (tmp_path / name).touch()
    code = (
        BASH.format(script=SCRIPTS / "twinloop.bash", words=f"twinloop {words}")
        if shell == "bash"
        else f"source {SCRIPTS / 'twinloop.fish'}; complete -C 'twinloop {words}'"
    )
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin", "HOME": str(tmp_path)}
    done = subprocess.run(
        [shell, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=30, check=True
    )
    assert {line.split("\t")[0] for line in done.stdout.split("\n") if line} == offered


def test_the_completion_of_zsh_can_be_read() -> None:
    if shutil.which("zsh") is None:
        pytest.skip("zsh is not installed")
    subprocess.run(["zsh", "-n", SCRIPTS / "_twinloop"], check=True, timeout=30)
