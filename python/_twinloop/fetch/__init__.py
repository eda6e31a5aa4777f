"""Fetching over HTTP from Python: the rare half of ``twinloop.fetch``; what happens with each request is native (``crates/py/src/fetch``).

``errors`` are the exceptions, which the native half makes by the kind of failure; ``session`` has what a session does besides sending: retries
and hooks; ``uploads`` makes the parts of bodies that are files, iterables or forms.
"""
