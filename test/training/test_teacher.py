"""Teachers of both kinds: what they are asked, and how their answers come into the crop."""

import cv2
import numpy as np
import pytest
from helpers.teachers import Sam, brightness

from training.data.crops import Window, centred
from training.data.sample import Sample, in_steps
from training.data.sampling import Prompted
from training.teacher import CropTeacher, PhotoTeacher, open_teacher

SHAPE = (120, 160)


def prompted(point: tuple[int, int], window: Window, radius: int | None = 20) -> Prompted:
    pixels, mask = np.zeros((*SHAPE, 3), np.uint8), np.zeros(SHAPE, np.uint8)
    if radius is None:
        return Prompted(pixels, None, point, window)
    return Prompted(pixels, cv2.circle(mask, point, radius, 1, -1), point, window)


def taught_by(teacher, prompt: Prompted, size: int = 96) -> Sample:
    [sample] = teacher.teach([prompt], [prompt.sample(size)])
    return sample


def test_the_answer_is_cut_out_as_the_crop_is() -> None:
    sample = taught_by(PhotoTeacher(Sam()), prompted((80, 60), centred((80, 60), 96)))
    rows, columns = np.mgrid[:96, :96]
    expected = 20 - np.hypot(columns - 48, rows - 48)
    np.testing.assert_array_equal(sample.logits, np.rint(np.clip(expected, -8, 8) * 8))
    assert sample.confidence == np.float32(0.9)


@pytest.mark.parametrize('size', [96, 128])
def test_it_is_resampled_with_the_window(size) -> None:
    sample = taught_by(PhotoTeacher(Sam()), prompted((80, 60), centred((80, 60), 60)), size)
    assert sample.logits.shape == (size, size)
    answer, truth = sample.logits > 0, sample.mask > 0
    assert (answer & truth).sum() > 0.93 * (answer | truth).sum()


def test_nothing_is_outside_of_the_photo() -> None:
    sample = taught_by(PhotoTeacher(Sam()), prompted((2, 60), centred((2, 60), 96)))
    assert (sample.logits[:, :46] == -64).all()
    assert sample.logits[48, 48] == 64


def test_of_several_answers_the_label_tells_which_was_meant_and_else_the_score() -> None:
    window = centred((80, 60), 96)
    small = taught_by(PhotoTeacher(Sam()), prompted((80, 60), window, radius=10))
    assert small.confidence == np.float32(0.8)
    assert (small.logits > 0).sum() == pytest.approx(small.mask.sum(), rel=0.1)
    unlabelled = taught_by(PhotoTeacher(Sam()), prompted((80, 60), window, radius=None))
    assert unlabelled.confidence == np.float32(0.95)


def test_a_photo_is_looked_at_once_for_a_row_of_prompts() -> None:
    sam, first = Sam(), prompted((80, 60), centred((80, 60), 96))
    other = prompted((50, 50), centred((50, 50), 96))
    row = [first, first._replace(point=(70, 60)), other, other]
    samples = [prompt.sample(96) for prompt in row]
    assert len(list(PhotoTeacher(sam).teach(row, samples))) == 4
    assert sam.photos == 2


def test_a_crop_teacher_sees_the_crops_of_a_batch() -> None:
    prompts = [prompted((80, 60), centred((80, 60), side)) for side in (40, 96)]
    samples = [prompt.sample(96) for prompt in prompts]
    samples = [
        sample._replace(image=np.full_like(sample.image, 100 * number))
        for number, sample in enumerate(samples)
    ]
    first, second = CropTeacher(brightness).teach(prompts, samples)
    assert (first.logits == -64).all()
    assert (second.logits == np.rint((100 / 16 - 8) * 8)).all()
    assert second.confidence == pytest.approx(100 / 255)


def test_logits_are_kept_in_eighths_and_clipped() -> None:
    logits = np.array([-9.0, -8.0, -0.05, 0.0, 0.07, 1.0, 30.0])
    assert in_steps(logits).tolist() == [-64, -64, 0, 0, 1, 8, 64]


def network() -> object:
    return brightness


def test_a_teacher_is_named_by_the_function_that_makes_it(tmp_path) -> None:
    assert isinstance(open_teacher(f'{__name__}:Sam'), PhotoTeacher)
    assert isinstance(open_teacher(f'{__name__}:network'), CropTeacher)
    with pytest.raises(ValueError, match=r'package\.module:function'):
        open_teacher('sam')
    with pytest.raises(ValueError, match='set_image and predict'):
        open_teacher('pathlib:Path', tmp_path)
