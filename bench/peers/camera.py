"""A simulated camera for the senders in Python: stamped frames of raw footage from memory, at a given rate."""

import threading
import time

import numpy

from frame_code import FrameCode


def now_micros():
    """The wall clock, which the receivers on the same machine read too."""
    return time.time_ns() // 1000


def beats(per_second):
    """Yields at the given rate and skips missed beats, as src/core/pace.ts does. With rate 0 it does not pause."""
    started_at = time.monotonic()
    beat = 0
    while True:
        if per_second > 0:
            now = time.monotonic() - started_at
            if now < beat / per_second:
                time.sleep(beat / per_second - now)
        yield
        beat = max(beat + 1, int((time.monotonic() - started_at) * per_second))


class Camera:
    """The frames of a raw RGBA file in an endless loop."""

    def __init__(self, path, width, height, is_bgr):
        self._frames = numpy.fromfile(path, numpy.uint8).reshape(-1, height, width, 4)
        if is_bgr:  # the layout of OpenCV
            import cv2

            self._frames = [cv2.cvtColor(frame, cv2.COLOR_RGBA2BGR) for frame in self._frames]
        self._code = FrameCode(width, height)
        self._number = 0

    def new_buffer(self):
        """Returns memory for one frame."""
        return numpy.empty_like(self._frames[0])

    def capture(self, buffer):
        """Copies the next frame into the buffer, then draws the frame code with the time of completion."""
        numpy.copyto(buffer, self._frames[self._number % len(self._frames)])
        self._number += 1
        self._code.draw(buffer, self._number, now_micros())


class NewestFrame:
    """A capture thread that keeps the newest frame only, as careful programs do, so that no old frame is sent."""

    def __init__(self, camera, per_second):
        self._camera = camera
        self._per_second = per_second
        self._changed = threading.Condition()
        self._newest = None
        self._free = [camera.new_buffer() for _ in range(3)]  # one buffer is filled, one waits, one is sent
        threading.Thread(target=self._run, daemon=True).start()

    def take(self, done_with):
        """Waits for a new frame. `done_with` is the frame taken before, whose memory is reused (None at first)."""
        with self._changed:
            if done_with is not None:
                self._free.append(done_with)
            while self._newest is None:
                self._changed.wait()
            frame, self._newest = self._newest, None
            self._changed.notify()
            return frame

    def _run(self):
        for _ in beats(self._per_second):
            with self._changed:
                while self._per_second == 0 and self._newest is not None:
                    self._changed.wait()  # without a rate the consumer sets the pace
                buffer = self._free.pop()
            self._camera.capture(buffer)
            with self._changed:
                if self._newest is not None:
                    self._free.append(self._newest)
                self._newest = buffer
                self._changed.notify()
