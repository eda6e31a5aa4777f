"""``python -m twinloop app.py``: run a Python program with Twinloop's loop behind ``asyncio.run``."""

from _twinloop.program.command import main

# The command `twinloop` imports `main` from here and calls it itself.
if __name__ == "__main__":
    main()
