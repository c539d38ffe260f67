# SPDX-License-Identifier: BSD-3-Clause
"""Noise on every port of a controller, then a real client must still be answered."""
import faulthandler
import json
import os
import socket
import sys

import ipyparallel
import zmq

faulthandler.dump_traceback_later(30, exit=True)
security = sys.argv[1]
kinds = {
    kind: json.load(open(f"{security}/ipcontroller-{kind}.json")) for kind in ("client", "engine")
}
names = ("registration", "control", "mux", "task", "iopub", "hb_ping", "hb_pong", "broadcast",
         "notification")
ports = set()
for connection in kinds.values():
    for name in names:
        value = connection.get(name, [])
        ports.update(value if isinstance(value, list) else [value])

for port in ports:
    with socket.create_connection(("127.0.0.1", port), timeout=5) as raw:
        try:
            raw.sendall(os.urandom(5000))
        except OSError:
            pass  # it may hang up at once

context = zmq.Context()
delimiter, four = b"<IDS|MSG>", [b"{}"] * 4
messages = [
    [b""], [delimiter], [b"x"] * 3, [delimiter, b"bad"] + four, [b"u", delimiter, b"bad"] + four,
    [delimiter, b""] + four, [delimiter, b"bad"] + [b"\xff" * 100] * 4, [b"e", b"c"],
    [os.urandom(300) for _ in range(20)],
]
for port in ports:
    dealer = context.socket(zmq.DEALER)
    dealer.linger = 500
    dealer.immediate = True
    dealer.connect(f"tcp://127.0.0.1:{port}")
    if not dealer.poll(2000, zmq.POLLOUT):
        dealer.close()  # a port of another kind
        continue
    for message in messages * 20:
        try:
            dealer.send_multipart(message, zmq.DONTWAIT)
        except zmq.Again:
            break
    dealer.close()
context.term()

client = ipyparallel.Client(f"{security}/ipcontroller-client.json", timeout=10)
assert client.ids == []
assert client.queue_status() == {"unassigned": 0}, client.queue_status()
client.close()
