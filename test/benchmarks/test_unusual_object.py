"""The labels that the trial of fine-tuning learns from and is judged by."""

import json

import cv2
import numpy as np
import pytest

from benchmarks.films.unusual import TRAIN_BACKGROUNDS, VALIDATION_BACKGROUNDS, board, scenes
from benchmarks.finetune_trial import write_labels
from picosam_ros.evaluation.annotations import Annotations

IMAGES, EVERY = 8, 4


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    pytest.importorskip('pycocotools', reason='the data set is written with it')
    folder = tmp_path_factory.mktemp('trial')
    write_labels(folder, IMAGES, EVERY)
    return folder / 'coco'


@pytest.mark.parametrize('split', ['train', 'val'])
def test_every_image_has_a_label_of_its_size(folder, split) -> None:
    with Annotations(folder / 'annotations' / f'instances_{split}.json') as annotations:
        assert len(annotations.images) == annotations.count == 2 * IMAGES // EVERY
        for image in annotations.images.values():
            path = image.find(folder / 'images')
            image.read(path)  # raises where the sizes differ
            [where] = annotations.objects(image)
            assert annotations.read(where).mask().sum() == annotations.read(where).area


def test_no_photo_is_behind_the_object_in_both_parts(folder) -> None:
    assert not set(TRAIN_BACKGROUNDS) & set(VALIDATION_BACKGROUNDS)
    names = {
        split: {
            image['file_name']
            for image in json.loads(
                (folder / 'annotations' / f'instances_{split}.json').read_text()
            )['images']
        }
        for split in ('train', 'val')
    }
    assert not names['train'] & names['val']


def test_what_is_behind_the_object_shows_through_its_holes() -> None:
    cover = board().cover
    holes, *_ = cv2.connectedComponents((cover < 0.5).astype(np.uint8))
    assert holes == 1 + 3  # the object; what is around it, and two holes
    scene = scenes(('gravel',), 0)[0]
    inside = scene.inside(0, IMAGES)
    regions, *_ = cv2.connectedComponents((~inside).astype(np.uint8))
    assert regions >= 1 + 3
