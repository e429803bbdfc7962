"""Serves many loopback ports from one process: `tls_server.py COUNT CERT KEY`, or `tls_server.py COUNT` to accept and never answer.

Prints the ports in one line, and ends when its standard input does.
"""

import contextlib
import os
import selectors
import socket
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

count = int(sys.argv[1])
context = None
if len(sys.argv) > 2:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(sys.argv[2], sys.argv[3])


def serve(connection):
    with contextlib.suppress(OSError):
        connection.settimeout(5)
        with context.wrap_socket(connection, server_side=True) as tls:
            tls.recv(1)


def ended():
    sys.stdin.read()
    os._exit(0)


threading.Thread(target=ended, daemon=True).start()
selector = selectors.DefaultSelector()
listeners = [socket.create_server(("127.0.0.1", 0), backlog=64) for _ in range(count)]
for listener in listeners:
    selector.register(listener, selectors.EVENT_READ)
print(*(listener.getsockname()[1] for listener in listeners), flush=True)
held = []
with ThreadPoolExecutor(32) as pool:
    while True:
        for ready, _ in selector.select():
            connection, _ = ready.fileobj.accept()
            if context:
                pool.submit(serve, connection)
            else:
                held.append(connection)
