import cv2
import numpy as np
import pytest

# Rows and columns of the red square in the picture: 40 wide, 30 high.
SQUARE = (slice(35, 65), slice(50, 90))


@pytest.fixture
def picture(tmp_path):
    """Return the path of a 120×100 PNG, black but for SQUARE: the tiny network finds that."""
    bgr = np.zeros((100, 120, 3), np.uint8)
    bgr[SQUARE] = (0, 0, 255)
    path = tmp_path / 'square.png'
    cv2.imwrite(str(path), bgr)
    return str(path)
