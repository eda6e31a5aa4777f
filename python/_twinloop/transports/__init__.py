"""Transports: the part of a connection that happens once in its life; bytes move in native code (``_native``).

``sockets``, ``datagrams``, ``pipes`` and ``children`` are a kind of descriptor each, ``tls`` stands on ``sockets``; ``accepting`` makes
the connections of servers, ``readers`` the stream readers that are filled natively; ``flow`` and ``failures`` are what they share.
Each is a subclass of asyncio's class, and behaves as asyncio's own transport does. They know the loop as an object only.
"""
