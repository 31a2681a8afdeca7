import re
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from onnx import TensorProto

from picosam_ros.engines import open_engine
from picosam_ros.engines.base import Capabilities
from picosam_ros.engines.host import HostEngine
from picosam_ros.errors import EngineError, ModelError, PromptError
from picosam_ros.frame import Frame
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.roi import Roi


@pytest.fixture
def engine(tiny_network):
    """Return an open engine whose network says: logits = (red - 128) / 16, on 96×96."""
    with HostEngine(model=tiny_network(), threads=1) as engine:
        yield engine


@pytest.fixture
def frame(photo):
    """Return a photo whose red falls from the middle on: one object, in whatever square."""
    rows, columns = np.mgrid[:120, :160]
    pixels = photo.copy()
    pixels[..., 0] = 255 - 1.5 * abs(columns - 80) - abs(rows - 60)
    return Frame.from_array(pixels)


def disc(width, height, x, y, radius):
    """Return a bright disc on a dark ground, and where it is."""
    rows, columns = np.mgrid[:height, :width]
    inside = (columns - x) ** 2 + (rows - y) ** 2 <= radius**2
    pixels = np.full((height, width, 3), (30, 60, 40), np.uint8)
    pixels[inside] = (230, 190, 60)
    return pixels, inside


def iou(a, b):
    return np.count_nonzero(a & b) / np.count_nonzero(a | b)


# Where the masks sit


@pytest.mark.parametrize(
    ('x', 'y'), [(80, 60), (0, 0), (159, 119), (0, 119), (47, 48), (80.4, 60.6), (-0.5, 7)]
)
def test_a_mask_of_the_networks_size_is_exactly_where_the_network_says(engine, frame, x, y):
    [mask] = engine.segment(frame, [Prompt.from_point(x, y, roi_size=96)])
    left, top = int(np.ceil(x - 48)), int(np.ceil(y - 48))
    rows, columns = np.mgrid[:120, :160]
    seen = (columns >= left) & (columns < left + 96) & (rows >= top) & (rows < top + 96)
    red = frame.pixels[..., 0].astype(np.float32)
    np.testing.assert_array_equal(mask.to_image(), seen & (red > 128))
    np.testing.assert_array_equal(mask.region.logits[:], ((red - 128) / 16)[mask.region.slices])
    assert mask.region.logits.size == np.count_nonzero(seen)


def test_beyond_the_border_the_network_sees_padding(engine, frame):
    [mask] = engine.segment(frame, [Prompt.from_point(0, 0, roi_size=96)])
    assert mask.logits.shape == (96, 96)
    assert mask.logits.dtype == np.float32
    assert mask.logits.flags.c_contiguous
    assert (mask.logits[:48] == (124 - 128) / 16).all()
    assert (mask.logits[:, :48] == (124 - 128) / 16).all()


@pytest.mark.parametrize('roi_size', [40, 95, 150, 240, 479])
@pytest.mark.parametrize(('x', 'y'), [(300, 200), (200, 220), (390, 280)])
def test_a_mask_of_any_roi_size_sits_on_the_edge_that_it_shows(engine, roi_size, x, y):
    pixels = np.zeros((480, 640, 3), np.uint8)
    pixels[y - 10 :, x - 9 :, 0] = 255
    [mask] = engine.segment(Frame.from_array(pixels), [Prompt.from_point(x, y, roi_size=roi_size)])
    edge = max(1.0, roi_size / 96)
    assert mask.box.x0 == pytest.approx(x - 9, abs=edge)
    assert mask.box.y0 == pytest.approx(y - 10, abs=edge)
    assert mask.box.x1 == min(Roi.square(x, y, roi_size).x + roi_size, 640) - 1


def test_a_box_prompt_shows_the_disc_that_it_encloses(engine):
    pixels, inside = disc(640, 480, 400, 300, 90)
    frame = Frame.from_array(pixels)
    [mask] = engine.segment(frame, [Prompt.from_box(Box(310, 210, 490, 390))])
    assert iou(mask.to_image(), inside) > 0.98
    assert mask.roi.width == 218
    assert mask.prompt.object_id == 1
    assert (mask.image_width, mask.image_height) == (640, 480)


