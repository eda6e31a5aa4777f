"""What the tests call in workers, which import it."""

import os
import signal
import threading
import time

import twinloop


def double(value):
    return value * 2


def place():
    return os.getpid(), threading.get_ident()


def count(steps, pause=0.0):
    for step in range(steps):
        time.sleep(pause)
        twinloop.progress(step)
    return steps


def fail(text):
    raise ValueError(text)


class Odd(Exception):
    def __init__(self, first, second):
        super().__init__(f"{first} {second}")


def fail_oddly():
    raise Odd(1, 2)


def stop():
    raise StopIteration


def unpicklable():
    return lambda: None


def die():
    os.kill(os.getpid(), signal.SIGKILL)


def sleep(seconds):
    time.sleep(seconds)
    return seconds


def large(size):
    return b"x" * size
