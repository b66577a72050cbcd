"""OpenCV's JPEG encoder for several senders: quality 75, 4:2:0 (the default sampling of libjpeg)."""

import cv2
import numpy

from camera import NewestFrame

PARAMETERS = [cv2.IMWRITE_JPEG_QUALITY, 75]


def newest_jpegs(camera, per_second):
    """Yields JPEGs of the newest frames as byte arrays, without end."""
    newest = NewestFrame(camera, per_second)
    frame = None
    while True:
        frame = newest.take(frame)
        yield cv2.imencode(".jpg", frame, PARAMETERS)[1]


def pixels_of(jpeg):
    """Decodes a bytes-like object to BGR pixels."""
    return cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
