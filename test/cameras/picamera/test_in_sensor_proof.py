"""Ten thousand changes of prompts on a sensor that lags and leaves tensors out: no wrong mask.

Camera, engine and segmenter run as in the node; what each picture and tensor really was, the
simulated sensor tells beside them.
"""

from dataclasses import dataclass, field

import numpy as np
import pytest
from helpers.simulated import Bench

from picosam_ros import Prompt, Segmenter
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.roi import Roi

CHANGES = 2000
LAGS = (0, 1, 2, 3, 4)
# From the end of the readout to the frame: so ROIs are placed at different moments of a frame, and
# one frame or several are on their way then.
ISP_MS = (1.0, 12.0, 25.0, 40.0, 60.0)

WIDTH, HEIGHT = SIZE = 160, 120
# Sensor pixels of an image pixel; the picture shows the middle 4052 columns.
SCALE = HEIGHT / 3040
LEFT = 2


@dataclass
class Ledger:
    """What the test itself knows of prompts, and what it found."""

    prompts: dict = field(default_factory=dict)
    changes: int = 0
    answers: int = 0
    objects: set = field(default_factory=set)
    wrong: list = field(default_factory=list)


class Interrupted(InSensorEngine):
    """Prompts change while it works, as they do from the threads of subscribers."""

    interrupt = staticmethod(lambda: None)

    def segment_frame(self, frame, prompts):
        made = super().segment_frame(frame, prompts)
        self.interrupt()
        return made


def proof(monkeypatch, lag, settle_frames, changes):
    """Change prompts at random and compare every mask with what really happened."""
    faults = f'roi_lag={lag},missing=0.1'
    settings = {'input_size': (8, 8), 'network': coordinates, 'isp_ms': ISP_MS[lag]}
    bench = Bench(
        monkeypatch, faults, size=SIZE, settings=settings, roi_settle_frames=settle_frames
    )
    bench.open()
    engine = Interrupted(sensor=bench.camera)
    segmenter = Segmenter(engine)
    segmenter.step(bench.step())
    random, ledger = np.random.default_rng(lag), Ledger()
    engine.interrupt = lambda: random.random() < 0.1 and change(segmenter, ledger, random)
    while ledger.changes < changes:
        # Long enough for an answer or two, or not; several changes at once, too.
        for _ in range(random.choice((1, 1, 1, 2, 3))):
            change(segmenter, ledger, random)
        for _ in range(random.choice((1, 1, 2, lag + 2, 2 * lag + 4))):
            frame = bench.step()
            truth = bench.requests.pop().truth
            bench.requests.clear()
            result = segmenter.step(frame)
            offset_ns = bench.clock.wall_ns() - bench.clock.now_ns()
            for mask in result.masks:
                ledger.answers += 1
                ledger.objects.add(mask.prompt.object_id)
                ledger.wrong += judge(mask, result.frame, truth, offset_ns, ledger.prompts)
    bench.camera.close()
    return ledger


def coordinates(pixels):
    """Hand on what the network saw: no two places, and no two pictures, look alike."""
    code = np.array([1, 256, 65536], np.float32)
    return (pixels.astype(np.float32) @ code).astype(np.float32)


def change(segmenter, ledger, random):
    """Add, replace or remove one of three objects."""
    ledger.changes += 1
    object_id = int(random.integers(1, 4))
    if object_id in ledger.prompts and random.random() < 0.2:
        segmenter.prompts.remove(object_id)
        del ledger.prompts[object_id]
        return
    x, y = (int(random.integers(0, side)) for side in (WIDTH, HEIGHT))
    side = int(random.integers(16, 60))
    answer = segmenter.prompts.put(Prompt.from_point(x, y, object_id=object_id, roi_size=side))
    ledger.prompts[object_id] = answer.generation, (x, y, side)


def judge(mask, frame, truth, offset_ns, prompts):
    """Give what is wrong with a mask, in a word each."""
    tensor = truth.tensor
    if tensor is None:
        return ['a mask where the sensor gave no tensor']
    wrong = []
    if abs(frame.stamp_ns - truth.exposed_ns - offset_ns) > 1000 or tensor.frame != truth.frame:
        wrong.append('frame')
    if not np.array_equal(mask.logits, tensor.logits):
        wrong.append('logits')
    generation, (x, y, side) = prompts.get(mask.prompt.object_id, (0, (0, 0, 0)))
    if mask.prompt.generation != generation:
        wrong.append('generation')
    point = mask.prompt.points[0]
    if (point.x, point.y, mask.prompt.roi_size) != (x, y, side):
        wrong.append('prompt')
    seen = on_image(tensor.roi)
    if not near(seen, mask.roi, 1e-6) or not near(seen, expected(x, y, side), 0.5):
        wrong.append('roi')
    return wrong


def on_image(roi):
    """Map a rectangle of the sensor to the image: edges to edges."""
    return Roi(
        (roi.x - LEFT) * WIDTH / 4052, roi.y * SCALE, roi.width * WIDTH / 4052, roi.height * SCALE
    )


def expected(x, y, side):
    """The square around a click, moved inside of the sensor."""
    roi = Roi.square(x, y, side)
    left, right = -LEFT * WIDTH / 4052, WIDTH + LEFT * WIDTH / 4052
    return Roi(min(max(roi.x, left), right - side), min(max(roi.y, 0), HEIGHT - side), side, side)


def near(a, b, tolerance):
    pairs = zip(vars(a).values(), vars(b).values(), strict=True)
    return all(abs(one - other) <= tolerance for one, other in pairs)


@pytest.mark.parametrize('lag', LAGS)
def test_no_mask_has_the_wrong_prompt_generation_roi_or_frame(monkeypatch, lag):
    ledger = proof(monkeypatch, lag, settle_frames=lag, changes=CHANGES)
    assert ledger.changes >= CHANGES
    assert ledger.wrong == []
    assert ledger.answers > CHANGES / 20
    assert ledger.objects == {1, 2, 3}


@pytest.mark.parametrize('lag', LAGS[1:])
def test_one_settling_frame_too_few_is_found_out(monkeypatch, lag):
    ledger = proof(monkeypatch, lag, settle_frames=lag - 1, changes=CHANGES // 10)
    assert 'roi' in ledger.wrong
