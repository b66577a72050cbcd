"""OpenCV's JPEG over ZeroMQ, in the two shapes that are in use: request and reply, and publish and subscribe."""

import cv2
import numpy
import zmq

from camera import NewestFrame
from jpeg import JPEG_QUALITY


def encoded(newest):
    """JPEGs of the newest frames, for ever."""
    frame = None
    while True:
        frame = newest.take(frame)
        yield cv2.imencode(".jpg", frame, JPEG_QUALITY)[1]


def pixels_of(jpeg):
    return cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)


class RequestReply:
    """imagezmq's shape: name and JPEG as a request, and after showing a reply; one frame on its way at a time."""

    IS_BGR = True

    @staticmethod
    def send(camera, per_second, port):
        requests = zmq.Context.instance().socket(zmq.REQ)
        requests.setsockopt(zmq.LINGER, 0)
        requests.connect(f"tcp://127.0.0.1:{port}")
        for jpeg in encoded(NewestFrame(camera, per_second)):
            requests.send_json({"msg": "camera"}, zmq.SNDMORE)
            requests.send(jpeg, copy=False)
            requests.recv()

    class Receiver:
        def __init__(self, port):
            self._replies = zmq.Context.instance().socket(zmq.REP)
            self._replies.bind(f"tcp://127.0.0.1:{port}")
            self.bytes = 0

        def receive(self):
            """The next frame's pixels."""
            self._replies.recv_json()
            jpeg = self._replies.recv(copy=False)
            self.bytes += len(jpeg)
            return pixels_of(jpeg.buffer)

        def shown(self):
            """Asks for the next."""
            self._replies.send(b"OK")


class PublishSubscribe:
    """Newest only: one message waits at the sender, one at the receiver, and a newer one replaces that."""

    IS_BGR = True

    @staticmethod
    def send(camera, per_second, port):
        publisher = zmq.Context.instance().socket(zmq.PUB)
        publisher.setsockopt(zmq.SNDHWM, 1)
        publisher.setsockopt(zmq.LINGER, 0)
        publisher.bind(f"tcp://127.0.0.1:{port}")
        for jpeg in encoded(NewestFrame(camera, per_second)):
            publisher.send(jpeg, copy=False)

    class Receiver:
        def __init__(self, port):
            self._subscriber = zmq.Context.instance().socket(zmq.SUB)
            self._subscriber.setsockopt(zmq.CONFLATE, 1)
            self._subscriber.setsockopt(zmq.SUBSCRIBE, b"")
            self._subscriber.connect(f"tcp://127.0.0.1:{port}")
            self.bytes = 0

        def receive(self):
            """The next frame's pixels."""
            jpeg = self._subscriber.recv(copy=False)
            self.bytes += len(jpeg)
            return pixels_of(jpeg.buffer)

        def shown(self):
            """Nothing is said back."""