def test_the_score_is_the_stability_of_the_logits(engine, frame):
    [mask] = engine.segment(frame, [Prompt.from_point(80, 60, roi_size=96)])
    strict, loose = np.count_nonzero(mask.logits > 1), np.count_nonzero(mask.logits > -1)
    assert mask.score == strict / loose


def test_the_score_is_the_networks_own_rating_where_it_gives_one(tiny_network, frame):
    with HostEngine(model=tiny_network(quality=True)) as engine:
        [mask] = engine.segment(frame, [Prompt.from_point(80, 60, roi_size=96)])
    assert mask.score == pytest.approx(mask.logits.mean())


def searched(engine, monkeypatch):
    """Count the runs of an open engine's network."""
    runs = []
    loaded = engine._network.loaded
    run = loaded.run
    monkeypatch.setattr(loaded, 'run', lambda *given: runs.append(0) or run(*given))
    return runs


def test_a_new_click_is_searched_with_five_runs_and_answered_with_one_after_that(
    engine, frame, monkeypatch
):
    runs = searched(engine, monkeypatch)
    prompt = replace(Prompt.from_point(80, 60), generation=1)
    [first] = engine.segment(frame, [prompt])
    assert 2 <= len(runs) <= 5
    del runs[:]
    [second] = engine.segment(frame, [prompt])
    assert len(runs) == 1
    assert second.roi == first.roi


def test_a_replaced_click_is_searched_again(engine, frame, monkeypatch):
    runs = searched(engine, monkeypatch)
    for generation in (1, 2):
        engine.segment(frame, [replace(Prompt.from_point(80, 60), generation=generation)])
    assert len(runs) > 3


@pytest.mark.parametrize(
    'prompt', [Prompt.from_point(80, 60, roi_size=64), Prompt.from_box(Box(20, 30, 90, 90))]
)
def test_a_prompt_that_tells_its_size_is_not_searched(engine, frame, monkeypatch, prompt):
    runs = searched(engine, monkeypatch)
    engine.segment(frame, [prompt])
    assert len(runs) == 1


def test_the_network_decides_its_own_size(tiny_network, frame):
    with HostEngine(model=tiny_network(('N', 32, 32, 3))) as engine:
        [mask] = engine.segment(frame, [Prompt.from_point(80, 60, roi_size=32)])
    assert mask.logits.shape == (32, 32)
    np.testing.assert_array_equal(mask.region.inside, frame.pixels[44:76, 64:96, 0] > 128)


# Several points of one prompt


@pytest.fixture
def near_engine(tiny_network):
    """Return an engine whose network claims less the farther from the middle a red pixel is."""
    with HostEngine(model=tiny_network(fall=0.125), threads=1) as engine:
        yield engine


def two_discs():
    """Return a red disc around (140, 100) that touches one around (180, 100)."""
    _, first = disc(320, 200, 140, 100, 21)
    _, second = disc(320, 200, 180, 100, 21)
    pixels = np.zeros((200, 320, 3), np.uint8)
    pixels[first | second, 0] = 255
    return Frame.from_array(pixels), first | second


def claim(inside, point):
    """Logits of the network above in a square of 96 around a point, -1 beyond it."""
    rows, columns = np.mgrid[: inside.shape[0], : inside.shape[1]]
    # An even side lies half a pixel to the top left of its point.
    x, y = columns - point.x + 0.5, rows - point.y + 0.5
    logits = np.where(inside, 127, -128) / 16 - np.hypot(x, y) / 8
    return np.where((abs(x) < 48) & (abs(y) < 48), logits, -1)


