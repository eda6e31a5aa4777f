"""A UDP echo server on one event loop; prints its port, ends when stdin closes.

Usage: udp_echo_server.py LOOP
"""

from __future__ import annotations

import asyncio
import sys
import threading

from loops import new_loop


class Echo(asyncio.DatagramProtocol):
    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        self.transport.sendto(data, address)


def main():
    loop = new_loop(sys.argv[1])
    asyncio.set_event_loop(loop)
    opening = loop.create_datagram_endpoint(Echo, local_addr=("127.0.0.1", 0))
    transport, _ = loop.run_until_complete(opening)
    print(transport.get_extra_info("sockname")[1], flush=True)

    def stop_with_stdin():
        sys.stdin.buffer.read()
        loop.call_soon_threadsafe(loop.stop)

    threading.Thread(target=stop_with_stdin, daemon=True).start()
    loop.run_forever()


main()
