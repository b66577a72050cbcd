"""What a transport is, and which there are: a module with `IS_BGR`, `send(camera, per_second, place)` and `Receiver(place)`."""

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

# Where frames go or come from: a TCP port on this machine, their size, and for `piped` the program between.
Place = namedtuple("Place", "port width height command")


def load(name):
    """The module of that transport; only its own packages are needed then."""
    return importlib.import_module(MODULES[name])


class Inbound:
    """What receivers have in common. `receive()` gives the next frame's pixels, or raises EOFError."""

    bytes = 0  # that came for frames so far; stays 0 where only a program knows

    def shown(self):
        """The frame has been looked at."""

    def close(self):
        """Nothing more is wanted."""
