"""OpenCV's JPEG over TCP, written carefully but briefly: only the newest frame, TCP_NODELAY, large reads, no copies."""

import socket
import struct

from jpeg import newest_jpegs, pixels_of
from transport import Inbound

IS_BGR = True
LENGTH = struct.Struct("!I")


def send(camera, per_second, place):
    """Sends to the first connection until it ends."""
    with socket.create_server(("127.0.0.1", place.port)) as listener:
        connection, _ = listener.accept()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for jpeg in newest_jpegs(camera, per_second):
        connection.send(LENGTH.pack(len(jpeg)), socket.MSG_MORE)  # the length is in one segment with the first bytes of the JPEG
        connection.sendall(jpeg)


class Receiver(Inbound):
    def __init__(self, place):
        self._connection = socket.create_connection(("127.0.0.1", place.port))
        self._connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = memoryview(bytearray(1 << 24))

    def receive(self):
        (length,) = LENGTH.unpack(self._exactly(LENGTH.size))
        self.bytes += LENGTH.size + length
        return pixels_of(self._exactly(length))

    def _exactly(self, length):
        filled = 0
        while filled < length:
            count = self._connection.recv_into(self._buffer[filled:length])
            if count == 0:
                raise EOFError("the sender has hung up")
            filled += count
        return self._buffer[:length]
