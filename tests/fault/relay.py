#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-3-Clause
"""relay FILE: the ports that a connection file names, once more on 127.0.0.2. A signal USR1 loses
all connections as a firewall does that forgets them: who connected sees the end, the other side
nothing before USR2 comes. Prints "ready", and "lost N"."""
import json
import signal
import socket
import sys
import threading

NAMES = ('registration', 'control', 'mux', 'task', 'hb_ping', 'hb_pong', 'iopub', 'broadcast',
         'notification', 'hub')


class Pair:
    """A connection to us, and ours to the controller."""

    def __init__(self, near, port):
        self.near, self.is_lost = near, False
        self.far = socket.create_connection(('127.0.0.1', port))
        for source, sink in ((self.near, self.far), (self.far, self.near)):
            threading.Thread(target=self.pump, args=(source, sink), daemon=True).start()

    def pump(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            if end is self.near or not self.is_lost:
                shut(end)

    def lose(self):
        self.is_lost = True
        shut(self.near)


def shut(end):
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass  # the other end was quicker


def listen(port, pairs):
    with socket.create_server(('127.0.0.2', port)) as listener:
        while True:
            pairs.append(Pair(listener.accept()[0], port))


def main():
    with open(sys.argv[1], encoding='utf-8') as file:
        content = json.load(file)
    ports = []
    for name in NAMES:
        value = content.get(name, [])
        ports += value if isinstance(value, list) else [value]
    signals = [signal.SIGUSR1, signal.SIGUSR2]
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)
    pairs = []
    for port in ports:
        threading.Thread(target=listen, args=(port, pairs), daemon=True).start()
    print('ready', flush=True)
    while True:
        if signal.sigwait(signals) == signal.SIGUSR2:
            for pair in pairs:
                if pair.is_lost:
                    shut(pair.far)
            continue
        lost = [pair for pair in pairs if not pair.is_lost]
        for pair in lost:
            pair.lose()
        print('lost', len(lost), flush=True)


main()
