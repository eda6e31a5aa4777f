"""yt-dlp's challenge solver: its own scripts, run by ``js.Context`` instead of a process of Node or Deno, on a player that nobody trusts."""

import json
import pathlib

import twinloop
from twinloop import js
from yt_dlp import YoutubeDL
from yt_dlp.extractor.youtube.jsc._builtin.ejs import EJSBaseJCP
from yt_dlp.extractor.youtube.jsc.provider import (
    JsChallengeProviderError,
    JsChallengeRequest,
    JsChallengeType,
    NChallengeInput,
    SigChallengeInput,
    register_provider,
)
from yt_dlp.extractor.youtube.pot._provider import IEContentProviderLogger

PLAYER = pathlib.Path("player.js").read_text()
URL = "https://www.youtube.com/s/player/made-up/base.js"


@register_provider
class TwinloopJCP(EJSBaseJCP):
    """What yt-dlp needs to know of a runtime: that it is there, and how a script's output is had."""

    PROVIDER_NAME = "twinloop"
    PROVIDER_VERSION = "1"
    BUG_REPORT_LOCATION = "nowhere"
    JS_RUNTIME_NAME = "twinloop"
    player = PLAYER
    seconds: float = 60

    def is_available(self) -> bool:
        return True

    def _get_player(self, video_id: str, player_url: str) -> str:
        return self.player  # the network's part

    def _run_js_runtime(self, stdin: str) -> str:
        lines: list[str] = []

        async def run() -> None:
            console = lambda _level, text: lines.append(text)  # noqa: E731
            async with js.Context(memory_limit=64 << 20, time_limit=self.seconds, console=console) as context:
                await context.eval(stdin)

        try:
            twinloop.run(run())
        except (js.JsException, js.ContextTimeoutError, js.ContextMemoryError) as error:
            raise JsChallengeProviderError(f"{type(error).__name__}: {error}") from error
        return "\n".join(lines)


class Quiet(IEContentProviderLogger):
    trace = debug = info = warning = error = lambda self, *_words, **_options: None


def main() -> None:
    with YoutubeDL({"quiet": True, "cachedir": False}) as downloader:
        provider = TwinloopJCP(downloader.get_info_extractor("Youtube"), Quiet(), {})

        def solve(*requests: JsChallengeRequest) -> None:
            try:
                for answer in provider.bulk_solve(list(requests)):
                    if answer.error is None:
                        print(answer.request.type.value, answer.response.output.results)
                    else:
                        print(answer.request.type.value, "refused:", str(answer.error).splitlines()[0])
            except JsChallengeProviderError as error:
                print("no answers:", str(error).splitlines()[0], type(error.__cause__).__name__)

        def n(*challenges: str) -> JsChallengeRequest:
            return JsChallengeRequest(JsChallengeType.N, NChallengeInput(URL, list(challenges)), "video")

        def sig(*challenges: str) -> JsChallengeRequest:
            return JsChallengeRequest(JsChallengeType.SIG, SigChallengeInput(URL, list(challenges)), "video")

        solve(
            n("ZdZIqFPQK-Ty8wId", "eWYu5d5YeY_4LyEDc"),
            sig("gN7a-hudCuAuPH6fByOk1_GNXN0yNMHShjZXS2VOgsEItAJz0tipeav0OmNdYN"),
        )
        # What the player throws is refused for that challenge; what it does without an end, for all.
        solve(n("throw"), sig("ab-c_d%e"))
        solve(n("hoard"))
        provider.seconds = 1
        solve(n("loop"))
        provider.seconds = 60
        # It has nothing of the machine.
        solve(n("escape"))
        provider.player = "var unrelated = 1; (function () { 'use strict'; })();"
        solve(n("abc"))
        provider.player = "no script at all"
        solve(n("abc"))
        provider.player = PLAYER
        solve(n("again"))


async def directly() -> None:
    """The same scripts in one context that is kept, without yt-dlp around them."""
    import yt_dlp_ejs.yt.solver as solver

    async with js.Context(time_limit=60) as context:
        await context.eval(solver.lib())
        await context.eval("Object.assign(globalThis, lib); null")
        await context.eval(solver.core())
        request = {"type": "n", "challenges": [f"challenge{number}" for number in range(200)]}
        work = {"type": "player", "player": PLAYER, "requests": [request], "output_preprocessed": True}
        first = await context.call("jsc", work)
        again = {"type": "preprocessed", "preprocessed_player": first["preprocessed_player"], "requests": [request]}
        second = await context.call("jsc", again)
        answers = first["responses"][0]["data"]
        print(
            len(answers),
            answers["challenge7"],
            second["responses"] == first["responses"],
            len(json.dumps(first)) > 5000,
        )


main()
twinloop.run(directly())
