"""Videos that the tests write themselves: frame n has a red square at column 8n."""

import cv2
import numpy as np


def number_of(pixels):
    """Which frame of the video this is, told by where its pixels are red."""
    red = pixels.astype(int)[..., 0] - pixels.astype(int)[..., 2] > 100
    return round(np.nonzero(red)[1].mean() - 7.5) // 8


def write_video(path, *, frames=12, rate=100.0, codec='MJPG'):
    """Write a video of 160×48."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), rate, (160, 48))
    assert writer.isOpened()
    for number in range(frames):
        bgr = np.full((48, 160, 3), 60, np.uint8)
        bgr[16:32, 8 * number : 8 * number + 16] = (0, 0, 255)
        writer.write(bgr)
    writer.release()
    return path
