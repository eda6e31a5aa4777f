"""Handlebars over dataclasses: templates read Python's objects, helpers are Python's functions, and faults say where they are."""

import dataclasses
import datetime
import decimal
import enum
from collections.abc import Iterator

from twinloop import js
from twinloop.js.modules import handlebars


class Status(enum.Enum):
    PAID = "paid"
    OPEN = "still open"


@dataclasses.dataclass
class Item:
    name: str
    price: decimal.Decimal
    count: int = 1

    @property
    def total(self) -> decimal.Decimal:
        return self.price * self.count


@dataclasses.dataclass
class Customer:
    name: str
    mail: str | None = None


@dataclasses.dataclass
class Invoice:
    number: int
    customer: Customer
    date: datetime.date
    items: list[Item] = dataclasses.field(default_factory=list)
    status: Status = Status.OPEN
    notes: dict[str, str] = dataclasses.field(default_factory=dict)

    def sorted_items(self) -> Iterator[Item]:
        yield from sorted(self.items, key=lambda item: item.name)


TEMPLATE = """\
Invoice {{number}} of {{day date}} for {{customer.name}}{{#if customer.mail}} <{{customer.mail}}>{{/if}}
{{#each items}}
  {{@index}} {{name}}{{#unless (one count)}} x {{count}}{{/unless}}: {{money total}}{{#if @last}} .{{/if}}
{{else}}
  nothing
{{/each}}
{{#each notes}}
  {{@key}}: {{this}}
{{/each}}
{{> state status=status}}
"""


class Templates:
    """Handlebars of its own, with helpers and partials."""

    def __init__(self) -> None:
        self.handlebars = handlebars.create()
        self.handlebars.registerHelper("money", lambda value, *_: f"{value:.2f} €")
        self.handlebars.registerHelper("day", lambda day, *_: f"{day:%d %B %Y}")
        self.handlebars.registerHelper("one", lambda count, *_: count == 1)
        self.handlebars.registerHelper("bold", self.bold)
        self.handlebars.registerPartial("state", "It is {{status.value}}.")

    def bold(self, text: str, *_: object) -> js.JsProxy:
        return self.handlebars.SafeString.new(f"<b>{self.handlebars.escapeExpression(text)}</b>")

    def render(self, source: str, values: object, **options: object) -> str:
        return self.handlebars.compile(source, options)(values, {"allowProtoPropertiesByDefault": True})


def main() -> None:
    templates = Templates()
    invoice = Invoice(7, Customer("Ada & Co"), datetime.date(2024, 2, 29))
    print(templates.render(TEMPLATE, invoice, noEscape=True))
    invoice.items = [Item("tea", decimal.Decimal("2.50"), 3), Item("cake", decimal.Decimal("4"))]
    invoice.customer.mail = "ada@example.org"
    invoice.notes = {"delivery": "by <bike>", "due": "soon"}
    invoice.status = Status.PAID
    print(templates.render(TEMPLATE, invoice))
    print(templates.render("{{#each this}}{{name}} {{/each}}", tuple(invoice.items)))
    print(
        templates.render(
            "{{#with customer}}{{bold name}} {{../number}}{{/with}} {{items.length}} {{items.[1].name}}", invoice
        )
    )
    print(templates.render("{{a}} {{b}} {{c}} {{d}}|", {"a": True, "b": None, "c": 0, "d": 10**20}))

    # Fields are an object's own; what its class has is for who is trusted.
    template = templates.handlebars.compile("{{customer.name}}{{customer.__class__}}{{sorted_items}}{{constructor}}")
    print(template(invoice, {"allowProtoPropertiesByDefault": False, "allowProtoMethodsByDefault": False}))

    def tell(what: str, source: str, values: object = None, **options: object) -> None:
        try:
            print(what, "->", templates.render(source, values, **options))
        except js.JsException as error:
            print(what, "->", type(error).__name__, error.name, error.message.splitlines()[0])
        except Exception as error:
            print(what, "->", repr(error), error.__cause__)

    tell("a template that does not end", "{{#each items}}")
    tell("a helper that is not there", "{{shout name}}", invoice)
    tell("a name that is not there", "{{customer.phone}}", invoice, strict=True)
    tell("a partial that is not there", "{{> footer}}", invoice)
    tell("a helper that fails", "{{day number}}", invoice)
    tell("no template", None)

    class Shy:
        @property
        def name(self) -> str:
            raise PermissionError("not for templates")

    tell("a property that fails", "{{name}}", Shy())


main()
