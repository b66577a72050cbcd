"""A receiver that reads the frame code out of decoded pixels and reports what it found, as bench/probe-viewer.ts does.

    usage: receiver.py TRANSPORT PORT WIDTH HEIGHT SECONDS SLOW_MS WARM_UP_SECONDS none|window [COMMAND...]

Prints {"warm":true} so many seconds after the first frame, and measures from then on. In a window the time is taken when
`waitKey` has returned; some toolkits draw only afterwards, which is to their advantage here.
"""

import json
import signal
import sys
import time

import transport
from camera import now_micros
from findings import Findings
from frame_code import FrameCode

signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end before all was measured"))

name, port, width, height, seconds, slow_ms, warm_up_seconds, display, *command = sys.argv[1:]
place = transport.Place(int(port), int(width), int(height), command)
code = FrameCode(place.width, place.height)
findings = Findings(float(warm_up_seconds), float(seconds))
if display == "window":
    import cv2
receiver = transport.load(name).Receiver(place)
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
