"""OpenCV's JPEG over ZeroMQ's REQ and REP in the form of imagezmq: name and JPEG, and a reply after display.

Only one frame is in transit at a time, so that none waits. The next one leaves a round trip after the last was shown.
"""

import zmq

from jpeg import newest_jpegs, pixels_of
from transport import Inbound

IS_BGR = True


def send(camera, per_second, place):
    """Sends to the receiver until the process ends. The receiver may start later."""
    requests = zmq.Context.instance().socket(zmq.REQ)
    requests.setsockopt(zmq.LINGER, 0)
    requests.connect(f"tcp://127.0.0.1:{place.port}")
    for jpeg in newest_jpegs(camera, per_second):
        requests.send_json({"msg": "camera"}, zmq.SNDMORE)
        requests.send(jpeg, copy=False)
        requests.recv()


class Receiver(Inbound):
    def __init__(self, place):
        self._replies = zmq.Context.instance().socket(zmq.REP)
        self._replies.bind(f"tcp://127.0.0.1:{place.port}")

    def receive(self):
        self._replies.recv_json()
        jpeg = self._replies.recv(copy=False)
        self.bytes += len(jpeg)
        return pixels_of(jpeg.buffer)

    def shown(self):
        self._replies.send(b"OK")
