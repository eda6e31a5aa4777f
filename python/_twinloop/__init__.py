"""The rooms of the package ``twinloop``, which holds what users import; nothing in here is promised to anybody.

==============  ==================================================================================================
``_native``     the extension module (``python/native``): the hot half of everything below, and the bridge to JavaScript
``crossing``    the cold part of what crosses between the languages
``names``       hosts and ports: what ``getaddrinfo`` answers, and ``--connect-to``
``transports``  sockets, datagrams, pipes, child processes, TLS: what happens once in a connection's life
``loop``        the event loop itself, over asyncio's own, and what shows its tasks
``fetch``       the rare half of ``twinloop.fetch``, ``Session`` and ``WebSocket``; ``EventSource``
``files``       files: ``twinloop.open`` and its neighbours
``pool``        calls that compute, in processes and threads
``serve``       options, lifespan, logs and workers of servers
``program``     ``python -m twinloop`` and the command ``twinloop`` for Python programs
==============  ==================================================================================================

Each may import what stands above it and never what stands below; ``twinloop.js`` stands beside ``program``.
"""
