"""Collects the results of a receiver: latencies, rates and errors, read from the pixels."""

import math


def percentile(ordered, share):
    """The percentile of sorted values by nearest rank."""
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)] if ordered else 0


def milliseconds(micros):
    return round(micros / 1000, 2)


class Findings:
    """Ignores frames before the end of the warm-up, and is complete after the measured seconds."""

    def __init__(self, warm_up_seconds, seconds):
        self._warm_up = warm_up_seconds * 1e6
        self._duration = seconds * 1e6
        self._first_at = None
        self._warm_at = None
        self._bytes_before = 0
        self._bytes = 0
        self._last_number = 0
        self._frames = []  # (time shown, latency)
        self._unreadable = 0
        self._out_of_order = 0
        self.is_complete = False

    def add(self, at, code, byte_count):
        """Adds a frame: the time at which it was shown, its code or None, and the bytes received for frames so far."""
        self._first_at = self._first_at or at
        if self._warm_at is None:
            self._bytes_before = byte_count
            if at - self._first_at >= self._warm_up:
                self._warm_at = at
                print('{"warm":true}', flush=True)
            return
        self._bytes = byte_count
        if code is None:
            self._unreadable += 1
        else:
            number, born_at = code
            if number < self._last_number:
                self._out_of_order += 1
            self._last_number = number
            self._frames.append((at, at - born_at))
        self.is_complete = at - self._warm_at >= self._duration

    def report(self):
        latencies = sorted(latency for _, latency in self._frames)
        first, last = (self._frames[0][0], self._frames[-1][0]) if self._frames else (0, 0)
        last_second = sorted(latency for at, latency in self._frames if at > last - 1e6)
        count = len(self._frames)
        return {
            "frames": count,
            "unreadable": self._unreadable,
            "outOfOrder": self._out_of_order,
            "fps": round((count - 1) * 1e6 / (last - first), 2) if last > first else 0,
            "latencyMs": {
                "p50": milliseconds(percentile(latencies, 0.5)),
                "p95": milliseconds(percentile(latencies, 0.95)),
                "p99": milliseconds(percentile(latencies, 0.99)),
                "max": milliseconds(percentile(latencies, 1)),
            },
            "lastSecondMs": milliseconds(percentile(last_second, 0.5)),
            "bytesPerFrame": round((self._bytes - self._bytes_before) / max(1, count + self._unreadable)),
        }
