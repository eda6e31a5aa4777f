"""What is noted on an exception that complains about a JavaScript value: how that becomes a value of Python's.

Code that knows nothing of JavaScript raises it, ``json.dumps`` among others, so the note is added where exceptions end: by
``twinloop.run``, the program and the server. Those that go on to JavaScript say it in their message
(``crates/runtime/src/crossing/errors.rs``). Loaded for the first TypeError.
"""

from __future__ import annotations

import re

_VALUE = re.compile(r"\bJs(?:Array|Bytes|Collection|Function|Iterable|Map|Promise|Proxy|Record|Sized)\b")
_HINT = "value.to_py() copies a JavaScript value to Python's types"
# What JavaScript's `await` takes too: some functions give a value or a Promise of it.
_AWAITED = "await js.Promise.resolve(value) takes what is no Promise too"


def add_hint(error: BaseException) -> None:
    """Note on a TypeError about a JavaScript value what would help."""
    notes = getattr(error, "__notes__", ())
    if not isinstance(error, TypeError) or _HINT in notes or _AWAITED in notes:
        return
    message = str(error)
    if _VALUE.search(message) and "to_py" not in message:
        error.add_note(_AWAITED if "'await' expression" in message else _HINT)
