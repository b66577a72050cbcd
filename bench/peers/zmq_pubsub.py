"""OpenCV's JPEG over ZeroMQ's PUB and SUB: one message waits on each side, and a newer one replaces it."""

import zmq

from jpeg import newest_jpegs, pixels_of
from transport import Inbound

IS_BGR = True


def send(camera, per_second, place):
    """Sends to all subscribers until the process ends."""
    publisher = zmq.Context.instance().socket(zmq.PUB)
    publisher.setsockopt(zmq.LINGER, 0)
    publisher.setsockopt(zmq.SNDHWM, 1)
    publisher.bind(f"tcp://127.0.0.1:{place.port}")
    for jpeg in newest_jpegs(camera, per_second):
        publisher.send(jpeg, copy=False)


class Receiver(Inbound):
    def __init__(self, place):
        self._subscriber = zmq.Context.instance().socket(zmq.SUB)
        self._subscriber.setsockopt(zmq.CONFLATE, 1)
        self._subscriber.setsockopt(zmq.SUBSCRIBE, b"")
        self._subscriber.connect(f"tcp://127.0.0.1:{place.port}")

    def receive(self):
        jpeg = self._subscriber.recv(copy=False)
        self.bytes += len(jpeg)
        return pixels_of(jpeg.buffer)
