"""What all of OpenCV's JPEGs here have in common: quality 75, 4:2:0 (libjpeg's own sampling where none is asked for)."""

import cv2

JPEG_QUALITY = [cv2.IMWRITE_JPEG_QUALITY, 75]
