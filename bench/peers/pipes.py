"""Programs that take raw RGBA frames on standard input and give them on standard output: ffmpeg and GStreamer.

Their users have cameras and windows inside of these programs; a bench that stamps and reads pixels needs a pipe on either
side, which costs them two copies of each frame. The pipes are made as large as the system lets us, so that it is not more.
"""

import fcntl
import os
import subprocess

import numpy

from camera import NewestFrame

IS_BGR = False


def enlarge(pipe):
    """As large as one may have it without being root, some frames' worth of system calls less."""
    with open("/proc/sys/fs/pipe-max-size", encoding="ascii") as limit:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, int(limit.read()))


def send(camera, per_second, command):
    """Starts the program and feeds it, until it ends."""
    with subprocess.Popen(command, stdin=subprocess.PIPE, bufsize=0) as program:
        try:
            enlarge(program.stdin)
            newest = NewestFrame(camera, per_second)
            frame = None
            while True:
                frame = newest.take(frame)
                unwritten = memoryview(frame).cast("B")
                while len(unwritten) > 0:
                    unwritten = unwritten[os.write(program.stdin.fileno(), unwritten) :]
        finally:
            program.kill()


class Receiver:
    """Starts the program and reads its frames."""

    def __init__(self, command, width, height):
        self._program = subprocess.Popen(command, stdout=subprocess.PIPE, bufsize=0)
        enlarge(self._program.stdout)
        self._pixels = numpy.empty((height, width, 4), numpy.uint8)
        self.bytes = 0

    def receive(self):
        """The next frame's pixels, in memory that is used again."""
        unfilled = memoryview(self._pixels).cast("B")
        while len(unfilled) > 0:
            count = self._program.stdout.readinto(unfilled)
            if not count:
                raise EOFError("the program has ended")
            unfilled = unfilled[count:]
        return self._pixels

    def shown(self):
        """Nothing is said back."""

    def close(self):
        self._program.kill()
        self._program.wait()
