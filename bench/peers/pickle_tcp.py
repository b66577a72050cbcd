"""The method of many tutorials: uncompressed frames by pickle over TCP, each after its length, read 4 KiB at a time.

Follows the description in those tutorials: one loop reads the camera and sends, `pickle.dumps`, a length in
struct's format "Q", `sendall`; the other side appends `recv(4096)` to a bytes object until the frame is complete.
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
    """Sends to the first connection until it ends."""
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
