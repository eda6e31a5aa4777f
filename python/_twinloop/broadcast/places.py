"""Where broadcast channels reach that are told nothing."""

from __future__ import annotations

import os
import secrets

#: The url of such channels.
_URL = "TWINLOOP_BROADCAST"

#: What processes have in common that were started together, by ``twinloop serve --workers``.
_GROUP = "TWINLOOP_BROADCAST_GROUP"


def new_group() -> dict[str, str]:
    """The variables of processes that are to hear each other."""
    return {_GROUP: os.environ.get(_GROUP) or secrets.token_hex(8)}


def usual_url() -> str:
    """The url for a channel that has none."""
    url = os.environ.get(_URL)
    if url:
        return url
    group = os.environ.get(_GROUP)
    return f"local:group {group}" if group else f"local:process {os.getpid()}"
