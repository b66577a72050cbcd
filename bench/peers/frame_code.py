"""Draws and reads the frame code of src/capture/pattern/frame-code.ts in numpy arrays of RGBA, RGB or BGR pixels.

    usage: frame_code.py WIDTH HEIGHT CHANNELS    reads one raw frame from standard input and prints its code as JSON
"""

import json
import struct
import sys
import zlib

import numpy

COLUMNS = 32
ROWS = 4
CELLS_ACROSS_PICTURE = 40
WHITE, BLACK = 0xEB, 0x10
GREEN = 1  # the same channel in RGBA, RGB and BGR


class FrameCode:
    """The positions of the cells in pictures of one size."""

    def __init__(self, width, height):
        def edge(index):
            return index * width // CELLS_ACROSS_PICTURE

        self._top = height - edge(ROWS)
        self._right = edge(COLUMNS)
        self._rows = numpy.array([self._top + (edge(row) + edge(row + 1)) // 2 for row in range(ROWS)])[:, None]
        self._columns = numpy.array([(edge(column) + edge(column + 1)) // 2 for column in range(COLUMNS)])
        self._row_heights = [edge(row + 1) - edge(row) for row in range(ROWS)]
        self._column_widths = [edge(column + 1) - edge(column) for column in range(COLUMNS)]

    def draw(self, pixels, number, born_at):
        """Writes a frame number and a time in microseconds into an array of shape (height, width, channels)."""
        payload = struct.pack(">IQ", number, born_at)
        code = payload + struct.pack(">I", zlib.crc32(payload))
        bits = numpy.unpackbits(numpy.frombuffer(code, numpy.uint8)).reshape(ROWS, COLUMNS)
        cells = numpy.where(bits, WHITE, BLACK).astype(numpy.uint8)
        area = cells.repeat(self._column_widths, axis=1).repeat(self._row_heights, axis=0)
        pixels[self._top :, : self._right, :3] = area[:, :, None]

    def read(self, pixels):
        """Returns the frame number and the time, or None if there is no code or it is damaged."""
        code = numpy.packbits(pixels[self._rows, self._columns, GREEN] > 127).tobytes()
        if zlib.crc32(code[:12]) != int.from_bytes(code[12:], "big"):
            return None
        return struct.unpack(">IQ", code[:12])


if __name__ == "__main__":
    size_and_channels = [int(argument) for argument in sys.argv[1:4]]
    frame_width, frame_height, channels = size_and_channels
    raw = numpy.frombuffer(sys.stdin.buffer.read(), numpy.uint8).reshape(frame_height, frame_width, channels)
    print(json.dumps(FrameCode(frame_width, frame_height).read(raw)))
