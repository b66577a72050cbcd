"""A receiver that reads the frame code from decoded pixels and reports figures, as bench/probe-viewer.ts does.

    usage: receiver.py TRANSPORT PORT WIDTH HEIGHT SECONDS SLOW_MS WARM_UP_SECONDS none|window [COMMAND...]

Prints {"warm":true} after WARM_UP_SECONDS, counted from the first frame, and starts to measure. In a window the latency ends
when `waitKey` returns. Some toolkits draw later than that, which is to their advantage here.
"""

import json
import os
import signal
import sys
import time

import transport
from camera import now_micros
from findings import Findings
from frame_code import FrameCode

name, port, width, height, seconds, slow_ms, warm_up_seconds, display, *command = sys.argv[1:]
place = transport.Place(int(port), int(width), int(height), command)
code = FrameCode(place.width, place.height)
findings = Findings(float(warm_up_seconds), float(seconds))
if display == "window":
    import cv2
receiver = transport.load(name).Receiver(place)


def give_up(*_):
    """Ends the process without an exception, because at some moments Python ignores an exception and continues to wait."""
    receiver.close()
    print("told to end before all was measured", file=sys.stderr, flush=True)
    os._exit(1)


signal.signal(signal.SIGTERM, give_up)
try:
    while not findings.is_complete:
        pixels = receiver.receive()
        if display == "window":
            cv2.imshow("peer", pixels)
            cv2.waitKey(1)
        if float(slow_ms) > 0:
            time.sleep(float(slow_ms) / 1000)
        at = now_micros()
        receiver.shown()
        findings.add(at, code.read(pixels), receiver.bytes)
finally:
    receiver.close()
print(json.dumps(findings.report()), flush=True)