@pytest.mark.parametrize('swapped', [False, True], ids=['', 'swapped'])
def test_a_negative_point_takes_away_what_the_network_claims_more_for_it(near_engine, swapped):
    frame, inside = two_discs()
    points = Point(140, 100), Point(180, 100, positive=False)
    prompt = Prompt(points[::-1] if swapped else points, roi_size=96)
    [mask] = near_engine.segment(frame, [prompt])
    mine, other = (claim(inside, point) for point in points)
    np.testing.assert_array_equal(mask.to_image(), (mine > 0) & (mine > other))
    assert mask.prompt is prompt


def test_every_positive_point_adds_what_the_network_sees_there(near_engine):
    frame, inside = two_discs()
    points = Point(125, 100), Point(190, 100)
    [mask] = near_engine.segment(frame, [Prompt(points, roi_size=96)])
    first, second = (claim(inside, point) for point in points)
    np.testing.assert_array_equal(mask.to_image(), (first > 0) | (second > 0))


def test_each_further_point_costs_one_run(engine, frame, monkeypatch):
    runs = searched(engine, monkeypatch)
    points = Point(80, 60), Point(90, 60), Point(20, 20, positive=False)
    engine.segment(frame, [Prompt(points, roi_size=48)])
    assert len(runs) == 3
    del runs[:]
    prompt = replace(Prompt(points), generation=1)
    engine.segment(frame, [prompt])
    assert len(runs) <= 5 + 2
    del runs[:]
    engine.segment(frame, [prompt])
    assert len(runs) == 3


def test_no_square_is_smaller_than_the_positive_points_need(engine, frame):
    points = Point(20, 60), Point(120, 60), Point(5, 5, positive=False)
    for size in (0, 48):
        [mask] = engine.segment(frame, [Prompt(points, roi_size=size)])
        assert mask.roi.width >= 100 + 120


# Several prompts in one run


def many_prompts():
    clicks = [
        Prompt.from_point(17 * n % 160, 31 * n % 120, object_id=n, roi_size=24 * n)
        for n in (3, 1, 8)
    ]
    return [*clicks, Prompt.from_box(Box(20, 30, 99, 80), object_id=2), clicks[0]]


def test_several_prompts_in_one_run_are_answered_in_their_order(engine, frame):
    prompts = many_prompts()
    masks = engine.segment(frame, prompts)
    assert len(masks) == 5
    assert [mask.prompt for mask in masks] == prompts
    assert not masks.unanswered


def test_several_prompts_in_one_run_get_the_same_answer_as_each_alone(engine, frame):
    together = engine.segment(frame, many_prompts())
    for mask in together:
        [alone] = engine.segment(frame, [mask.prompt])
        assert alone.roi == mask.roi
        assert alone.logits.tobytes() == mask.logits.tobytes()


def test_a_mask_stays_as_it_is_when_the_engine_goes_on(engine, frame):
    [mask] = engine.segment(frame, [Prompt.from_point(80, 60)])
    before = mask.logits.copy()
    engine.segment(Frame.from_array(255 - frame.pixels), many_prompts())
    np.testing.assert_array_equal(mask.logits, before)


def test_without_prompts_there_is_nothing_to_run(engine, frame):
    segmentation = engine.segment(frame, [])
    assert len(segmentation) == 0
    assert np.isnan(segmentation.timing.inference)


def test_the_stages_of_a_run_are_timed(engine, frame):
    timing = engine.segment(frame, many_prompts()).timing
    assert min(timing.preprocess, timing.inference, timing.decode) > 0
    assert np.isnan(timing.dnn)


# Pixels


def test_the_pixels_of_the_frame_are_never_written(engine, photo):
    before = photo.copy()
    photo.flags.writeable = False
    engine.segment(Frame.from_array(photo), many_prompts())
    np.testing.assert_array_equal(photo, before)


@pytest.mark.parametrize(
    'view',
    [
        lambda pixels: pixels[:, ::-1],
        lambda pixels: pixels[::-1],
        lambda pixels: pixels[..., ::-1],
        lambda pixels: pixels[10:90, 20:140],
        lambda pixels: pixels.transpose(1, 0, 2),
    ],
    ids=['mirrored', 'upside down', 'B, G, R', 'cut out', 'transposed'],
)
def test_a_view_is_segmented_like_its_copy(engine, photo, view):
    pixels = view(photo)
    assert not pixels.flags.c_contiguous
    masks = engine.segment(Frame.from_array(pixels), [Prompt.from_point(51, 60, roi_size=72)])
    copies = engine.segment(
        Frame.from_array(pixels.copy()), [Prompt.from_point(51, 60, roi_size=72)]
    )
    for mask, copy in zip(masks, copies, strict=True):
        np.testing.assert_array_equal(mask.logits, copy.logits)


