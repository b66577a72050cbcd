"""Sends stamped footage through one of the transports until it gets SIGTERM.

    usage: sender.py TRANSPORT PORT FILE WIDTH HEIGHT FPS [COMMAND...]    FPS 0: without pause
"""

import sys

import transport
from camera import Camera

name, port, path, width, height, fps, *command = sys.argv[1:]
way = transport.load(name)
# The transport is loaded before the sender listens, so a sender that listens is ready.
camera = Camera(path, int(width), int(height), way.IS_BGR)
try:
    way.send(camera, float(fps), transport.Place(int(port), int(width), int(height), command))
except (BrokenPipeError, ConnectionResetError):
    pass  # the receiver has seen enough
