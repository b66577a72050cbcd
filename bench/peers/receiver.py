"""A receiver that reads the frame code out of decoded pixels and reports what it found, as bench/probe-viewer.ts does.

    usage: receiver.py TRANSPORT PORT WIDTH HEIGHT SECONDS SLOW_MS WARM_UP_SECONDS none|window [COMMAND...]

Prints {"warm":true} so many seconds after the first frame, and measures from then on. In a window the time is taken when
`waitKey` has returned; some toolkits draw only afterwards, which is to their advantage here.
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
    """Not by an exception: in the wrong moment Python ignores one, and waits on."""
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