def test_the_channels_are_red_green_blue(engine):
    pixels = np.zeros((96, 96, 3), np.uint8)
    pixels[:, :32, 0] = pixels[:, 32:64, 1] = pixels[:, 64:, 2] = 255
    [mask] = engine.segment(Frame.from_array(pixels), [Prompt.from_point(48, 48, roi_size=96)])
    assert (mask.box.x0, mask.box.x1) == (0, 31)


# What it cannot do


def test_a_prompt_beyond_the_network_is_refused_with_what_it_takes(engine):
    with pytest.raises(PromptError) as refusal:
        engine.capabilities.check(Prompt((Point(1, 1),), box=Box(0, 0, 9, 9)), 'host')
    assert str(refusal.value) == (
        "engine 'host' does not take a box together with points; "
        'it takes positive points, negative points, boxes'
    )


def test_clicks_and_boxes_are_within_the_network(engine):
    for prompt in many_prompts():
        engine.capabilities.check(prompt, 'host')


def test_an_engine_without_boxes_refuses_a_box():
    points_only = Capabilities(negative_points=True, boxes=False, boxes_with_points=False)
    points_only.check(Prompt((Point(1, 1), Point(2, 2, positive=False))), 'points')
    with pytest.raises(PromptError, match='does not take boxes; it takes positive points, neg'):
        points_only.check(Prompt.from_box(Box(0, 0, 9, 9)), 'points')


# Networks that cannot be used


def refused(model) -> str:
    """Return why the engine does not open, the second time as the first."""
    engine = HostEngine(model=model)
    sentences = set()
    for _ in range(2):
        with pytest.raises(ModelError) as error:
            engine.open()
        sentences.add(str(error.value))
    with pytest.raises(EngineError, match='closed'):
        engine.segment(Frame.from_array(np.zeros((9, 9, 3), np.uint8)), [Prompt.from_point(1, 1)])
    [sentence] = sentences
    assert '\n' not in sentence
    return sentence


def test_a_missing_network_is_refused_with_its_path_and_what_there_is(tmp_path):
    sentence = refused(str(tmp_path / 'gone.onnx'))
    assert sentence.startswith(f'model file {tmp_path / "gone.onnx"} does not exist; ')
    assert DEFAULT_MODEL in sentence
    assert 'the path of an .onnx file' in sentence


@pytest.mark.parametrize('size', [0, 10, -40], ids=['empty', 'ten bytes', 'without its end'])
def test_a_truncated_network_is_refused(tiny_network, tmp_path, size):
    whole = Path(tiny_network()).read_bytes()
    path = tmp_path / 'truncated.onnx'
    path.write_bytes(whole[:size])
    sentence = refused(str(path))
    assert sentence.startswith(f'model file {path} cannot be loaded by ONNX Runtime')
    assert 'truncated: copy or export it again' in sentence


def test_a_file_that_is_no_network_is_refused(tmp_path):
    path = tmp_path / 'notes.onnx'
    path.write_text('buy milk', encoding='utf-8')
    assert refused(str(path)).startswith(f'model file {path} cannot be loaded by ONNX Runtime')


