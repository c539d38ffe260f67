# SPDX-License-Identifier: BSD-3-Clause
"""What is dropped without a word, on every channel; a good request afterwards shows that."""
from client import DELIMITER

MALFORMED = ([b""], [DELIMITER], [b"x", b"y"], [DELIMITER, b"", b"{}"],
             [DELIMITER, b"", b"{}", b"{}", b"{}"], [DELIMITER, b"", b"{}", b"{}", b"{}", b"{}"],
             [DELIMITER, b"", b"\xff", b"[", b"}", b"\x00"])
BOTH = {"targets": [["engine-0", 0], ["engine-1", 1]], "is_broadcast": True,
        "is_coalescing": False}
# Channel, the engine's name in front, a good request: type, content, metadata, answers, engines.
CHANNELS = (
    ("hub", [], "history_request", {}, {}, 1, 0),
    ("mux", [b"engine-0"], "execute_request", {"code": "", "silent": True}, {}, 1, 1),
    ("control", [b"engine-0"], "execute_request", {"code": "", "silent": True}, {}, 1, 1),
    ("task", [], "execute_request", {"code": "", "silent": True}, {"targets": ["engine-0"]}, 1, 1),
    ("broadcast", [], "execute_request", {"code": "", "silent": True}, BOTH, 2, 2),
)


def refused(client):
    for channel, target, kind, content, metadata, replies, engines in CHANNELS:
        def send(change=lambda frames: None, key=None):
            msg_id, frames = client.frames(kind, content, metadata=metadata, key=key)
            change(frames)
            client.send_frames(channel, target + frames, msg_id)
            return msg_id

        def step(name):
            client.step("%s, over %s" % (name, channel))

        def then():
            client.done(send(), replies=replies, idles=engines)

        step("another key")
        send(key=b"other")
        then()
        step("no signature")
        send(lambda frames: frames.__setitem__(1, b""))
        then()
        step("changed on the way")
        send(lambda frames: frames.__setitem__(5, b'{"code": "1"}'))
        then()
        step("no message")
        for frames in (*MALFORMED, *(target + frames for frames in MALFORMED if target)):
            client.send_frames(channel, frames, client.next_id())
        then()
        if target:
            step("an unknown engine, and none")
            for other in (["nobody"], []):
                msg_id, frames = client.frames(kind, content)
                client.send_frames(channel, [o.encode() for o in other] + frames, msg_id)
            then()
    client.step("the same question to the hub twice")
    msg_id, frames = client.frames("history_request", {})
    client.send_frames("hub", frames, msg_id)
    client.done(msg_id, idles=0)
    client.send_frames("hub", frames, msg_id)
    client.ask("connection_request", {})
    client.step("what the hub has heard of all this")
    client.ask("queue_request", {"targets": None})
    client.ask("db_request", {"query": {"completed": None}, "keys": ["queue", "engine_uuid"]})
