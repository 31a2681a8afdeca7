import math

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.rig import BACKGROUND, HEIGHT, WIDTH, array_of, disc, picture, values_of

from picosam_ros.latency import STAGES
from picosam_ros.msg import PromptStatus
from picosam_ros.ros.messages import from_time

CENTRE = (150, 100)


def test_everything_carries_the_header_of_its_image(rig):
    rig.point(*CENTRE)
    for _ in range(3):
        image = rig.image(picture(CENTRE))
        result = rig.show(image)
        for topic, message in vars(result).items():
            assert message.header == image.header, topic
        assert (result.masks.image_width, result.masks.image_height) == (WIDTH, HEIGHT)
        for message, encoding in (
            (result.label_mask, 'mono8'),
            (result.confidence, 'mono8'),
            (result.overlay, 'rgb8'),
        ):
            assert (message.width, message.height) == (WIDTH, HEIGHT)
            assert message.encoding == encoding


def test_at_the_networks_size_labels_and_confidence_are_its_answer_pixel_by_pixel(rig):
    assert rig.set(CENTRE, object_id=200, roi_size=96).state == PromptStatus.ACCEPTED
    result = rig.show(picture(CENTRE))
    [mask] = result.masks.masks
    roi = mask.roi
    assert (roi.x, roi.y, roi.width, roi.height) == (CENTRE[0] - 48, CENTRE[1] - 48, 96, 96)
    assert (mask.width, mask.height) == (96, 96)
    probability = np.reshape(mask.probability, (96, 96))
    seen = np.s_[int(roi.y) : int(roi.y) + 96, int(roi.x) : int(roi.x) + 96]
    expected = np.where(disc(CENTRE), 200, 0)
    assert np.array_equal(result.labels, expected)
    assert np.array_equal(probability >= 128, expected[seen] > 0)
    confidence = array_of(result.confidence)
    assert np.array_equal(confidence > 0, expected > 0)
    assert np.array_equal(confidence[seen], np.where(probability >= 128, probability, 0))


@pytest.mark.parametrize('roi_size', [0, 64, 150])
def test_the_fields_of_a_mask_agree_with_its_labels(rig, roi_size):
    rig.set((CENTRE[0] + 9, CENTRE[1] - 5), object_id=3, roi_size=roi_size)
    result = rig.show(picture(CENTRE))
    [mask] = result.masks.masks
    rows, columns = np.nonzero(result.labels == 3)
    assert mask.area == len(rows)
    assert not mask.empty
    assert mask.engine == 'host'
    box = mask.box
    assert (box.x0, box.y0) == (columns.min(), rows.min())
    assert (box.x1, box.y1) == (columns.max(), rows.max())
    assert mask.centroid_x == pytest.approx(columns.mean())
    assert mask.centroid_y == pytest.approx(rows.mean())
    wrong = np.count_nonzero((result.labels == 3) != disc(CENTRE))
    assert wrong <= 0.06 * mask.area
    # The labels are the probability resampled onto the ROI, but for rounding at the rim.
    side, half = int(mask.roi.width), np.reshape(mask.probability, (96, 96)).astype(np.float32)
    pasted = cv2.resize(half, (side, side)) >= 127.5
    x, y = int(mask.roi.x), int(mask.roi.y)
    assert np.mean(pasted != (result.labels[y : y + side, x : x + side] == 3)) < 0.02


def test_two_objects_have_labels_of_their_own(rig):
    left, right = (60, 120), (260, 120)
    pixels = np.where(disc(right)[..., None], picture(right), picture(left))
    rig.set(left, object_id=5)
    rig.set(right, object_id=9)
    result = rig.show(pixels)
    assert [mask.object_id for mask in result.masks.masks] == [5, 9]
    for centre, label in ((left, 5), (right, 9)):
        assert np.mean((result.labels == label) == disc(centre)) > 0.999
    assert result.latency.prompts == 2


