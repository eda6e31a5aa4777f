"""``python -m twinloop app.py``: run a Python program with Twinloop's loop behind ``asyncio.run``."""

from twinloop._program import main

main()
