"""The segmenter node as its executable starts it, or with one thing changed.

`--plain-malloc` leaves glibc's malloc alone; `--prebuilt` publishes the first image's masks for
every image, under its header: what remains is the way there, the network and the way back.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

from picosam_ros.engines import Unanswered
from picosam_ros.frame import Frame
from picosam_ros.mask import Mask
from picosam_ros.msg import MaskArray
from picosam_ros.nodes.segmenter import main
from picosam_ros.ros import outputs, transport
from picosam_ros.ros.messages import header_of, to_mask_array

PLAIN_MALLOC, PREBUILT = '--plain-malloc', '--prebuilt'


class Prebuilt:
    """Stands for `to_mask_array`, but fills a message once."""

    def __init__(self) -> None:
        self._message: MaskArray | None = None

    def __call__(
        self, frame: Frame, masks: Sequence[Mask], unanswered: Sequence[Unanswered]
    ) -> MaskArray:
        if self._message is None or not masks:
            self._message = to_mask_array(frame, masks, unanswered) if masks else None
        message = self._message or to_mask_array(frame, masks, unanswered)
        message.header = header_of(frame)
        return message


if __name__ == '__main__':
    if PLAIN_MALLOC in sys.argv:
        sys.argv.remove(PLAIN_MALLOC)
        transport.tune_malloc = lambda: False
    if PREBUILT in sys.argv:
        sys.argv.remove(PREBUILT)
        outputs.to_mask_array = Prebuilt()
    sys.exit(main())
