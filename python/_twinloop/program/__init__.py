"""Programs on Twinloop's loop: ``command`` is ``python -m twinloop`` and what the command ``twinloop`` starts for a Python program."""
