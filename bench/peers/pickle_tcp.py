"""The tutorial: pickled frames over TCP behind their length, uncompressed, collected in pieces of 4 KiB.

Written from the description that many tutorials share: one loop reads the camera and sends, `pickle.dumps`, a length in
struct's format "Q", `sendall`; the other side appends `recv(4096)` to a bytes object until the frame is whole.
"""

import pickle
import socket
import struct

from camera import beats
from transport import Inbound

IS_BGR = True
LENGTH = struct.calcsize("Q")
PIECE_BYTES = 4096


def send(camera, per_second, place):
    """To the first who connects, until that ends."""
    with socket.create_server(("127.0.0.1", place.port)) as listener:
        connection, _ = listener.accept()
    frame = camera.new_buffer()
    for _ in beats(per_second):
        camera.capture(frame)
        data = pickle.dumps(frame)
        connection.sendall(struct.pack("Q", len(data)) + data)


class Receiver(Inbound):
    def __init__(self, place):
        self._connection = socket.create_connection(("127.0.0.1", place.port))
        self._data = b""

    def receive(self):
        while len(self._data) < LENGTH:
            self._data += self._piece()
        (length,) = struct.unpack("Q", self._data[:LENGTH])
        self._data = self._data[LENGTH:]
        while len(self._data) < length:
            self._data += self._piece()
        frame = pickle.loads(self._data[:length])
        self._data = self._data[length:]
        self.bytes += LENGTH + length
        return frame

    def _piece(self):
        piece = self._connection.recv(PIECE_BYTES)
        if not piece:
            raise EOFError("the sender has hung up")
        return piece
