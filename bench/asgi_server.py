"""One of the servers of ``asgi_app.py``, in one process: prints its port, serves until its standard input ends.

Usage: asgi_server.py twinloop|uvicorn|granian
"""

import pathlib
import socket
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).parent


def command(name, port):
    """How the server is started by hand."""
    if name == "twinloop":
        words = ["twinloop", "serve", "asgi_app:app", "--lifespan", "off"]
    elif name == "uvicorn":
        words = ["uvicorn", "asgi_app:app", "--loop", "uvloop", "--http", "httptools", "--lifespan", "off"]
    else:
        words = ["granian", "--interface", "asginl", "--loop", "uvloop", "--no-access-log", "asgi_app:app"]
        return [sys.executable, "-m", *words, "--port", str(port), "--log-level", "warning"]
    return [sys.executable, "-m", *words, "--port", str(port), "--no-access-log", "--log-level", "warning"]


def main(name):
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    server = subprocess.Popen(command(name, port), cwd=HERE, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        while server.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                break
            except ConnectionRefusedError:
                time.sleep(0.05)
        print(port, flush=True)
        sys.stdin.read()
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main(sys.argv[1])
