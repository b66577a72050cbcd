"""Runs ffmpeg as a peer: it reads raw RGBA frames from standard input and writes them to standard output.

For its users, camera and window are inside ffmpeg. A bench that stamps and reads pixels needs a pipe on each side, which
copies a frame into the kernel and out again. The pipes are as large as the system allows, which avoids further costs.
"""

import fcntl
import os
import signal
import subprocess

import numpy

from camera import NewestFrame
from transport import Inbound

IS_BGR = False


def enlarge(pipe):
    """Makes a pipe as large as possible without root, so that there are fewer system calls and both sides wait less for each other."""
    with open("/proc/sys/fs/pipe-max-size", encoding="ascii") as limit:
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, int(limit.read()))


def send(camera, per_second, place):
    """Starts the program and writes frames to it until it ends. SIGTERM to this process ends the program."""
    with subprocess.Popen(place.command, stdin=subprocess.PIPE, bufsize=0) as program:

        def end(*_):
            program.kill()
            os._exit(0)

        signal.signal(signal.SIGTERM, end)
        enlarge(program.stdin)
        newest = NewestFrame(camera, per_second)
        frame = None
        while True:
            frame = newest.take(frame)
            unwritten = memoryview(frame).cast("B")
            while len(unwritten) > 0:
                unwritten = unwritten[os.write(program.stdin.fileno(), unwritten) :]


class Receiver(Inbound):
    """Starts the program and reads its frames into reused memory."""

    def __init__(self, place):
        self._program = subprocess.Popen(place.command, stdout=subprocess.PIPE, bufsize=0)
        enlarge(self._program.stdout)
        self._pixels = numpy.empty((place.height, place.width, 4), numpy.uint8)

    def receive(self):
        unfilled = memoryview(self._pixels).cast("B")
        while len(unfilled) > 0:
            count = self._program.stdout.readinto(unfilled)
            if not count:
                raise EOFError("the program has ended")
            unfilled = unfilled[count:]
        return self._pixels

    def close(self):
        self._program.kill()
        self._program.wait()
