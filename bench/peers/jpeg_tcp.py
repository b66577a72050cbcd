"""OpenCV's JPEG over TCP, as well as one can write it with little: newest frame only, no Nagle, large reads, no copies."""

import socket
import struct

import cv2
import numpy

from camera import NewestFrame
from jpeg import JPEG_QUALITY

IS_BGR = True
LENGTH = struct.Struct("!I")


def send(camera, per_second, listener):
    """Sends to the first who connects, until that ends."""
    connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    newest = NewestFrame(camera, per_second)
    frame = None
    while True:
        frame = newest.take(frame)
        jpeg = cv2.imencode(".jpg", frame, JPEG_QUALITY)[1]
        connection.send(LENGTH.pack(len(jpeg)), socket.MSG_MORE)  # with the JPEG's first bytes in one segment
        connection.sendall(jpeg)


class Receiver:
    def __init__(self, port):
        self._connection = socket.create_connection(("127.0.0.1", port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = bytearray(1 << 24)
        self.bytes = 0

    def receive(self):
        """The next frame's pixels."""
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        self.bytes += LENGTH.size + length
        return cv2.imdecode(numpy.frombuffer(self._exactly(length), numpy.uint8), cv2.IMREAD_COLOR)

    def shown(self):
        """Nothing is said back."""

    def _exactly(self, length):
        view = memoryview(self._buffer)[:length]
        filled = 0
        while filled < length:
            count = self._connection.recv_into(view[filled:])
            if count == 0:
                raise EOFError("the sender has hung up")
            filled += count
        return view
