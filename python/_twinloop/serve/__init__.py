"""Serving HTTP from Python: what ``twinloop.serve`` and the command ``serve`` are made of.

``server`` is a running server, ``settings`` what it may be told, ``applications`` finds and wraps what answers (``wsgi``, ``handlers``),
``lifespan``, ``logs`` and ``forwarding`` are one concern each; ``command`` is the command, ``supervisor`` its workers. What happens with each
request is native (``crates/py/src/serve``).
"""
