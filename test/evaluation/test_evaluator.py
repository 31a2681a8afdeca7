import numpy as np
import pytest
from helpers.labelled import rectangle

from picosam_ros.engines import open_engine
from picosam_ros.errors import DatasetError
from picosam_ros.evaluation.annotations import Annotations
from picosam_ros.evaluation.contact_sheet import TILE, draw_contact_sheet
from picosam_ros.evaluation.evaluator import Evaluator
from picosam_ros.evaluation.protocols import PROTOCOLS

# Found exactly by the tiny network: one network pixel per pixel in a crop of 96.
SQUARE = (40, 30, 100, 90)


@pytest.fixture
def evaluated(dataset, tiny_network):
    """Return a function that evaluates the tiny network on the data set."""

    def make(protocol='crop96', limit=None):
        with (
            Annotations(dataset.write()) as annotations,
            open_engine('host', model=tiny_network()) as engine,
        ):
            made = Evaluator(engine, annotations, dataset.folder, protocol)
            made.gone_through = list(made.evaluate(limit))
            return made

    return make


def test_an_engine_that_sees_the_object_scores_one_and_the_trivial_answer_its_share(
    evaluated, dataset
):
    image = dataset.picture(rectangles=[SQUARE])
    dataset.label(image, rectangle(*SQUARE))
    report = evaluated().report()
    assert report['n'] == report['n_medium'] == 1
    assert report['miou'] == report['map'] == report['medium'] == 1.0
    assert report['small'] is None
    assert report['all_foreground']['miou'] == pytest.approx(60 * 60 / 96**2, abs=1e-4)


@pytest.mark.parametrize(
    ('protocol', 'share'),
    [('crop96', 3600 / 96**2), ('full', 3600 / (120 * 160)), ('box', 1.0)],
)
def test_the_trivial_answer_is_that_of_the_protocol(evaluated, dataset, protocol, share):
    image = dataset.picture(rectangles=[SQUARE])
    dataset.label(image, rectangle(*SQUARE))
    [score] = evaluated(protocol).scores
    assert score.all_foreground == pytest.approx(share)


@pytest.mark.parametrize('protocol', PROTOCOLS)
def test_an_engine_that_sees_nothing_scores_nothing(evaluated, dataset, protocol):
    image = dataset.picture()
    dataset.label(image, rectangle(*SQUARE))
    report = evaluated(protocol).report()
    assert report['miou'] == report['map'] == 0.0


def test_the_area_is_the_stated_one_and_else_that_of_the_mask(evaluated, dataset):
    image = dataset.picture(rectangles=[SQUARE])
    dataset.label(image, rectangle(*SQUARE), area=12.5)
    dataset.label(image, rectangle(*SQUARE))
    assert [score.area for score in evaluated().scores] == [12.5, 3600]


def test_a_limit_takes_the_first_objects(evaluated, dataset):
    for name in ('a.png', 'b.png'):
        image = dataset.picture(name, rectangles=[SQUARE])
        dataset.label(image, rectangle(*SQUARE))
        dataset.label(image, rectangle(*SQUARE))
    evaluator = evaluated(limit=3)
    assert evaluator.gone_through == [1, 2, 3]
    assert [score.path.name for score in evaluator.scores] == ['a.png', 'a.png', 'b.png']


def test_what_cannot_be_asked_about_is_counted(evaluated, dataset):
    image, gone = dataset.picture('a.png', rectangles=[SQUARE]), dataset.picture('b.png')
    dataset.label(image, rectangle(*SQUARE))
    dataset.label(image, [[5, 5, 5, 5, 5, 5]])
    dataset.label(gone, rectangle(*SQUARE))
    (dataset.folder / 'b.png').unlink()
    evaluator = evaluated()
    assert len(evaluator.scores) == 1
    assert evaluator.skipped == {'no pixel': 1}
    assert evaluator.missing == 1


def test_a_folder_without_any_of_the_images_is_reported(evaluated, dataset):
    image = dataset.picture('val2017/0001.png')
    dataset.label(image, rectangle(*SQUARE))
    (dataset.folder / 'val2017/0001.png').unlink()
    with pytest.raises(DatasetError, match=r'1 of 1 images are not in .*, for example val2017/0'):
        evaluated()


