"""The event loop: the native core with asyncio's own implementation of everything that is not hot.

``event_loop`` is the class, of which ``waking`` (signals), ``forking`` and ``debugging`` are parts. ``process`` puts it behind
``asyncio.run`` of a whole process, ``tasks`` shows what a process is doing. ``selector`` and ``handles`` are what programs see of
descriptors and callbacks that live in native code. All of it runs on the loop's thread.
"""
