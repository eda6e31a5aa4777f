"""zod validates Python's dicts: as they are, with refinements and transforms in Python, also async ones."""

import asyncio
import dataclasses
import datetime
import json
import re

import twinloop
from twinloop import js
from twinloop.js.modules import zod

z = zod.z

Person = z.object(
    {
        "name": z.string().min(2),
        "mail": z.email(),
        "age": z.number().int().min(0).optional(),
        "tags": z.array(z.string()).max(3).default([]),
        "address": z.object(
            {"city": z.string(), "zip": z.string().regex(js.RegExp.new(r"^\d{5}$"))}
        ).nullish(),  # None is undefined
    }
)
taken = {"ada@example.org"}


async def is_free(mail: str) -> bool:
    await asyncio.sleep(0.001)
    return mail not in taken


# What zod takes for asynchronous is a Promise and no other thenable.
promising = js.function("(f) => async (value) => await f(value)")
Registration = Person.extend({"mail": z.email().refine(promising(is_free), {"error": "somebody has this address"})})


def problems(error: js.JsException) -> list[str]:
    return [f"{'.'.join(map(str, issue.path))}: {issue.message}" for issue in error.js_error.issues]


async def main() -> None:
    ada = {"name": "Ada", "mail": "ada@example.org", "age": 36, "address": {"city": "London", "zip": "12345"}}
    person = Person.parse(ada)
    print(person.to_py() == {**ada, "tags": []}, "tags" in ada)
    print(Person.parse({**ada, "age": None, "address": None}).to_py())

    bad = {"name": "A", "mail": "nobody", "age": 1.5, "tags": list("abcd"), "address": {"city": 7, "zip": "1234"}}
    try:
        Person.parse(bad)
    except js.JsException as error:
        print(error.name, *problems(error), sep="\n  ")
    result = Person.safeParse({"name": "Ada"})
    print(result.success, [issue.code for issue in result.error.issues], type(result.error).__name__)
    for odd in ([ada], "Ada", None, 7, datetime.date.today(), {1: 2}):
        print(type(odd).__name__, Person.safeParse(odd).success, end="; ")
    print()

    # Numbers, dates, and what has no place in JSON.
    print(z.bigint().parse(2**64) == 2**64, z.number().safeParse(2**64).success, z.int().safeParse(2**53 - 1).success)
    print(z.date().parse(js.to_js(datetime.datetime(2024, 2, 29, tzinfo=datetime.UTC))).to_py())
    print(z.union([z.number(), z.boolean()]).parse(True), z.literal("a").safeParse("b").success)
    print(
        z.record(z.string(), z.number()).parse({"a": 1, "b": 2.5}).to_py(),
        z.tuple([z.string(), z.int()]).parse(("a", 1)).to_py(),
    )
    print(z.strictObject({"a": z.int()}).safeParse({"a": 1, "b": 2}).error.issues[0].message)

    # Python in the middle of a schema.
    slug = z.string().transform(lambda text, _context: re.sub(r"\W+", "-", text.lower()))
    print(slug.parse("Ünïted Kingdom!"))
    even = z.number().refine(lambda n: n % 2 == 0, {"error": "odd"})
    print(even.parse(4), even.safeParse(3).error.issues[0].message)

    @dataclasses.dataclass
    class Point:
        x: float
        y: float

    point = z.object({"x": z.number(), "y": z.number()}).transform(lambda values, _context: Point(**values))
    print(point.parse({"x": 1, "y": 2.5}), point.parse(Point(3, 4)))

    def broken(text: str, _context: object) -> str:
        raise LookupError(text)

    try:
        z.string().transform(broken).parse("the exception itself")
    except LookupError as error:
        print(repr(error))

    # With a coroutine in it a schema is parsed asynchronously, and only so.
    mail = "grace@example.org"
    print((await Registration.parseAsync({**ada, "mail": mail})).mail)
    try:
        await Registration.parseAsync(ada)
    except js.JsException as error:
        print(*problems(error))
    try:
        Registration.parse(ada)
    except js.JsException as error:
        print(error.js_error.constructor.name)
    found = await asyncio.gather(
        *(Registration.safeParseAsync({**ada, "mail": f"{n}@example.org"}) for n in range(100))
    )
    print(sum(each.success for each in found))

    # A caller that gives up.
    slow = z.string().refine(promising(lambda text: asyncio.sleep(3600, True)))
    try:
        async with asyncio.timeout(0.01):
            await slow.parseAsync("a")
    except TimeoutError:
        print("gave up")

    # The schema for others, as JSON.
    schema = z.toJSONSchema(Person).to_py()
    print(json.dumps(schema["properties"]["age"]), schema["required"])


twinloop.run(main())
