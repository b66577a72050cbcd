"""GStreamer inside the process, as in applications: frames enter by appsrc and leave by appsink, without pipes.

JPEGs go over TCP without a container: jpegdec finds their ends itself, and multipartmux with multipartdemux improved no
figure. The receiver decodes every frame before it drops any, so that nothing waits in the connection. Chroma is averaged
and repeated by the simplest method, which is the fastest.
"""

import gi
import numpy

gi.require_version("Gst", "1.0")
gi.require_version("GstApp", "1.0")
from gi.repository import Gst, GstApp  # noqa: E402, F401 (GstApp gives appsrc and appsink their methods)

from camera import beats  # noqa: E402
from transport import Inbound  # noqa: E402

IS_BGR = False
CONVERT = "videoconvert chroma-mode=none dither=none"
PATIENCE = 10 * Gst.SECOND
Gst.init(None)


def start(*elements):
    """A running pipeline and its element named frames."""
    pipeline = Gst.parse_launch(" ! ".join(elements))
    pipeline.set_state(Gst.State.PLAYING)
    return pipeline, pipeline.get_by_name("frames")


def pool_of(caps, frame_bytes):
    """Yields frames in reused memory."""
    pool = Gst.BufferPool.new()
    config = pool.get_config()
    Gst.BufferPool.config_set_params(config, Gst.Caps.from_string(caps), frame_bytes, 4, 0)
    pool.set_config(config)
    pool.set_active(True)
    return pool


def send(camera, per_second, place):
    """Serves every connection, until the process ends. The camera writes into GStreamer's memory, as v4l2src does."""
    port, width, height, _ = place
    caps = f"video/x-raw,format=RGBA,width={width},height={height},framerate=30/1"
    when_full = "block=true" if per_second == 0 else "leaky-type=downstream"
    _pipeline, source = start(
        f"appsrc name=frames format=time is-live=true max-buffers=1 {when_full} caps={caps}",
        CONVERT,
        "video/x-raw,format=I420",
        "jpegenc quality=75",
        f"tcpserversink host=127.0.0.1 port={port} sync=false buffers-soft-max=2 recover-policy=latest",
    )
    pool = pool_of(caps, width * height * 4)
    for _ in beats(per_second):
        buffer = pool.acquire_buffer(None)[1]
        with buffer.map(Gst.MapFlags.WRITE) as memory:
            camera.capture(numpy.frombuffer(memory.data, numpy.uint8).reshape(height, width, 4))
        source.push_buffer(buffer)


class Receiver(Inbound):
    def __init__(self, place):
        port, width, height, _ = place
        self._shape = (height, width, 4)
        self._pipeline, self._sink = start(
            f"tcpclientsrc host=127.0.0.1 port={port}",
            f"image/jpeg,width={width},height={height},framerate=30/1",
            "jpegdec",
            CONVERT,
            "video/x-raw,format=RGBA",
            "appsink name=frames sync=false max-buffers=1 drop=true",
        )
        self._mapped = None

    def receive(self):
        """Returns pixels that stay in GStreamer's memory until the next call."""
        if self._mapped is not None:
            self._mapped.__exit__(None, None, None)
        sample = self._sink.try_pull_sample(PATIENCE)
        if sample is None:
            raise EOFError("no frame comes out of the pipeline")
        self._mapped = sample.get_buffer().map(Gst.MapFlags.READ)
        return numpy.frombuffer(self._mapped.__enter__().data, numpy.uint8).reshape(self._shape)

    def close(self):
        self._pipeline.set_state(Gst.State.NULL)
