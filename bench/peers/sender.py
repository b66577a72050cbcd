"""A sender of stamped footage through one of the transports; runs until it is told to end.

    usage: sender.py TRANSPORT PORT FILE WIDTH HEIGHT FPS [COMMAND...]    FPS 0: without pause; COMMAND for `pipes`
"""

import signal
import socket
import sys

from camera import Camera

signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))

transport, port, path, width, height, fps = sys.argv[1:7]
command = sys.argv[7:]


def open_camera(is_bgr):
    return Camera(path, int(width), int(height), is_bgr)


try:
    if transport == "pipes":
        import pipes

        pipes.send(open_camera(pipes.IS_BGR), float(fps), command)
    elif transport in ("zmq-reqrep", "zmq-pubsub"):
        import zeromq

        shape = zeromq.RequestReply if transport == "zmq-reqrep" else zeromq.PublishSubscribe
        shape.send(open_camera(shape.IS_BGR), float(fps), int(port))
    else:
        if transport == "python-pickle":
            import pickle_tcp as tcp
        else:
            import jpeg_tcp as tcp
        camera = open_camera(tcp.IS_BGR)  # first, so that nobody connects to one who is not ready
        with socket.create_server(("127.0.0.1", int(port))) as listener:
            tcp.send(camera, float(fps), listener)
except (BrokenPipeError, ConnectionResetError):
    pass  # the receiver has seen enough
