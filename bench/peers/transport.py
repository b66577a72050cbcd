"""The transports: each is a module with `IS_BGR`, `send(camera, per_second, place)` and `Receiver(place)`."""

import importlib
from collections import namedtuple

MODULES = {
    "python-pickle": "pickle_tcp",
    "opencv-jpeg": "jpeg_tcp",
    "zmq-reqrep": "zmq_reqrep",
    "zmq-pubsub": "zmq_pubsub",
    "gstreamer": "gstreamer",
    "ffmpeg": "piped",
}

# Where frames go to or come from: a TCP port of this machine, the size of frames, and the command for `piped`.
Place = namedtuple("Place", "port width height command")


def load(name):
    """Imports the module of one transport, so that only its own packages are needed."""
    return importlib.import_module(MODULES[name])


class Inbound:
    """The base class of receivers. `receive()` returns the pixels of the next frame, or raises EOFError."""

    bytes = 0  # the bytes received for frames so far; 0 if only the program knows

    def shown(self):
        """The caller has read the frame."""

    def close(self):
        """Ends the connection."""
