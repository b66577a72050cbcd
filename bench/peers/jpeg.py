"""OpenCV's JPEGs, for all that send them: quality 75, 4:2:0 (libjpeg's own sampling where none is asked for)."""

import cv2
import numpy

from camera import NewestFrame

PARAMETERS = [cv2.IMWRITE_JPEG_QUALITY, 75]


def newest_jpegs(camera, per_second):
    """JPEGs of the newest frames, as arrays of bytes, for ever."""
    newest = NewestFrame(camera, per_second)
    frame = None
    while True:
        frame = newest.take(frame)
        yield cv2.imencode(".jpg", frame, PARAMETERS)[1]


def pixels_of(jpeg):
    """Anything with bytes in it, decoded to BGR."""
    return cv2.imdecode(numpy.frombuffer(jpeg, numpy.uint8), cv2.IMREAD_COLOR)