@pytest.mark.parametrize(
    ('options', 'given'),
    [
        (
            {'shape': ('N', 3, 96, 96), 'channel_axis': 1, 'input_type': TensorProto.FLOAT},
            'image float32 N×3×96×96',
        ),
        ({'input_type': TensorProto.INT8}, 'image int8 N×96×96×3'),
        ({'shape': (1, 96, 96, 3)}, 'image uint8 1×96×96×3'),
        ({'shape': ('N', 96, 64, 3)}, 'image uint8 N×96×64×3'),
        ({'shape': ('N', 96, 96, 4)}, 'image uint8 N×96×96×4'),
        ({'shape': ('N', 'H', 'W', 3)}, 'image uint8 N×H×W×3'),
        ({'outputs': 2}, 'logits1 float32'),
    ],
    ids=['float NCHW', 'int8', 'fixed batch', 'not square', 'RGBA', 'any size', 'two outputs'],
)
def test_a_network_with_another_signature_is_refused_with_it(tiny_network, options, given):
    path = tiny_network(**options)
    sentence = refused(path)
    assert sentence.startswith(f'model file {path} has another signature (image ')
    assert given in sentence
    assert 'one uint8 input N×S×S×3 (R, G, B' in sentence
    assert 'the float32 output N×S×S (logits)' in sentence


def test_a_shipped_network_that_was_altered_is_refused(tmp_path, monkeypatch):
    shipped = HostEngine().model
    altered = tmp_path / shipped.path.name
    altered.write_bytes(shipped.path.read_bytes() + b'\0')
    monkeypatch.setattr('picosam_ros.models.FOLDER', tmp_path)
    sentence = refused(DEFAULT_MODEL)
    assert sentence.startswith(f'model file {altered} has the SHA-256 ')
    assert shipped.sha256[:16] in sentence
    assert 'reinstall the package' in sentence


def test_without_onnx_runtime_the_engine_says_how_to_install_it(tiny_network, monkeypatch):
    monkeypatch.setitem(sys.modules, 'onnxruntime', None)
    with pytest.raises(EngineError, match=re.escape('pip install onnxruntime')):
        HostEngine(model=tiny_network()).open()


# Open and closed


def test_a_closed_engine_says_what_to_do_and_opens_again(engine, frame):
    engine.close()
    engine.close()
    with pytest.raises(
        EngineError, match='is closed; call open\\(\\), or use it in a with statement'
    ):
        engine.segment(frame, [Prompt.from_point(1, 1)])
    engine.open()
    network = engine._network
    engine.open()
    assert engine._network is network
    assert len(engine.segment(frame, [Prompt.from_point(1, 1)])) == 1


def test_the_end_of_a_with_statement_closes_the_engine(tiny_network, frame):
    with pytest.raises(ZeroDivisionError), HostEngine(model=tiny_network()) as engine:
        raise ZeroDivisionError
    with pytest.raises(EngineError):
        engine.segment(frame, [])


def test_the_description_names_model_hash_licence_and_threads(tiny_network):
    shipped = HostEngine(threads=3)
    assert shipped.description['model'] == DEFAULT_MODEL
    assert shipped.model.sha256.startswith(shipped.description['sha256'])
    assert shipped.description['licence'] == shipped.model.licence
    assert shipped.description['threads'] == '3'
    assert HostEngine(model=tiny_network()).description['model'] == 'tiny.onnx'


def test_by_default_it_takes_half_of_the_cores_and_at_most_four(monkeypatch):
    for cores, threads in [(None, 1), (1, 1), (2, 1), (4, 2), (8, 4), (64, 4)]:
        monkeypatch.setattr('os.cpu_count', lambda cores=cores: cores)
        assert HostEngine().threads == threads


# What ships


def test_the_shipped_network_finds_a_bright_disc():
    pixels, inside = disc(640, 480, 300, 220, 60)
    with open_engine() as engine:
        [mask] = engine.segment(Frame.from_array(pixels), [Prompt.from_point(300, 220)])
    assert mask.to_image()[220, 300]
    assert iou(mask.to_image(), inside) > 0.7
    assert 0 < mask.score <= 1


def test_the_shipped_network_gives_several_prompts_the_answers_of_each_alone(frame):
    with open_engine() as engine:
        for mask in engine.segment(frame, many_prompts()):
            [alone] = engine.segment(frame, [mask.prompt])
            np.testing.assert_allclose(alone.logits, mask.logits, rtol=0, atol=1e-3)
