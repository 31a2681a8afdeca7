"""The segmenter node as its executable starts it, or with one change.

`--plain-malloc` leaves glibc's malloc alone; `--prebuilt` publishes the first image's masks for
every image, under its header: what remains is the way there, the network and the way back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.nodes.segmenter import main
from picosam_ros.results import Unanswered
from picosam_ros.ros import process
from picosam_ros.ros.segmentation import outputs
from picosam_ros.wire.messages import Writer, serialise_masks

PLAIN_MALLOC, PREBUILT = '--plain-malloc', '--prebuilt'


class Prebuilt:
    """Stands for `serialise_masks`, but fills a message once."""

    def __init__(self) -> None:
        self._behind_the_stamp = b''

    def __call__(
        self, frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]
    ) -> bytes:
        stamp = Writer()
        stamp.stamp(frame.stamp_ns)
        begin = stamp.message()
        message = begin + self._behind_the_stamp
        if not self._behind_the_stamp:
            message = serialise_masks(frame, masks, unanswered)
            self._behind_the_stamp = message[len(begin) :] if masks else b''
        return message


if __name__ == '__main__':
    if PLAIN_MALLOC in sys.argv:
        sys.argv.remove(PLAIN_MALLOC)
        process.tune_malloc = lambda: False
    if PREBUILT in sys.argv:
        sys.argv.remove(PREBUILT)
        outputs.serialise_masks = Prebuilt()
    sys.exit(main())
