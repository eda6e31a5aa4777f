"""A tool for a language model: it writes JavaScript, which may call the functions that it was given, within limits, and learns what went wrong."""

import asyncio
import contextvars
import dataclasses
import json
from typing import Any

import twinloop
from twinloop import js

user = contextvars.ContextVar("user", default="nobody")

FACTS = {"Oslo": 717_710, "Lima": 10_092_000, "Kyiv": 2_952_301}


async def population(city: str) -> int:
    """population(city): how many people live there."""
    await asyncio.sleep(0.001)
    try:
        return FACTS[city]
    except KeyError:
        raise LookupError(f"{user.get()} asked for {city}, of which nothing is known") from None


@dataclasses.dataclass
class Sandbox:
    """One conversation's code: what a piece declares the next one sees, until one of them meets a limit."""

    seconds: float = 60
    bytes: int = 32 << 20
    calls: int = 0
    lines: list[str] = dataclasses.field(default_factory=list)
    context: js.Context | None = None

    def start(self) -> js.Context:
        return js.Context(
            memory_limit=self.bytes,
            time_limit=self.seconds,
            globals={"population": self.counted(population), "tools.save": self.save, "user": user.get()},
            modules={"stats": "export const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;"},
            console=lambda level, text: self.lines.append(f"{level}: {text}"),
        )

    def counted(self, tool: Any) -> Any:
        async def call(*values: Any) -> Any:
            self.calls += 1
            if self.calls > 20:
                raise PermissionError("too many calls of tools")
            return await tool(*values)

        return call

    def save(self, name: str, values: Any) -> str:
        return f"{name}: {json.dumps(values)}"

    async def run(self, code: str) -> str:
        """What the model is told."""
        if self.context is None or self.context.closed:
            self.context = self.start()
        try:
            value = await self.context.eval(code)
        except js.ContextTimeoutError:
            return f"error: took more than {self.seconds} s; all that was declared is gone"
        except js.ContextMemoryError:
            return f"error: took more than {self.bytes >> 20} MiB; all that was declared is gone"
        except js.JsException as error:
            return f"error: {error.name}: {error.message.splitlines()[0]}"
        said, self.lines = self.lines, []
        return " | ".join([*said, json.dumps(value, default=str)])


PIECES = [
    "const cities = ['Oslo', 'Lima', 'Kyiv'];\nconst counts = await Promise.all(cities.map((city) => population(city))); counts",
    "import { mean } from 'stats';\nconsole.log('of', cities.length);\nMath.round(mean(counts))",
    "await tools.save('largest', { city: cities[counts.indexOf(Math.max(...counts))], by: user, when: new Date(0) })",
    "await tools.save('largest', { city: 'Lima', counts: new Map([['Lima', 1]]) })",
    # What models get wrong.
    "population('Oslo') * 2",
    "await Promise.all(cities.map(population))",
    "await population('Atlantis')",
    "counts.length = ;",
    "countz.length",
    "await population('Atlantis').catch((error) => `${error.name}; ${error instanceof Error}`)",
    "for (let n = 0; n < 100; n++) await population('Oslo')",
    "() => 1",
    # What they may not.
    "import { readFileSync } from 'node:fs'; readFileSync('/etc/passwd', 'utf8')",
    "typeof fetch + typeof process + typeof require + typeof WebAssembly + typeof SharedArrayBuffer",
    "Function('return this')().population === population && (0).constructor.constructor('return typeof process')()",
    "await (await import('node:child_process')).execSync('id')",
    "population.constructor('return process')()",
    "function down() { down(); } down()",
    "const hoard = []; for (;;) hoard.push('x'.repeat(1e5) + hoard.length)",
    "typeof counts",
]

ENDLESS = [
    "while (true) {}",
    "await new Promise(() => {})",
    "/^(a+)+$/.test('a'.repeat(40) + 'b')",
    "setInterval(() => {}, 1); for (;;) await null",
    "'still ' + 'here'",
]


async def main() -> None:
    user.set("ada")
    sandbox = Sandbox()
    impatient = Sandbox(seconds=0.5)
    for each, pieces in (sandbox, PIECES), (impatient, ENDLESS):
        for code in pieces:
            print(code.splitlines()[-1][:70], "\n  ->", await each.run(code))

    # Conversations at once do not see each other, and the host goes on meanwhile.
    async def talk(number: int) -> str:
        other = Sandbox(seconds=1)
        await other.run(f"const mine = {number}")
        if number % 2:
            await other.run("while (true) {}")
        return await other.run("typeof mine === 'undefined' ? 'lost' : mine * 2")

    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    ticking = asyncio.create_task(tick())
    print(await asyncio.gather(*map(talk, range(6))), ticks > 2)
    ticking.cancel()

    # A person who leaves ends the code.
    running = asyncio.create_task(sandbox.run("for (;;) await population('Oslo').catch(() => 0)"))
    await asyncio.sleep(0.05)
    running.cancel()
    try:
        await running
    except asyncio.CancelledError:
        print("cancelled", sandbox.context is not None and sandbox.context.closed)


twinloop.run(main())
