"""Files without a thread for each call: ``twinloop.open``, ``walk``, ``copy``, ``watch`` and temporary files.

``opened`` is an open file, with aiofiles' interface; ``folders`` what is done with paths; ``temporary`` what goes by itself.
"""
