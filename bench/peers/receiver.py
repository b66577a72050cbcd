"""A receiver that reads the frame code out of decoded pixels and reports what it found, as bench/probe-viewer.ts does.

    usage: receiver.py TRANSPORT PORT WIDTH HEIGHT SECONDS SLOW_MS WARM_UP_SECONDS none|window [COMMAND...]

Prints {"warm":true} so many seconds after the first frame, and measures from then on.
"""

import json
import signal
import sys
import time

from camera import now_micros
from findings import Findings
from frame_code import FrameCode

signal.signal(signal.SIGTERM, lambda *_: sys.exit("told to end before all was measured"))

transport, port, width, height, seconds, slow_ms, warm_up_seconds, display = sys.argv[1:9]
command = sys.argv[9:]


def open_receiver():
    if transport == "pipes":
        import pipes

        return pipes.Receiver(command, int(width), int(height))
    if transport == "zmq-reqrep":
        import zeromq

        return zeromq.RequestReply.Receiver(int(port))
    if transport == "zmq-pubsub":
        import zeromq

        return zeromq.PublishSubscribe.Receiver(int(port))
    if transport == "python-pickle":
        import pickle_tcp as tcp
    else:
        import jpeg_tcp as tcp
    return tcp.Receiver(int(port))


code = FrameCode(int(width), int(height))
findings = Findings(float(warm_up_seconds), float(seconds))
receiver = open_receiver()
if display == "window":
    import cv2
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
    if transport == "pipes":
        receiver.close()
print(json.dumps(findings.report()), flush=True)