def test_without_prompts_there_are_no_masks_but_there_is_an_answer(rig):
    result = rig.show(picture(CENTRE))
    assert len(result.masks.masks) == len(result.masks.unanswered) == 0
    assert not result.labels.any()
    assert not array_of(result.confidence).any()
    assert result.latency.prompts == 0
    assert math.isnan(result.latency.inference)


def test_an_object_that_is_not_there_is_an_empty_mask(rig):
    rig.point(*CENTRE)
    result = rig.show(picture((300, 220), radius=10))
    [mask] = result.masks.masks
    assert mask.empty
    assert mask.area == 0
    assert not result.labels.any()


def test_the_overlay_is_the_image_outside_of_objects_and_labels(rig):
    without = array_of(rig.show(picture(CENTRE)).overlay)
    # The latency stands in the bottom left corner.
    clear = np.s_[: HEIGHT - 30]
    assert np.array_equal(without[clear], picture(CENTRE)[clear])
    assert not np.array_equal(without, picture(CENTRE))
    rig.point(*CENTRE)
    marked = array_of(rig.show(picture(CENTRE)).overlay)
    assert not np.array_equal(marked[disc(CENTRE)], without[disc(CENTRE)])
    assert tuple(marked[-1, -1]) == BACKGROUND


def test_masks_belong_to_the_image_whose_header_they_carry(rig):
    # The disc is where the number of the image says, and the ROI sees the whole picture.
    rig.set((WIDTH // 2, HEIGHT // 2), roi_size=2 * WIDTH)
    rig.show(picture(CENTRE))
    rig.inboxes['masks'].clear()
    images = [rig.image(picture((40 + 8 * number, 120), radius=25)) for number in range(30)]
    for image in images:
        rig.images.publish(image)
        rig.serve()
    rig.result(images[-1].header)
    where = {(i.header.stamp.sec, i.header.stamp.nanosec): 40 + 8 * n for n, i in enumerate(images)}
    assert rig.inboxes['masks']
    for message in rig.inboxes['masks']:
        stamp = message.header.stamp
        assert message.masks[0].centroid_x == pytest.approx(where[stamp.sec, stamp.nanosec], abs=2)


def test_the_stages_of_the_latency_add_up_to_the_total_which_fits_into_the_images_age(rig):
    rig.point(*CENTRE)
    before = rig.show(picture(CENTRE)).latency
    image = rig.image(picture(CENTRE))
    latency = rig.show(image).latency
    age_ms = 1e-6 * (rig.node.get_clock().now().nanoseconds - from_time(image.header.stamp))
    assert latency.frames == before.frames + 1
    assert latency.dropped == before.dropped
    on_the_host = ('receive', 'queue', 'preprocess', 'inference', 'decode', 'publish', 'other')
    stages = [getattr(latency, stage) for stage in on_the_host]
    assert all(stage > -0.1 for stage in stages)
    assert sum(stages) == pytest.approx(latency.total, abs=0.01)
    assert latency.total <= age_ms
    in_the_sensor = set(STAGES) - {*on_the_host, 'total'}
    assert all(math.isnan(getattr(latency, stage)) for stage in in_the_sensor)


def test_the_diagnostics_show_engine_and_figures_and_what_to_do(rig):
    rig.show(picture(CENTRE))
    idle = rig.component('segmentation', lambda status: 'no prompt' in status.message)
    assert idle.message == 'no prompt: send one to prompt_point'
    assert idle.hardware_id
    rig.point(*CENTRE)
    rig.show(picture(CENTRE))
    inference = 'inference p50/p95/p99 ms'
    status = rig.component(
        'segmentation', lambda s: 'object' in s.message and inference in values_of(s)
    )
    assert (status.level, status.message) == (DiagnosticStatus.OK, '1 objects')
    values = values_of(status)
    assert (values['engine'], values['threads'], values['objects']) == ('host', '1', '1')
    assert float(values[inference].split(' / ')[0]) > 0
    with rig.showing():
        status = rig.component('input', lambda s: s.level == DiagnosticStatus.OK)
    assert int(values_of(status)['results']) >= 2
