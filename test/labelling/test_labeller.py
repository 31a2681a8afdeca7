"""Objects are followed image by image, each as far as it is asked for."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from helpers.square_engine import SquareEngine, picture

from picosam_ros.engines.host import HostEngine
from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.labelling.keys import KeyPrompt, Stretch, stretches
from picosam_ros.labelling.labelled import Label, LabelledImage, from_json, to_json
from picosam_ros.labelling.labeller import Labeller
from picosam_ros.prompt import Prompt
from picosam_ros.sequences.base import SequenceImage


class FadingEngine(SquareEngine):
    """Sees nothing in the images of some stamps."""

    dark = ()

    def mask(self, frame, prompt):
        mask = super().mask(frame, prompt)
        if frame.stamp_ns in self.dark:
            return replace(mask, logits=-np.ones((8, 8), np.float32))
        return mask


def key(x, y, image=0, object_id=1, name='cup'):
    return KeyPrompt(image, Prompt.from_point(x, y, object_id=object_id, roi_size=40), name)


def label(engine, found, numbers):
    labeller = Labeller(engine, found)
    for number in numbers:
        labeller.step(SequenceImage(number, picture(stamp_ns=number), number))
    return labeller.images


def test_each_image_has_a_label_with_the_mask_of_each_object():
    images = label(SquareEngine(), stretches([key(100, 90), key(300, 200, object_id=7)]), range(3))
    assert [image.number for image in images] == [0, 1, 2]
    for image in images:
        assert (image.width, image.height, image.stamp_ns) == (640, 480, image.number)
        assert [(one.object_id, one.name, one.doubt) for one in image.labels] == [
            (1, 'cup', ''),
            (7, 'cup', ''),
        ]
        inside = image.labels[0].to_image(640, 480)
        assert inside.sum() == 40 * 40
        assert inside[90, 100] == 1


def test_an_object_is_labelled_only_in_the_images_of_its_stretch():
    near, far = key(100, 90), key(300, 200, object_id=2)
    images = label(SquareEngine(), [Stretch(near, 0, 2), Stretch(far, 0, None)], range(4))
    assert [[one.object_id for one in image.labels] for image in images] == [[1, 2]] * 2 + [[2]] * 2


def test_backwards_too():
    near, far = key(100, 90, image=3), key(300, 200, image=3, object_id=2)
    images = label(SquareEngine(), [Stretch(near, 2, None), Stretch(far, 0, None)], [3, 2, 1, 0])
    assert [[one.object_id for one in image.labels] for image in images] == [[1, 2]] * 2 + [[2]] * 2


def test_an_object_that_is_not_seen_has_a_label_without_a_mask_and_with_a_doubt():
    engine = FadingEngine()
    engine.dark = (2,)
    images = label(engine, stretches([key(100, 90)]), range(4))
    assert [bool(image.labels[0].counts) for image in images] == [True, True, False, True]
    assert images[2].labels[0].doubt.startswith('not seen: ')


def test_an_object_that_comes_back_late_is_still_followed():
    engine = FadingEngine()
    engine.dark = range(1, 200)
    images = label(engine, stretches([key(100, 90)]), range(202))
    assert images[201].labels[0].counts


def test_a_prompt_that_does_not_fit_its_image_is_refused():
    with pytest.raises(PromptError, match=r'object 1: .* is outside of the image'):
        label(SquareEngine(), stretches([key(900, 90)]), [0])


def test_labels_are_the_same_after_a_way_through_text():
    images = label(SquareEngine(), stretches([key(100, 90, name='Tasse ü')]), range(2))
    assert from_json(to_json(images)) == images


def test_of_two_labels_for_one_object_the_later_counts():
    first, second = Label(2, 'cup', doubt='no'), Label(1, 'box')
    image = LabelledImage(0, 0, 4, 4, (first,)).with_labels([second, first.doubted('')])
    assert image.labels == (second, first.doubted(''))
    assert image.doubts == ()


def test_an_engine_that_labelled_other_objects_with_the_same_ids_answers_as_a_new_one(
    tiny_network,
):
    def follow(engine, x):
        pixels = np.full((240, 320, 3), 20, np.uint8)
        cv2.circle(pixels, (x, 120), 24, (250, 40, 30), -1)
        labeller = Labeller(
            engine, stretches([KeyPrompt(0, Prompt.from_point(x, 120, object_id=1))])
        )
        labeller.step(SequenceImage(0, Frame(pixels), 0))
        return labeller.images

    network = tiny_network()
    with HostEngine(model=network, threads=1) as engine:
        assert follow(engine, 60)[0].labels[0].counts
        second = follow(engine, 250)
    with HostEngine(model=network, threads=1) as engine:
        assert second == follow(engine, 250)
    assert second[0].labels[0].to_image(320, 240)[120, 250] == 1