def test_where_nothing_is_left_to_evaluate_the_first_reason_is_told(evaluated, dataset):
    image = dataset.picture()
    dataset.label(image, {'size': [10, 10], 'counts': [50, 50]})
    with pytest.raises(DatasetError, match='annotation 1: a mask of 10×10 pixels was given'):
        evaluated()


@pytest.mark.parametrize(
    ('segmentation', 'reason'),
    [
        ({'size': [10, 10], 'counts': [50, 50]}, 'a mask of 10×10 pixels was given for an image'),
        ({'size': [10**6, 10**6], 'counts': [10**12]}, 'of 1000000x1000000 pixels were given'),
        ({'size': '120x160', 'counts': [1]}, 'of the size 120x160 were given'),
        ({'size': [120, 160], 'counts': [2**62, 2**62, 2**62, 2**62, 19200]}, 'run lengths cover'),
        ({'size': [120, 160], 'counts': [-1, 19201]}, 'run lengths cover'),
        ({'size': [120, 160], 'counts': [10**30]}, 'hold a number that is no count of pixels'),
        ({'size': [120, 160], 'counts': [19200.5]}, 'neither a text nor a list of whole numbers'),
        ({'size': [120, 160], 'counts': 'ooooooooooooooooo0'}, 'hold a number that is no count'),
        ({'size': [120, 160], 'counts': 'é'}, 'damaged, or not in the COCO format'),
        ({'size': [120, 160], 'counts': 'oo'}, 'damaged, or not in the COCO format'),
        ({'size': [120, 160]}, 'neither a text nor a list of whole numbers'),
        ([[0, 0, 1e9, 0, 1e9, 1e9]], 'a polygon reaches to 1e+09'),
        ([[0, 0, 10**400, 0]], 'in turn and finite'),
        ([[0, 0, float('nan'), 0]], 'in turn and finite'),
        ([['0', '0', '9', '9']], 'in turn and finite'),
        ([5, 5, 9, 9], 'a polygon was given; it takes x and y'),
        ([[0, 0, 9, 0, 9, 9]] * 1001, '1001 polygons were given; allowed are 1000'),
        ([[0, 0, 10**6, 10**6] * 9], 'pixels long; allowed are'),
    ],
)
def test_a_damaged_mask_is_left_out_with_its_id_and_the_others_are_evaluated(
    evaluated, dataset, segmentation, reason
):
    image = dataset.picture(rectangles=[SQUARE])
    dataset.label(image, rectangle(*SQUARE))
    dataset.label(image, segmentation)
    dataset.label(image, rectangle(*SQUARE))
    evaluator = evaluated()
    assert len(evaluator.scores) == 2
    assert evaluator.skipped == {'damaged mask': 1}
    [named] = evaluator.skipped.named
    assert named.what == 'annotation 2'
    assert reason in named.reason


def test_a_damaged_picture_is_left_out_with_all_its_objects(evaluated, dataset):
    for name in ('a.png', 'b.png'):
        image = dataset.picture(name, rectangles=[SQUARE])
        dataset.label(image, rectangle(*SQUARE))
        dataset.label(image, rectangle(*SQUARE))
    (dataset.folder / 'a.png').write_bytes(b'text')
    evaluator = evaluated()
    assert len(evaluator.scores) == 2
    assert evaluator.skipped == {'damaged picture': 2}


@pytest.mark.parametrize('protocol', PROTOCOLS)
@pytest.mark.parametrize('objects', [1, 7])
def test_the_sheet_shows_the_picture_with_truth_and_answer(
    dataset, tiny_network, protocol, objects
):
    image = dataset.picture(rectangles=[SQUARE])
    for _ in range(objects):
        dataset.label(image, rectangle(*SQUARE))
    with (
        Annotations(dataset.write()) as annotations,
        open_engine('host', model=tiny_network()) as engine,
    ):
        evaluator = Evaluator(engine, annotations, dataset.folder, protocol)
        list(evaluator.evaluate())
        sheet = draw_contact_sheet(evaluator, 'a title')
    assert sheet.dtype == np.uint8
    assert sheet.shape[1] >= objects // 3 * TILE
    # Red under translucent sky blue, the colour of an answer; orange, the colour of the truth.
    blended = (np.array((255, 0, 0)) * 0.58 + np.array((86, 180, 233)) * 0.42).astype(np.uint8)
    assert (np.abs(sheet.astype(int) - blended).max(2) < 4).sum() > 3000
    assert (np.abs(sheet.astype(int) - (230, 159, 0)).max(2) < 4).sum() > 50
