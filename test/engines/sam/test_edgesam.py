"""EdgeSAM's engine on small networks with the signatures of the exports, against NumPy."""

import re
from pathlib import Path

import numpy as np
import onnx
import pytest
from helpers import exported
from helpers.installed import need

from picosam_ros.engines import make_engine, open_engine
from picosam_ros.engines.sam.engine import EdgeSamEngine
from picosam_ros.engines.sam.networks import MaskDecoder
from picosam_ros.engines.sam.specs import S_LAB
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.frame import Frame
from picosam_ros.prompt import Box, Point, Prompt
from picosam_ros.segmenter import Segmenter

PROMPTS = {
    'a click': Prompt.from_point(300, 200),
    'a negative point': Prompt((Point(300, 200), Point(400, 230, positive=False))),
    'several points': Prompt((Point(300, 200), Point(360, 220), Point(500, 90, positive=False))),
    'a box': Prompt.from_box(Box(200, 100, 420, 330)),
    'a box with points': Prompt(
        (Point(300, 200), Point(210, 110, positive=False)), Box(200, 100, 420, 330)
    ),
}
TOKENS = {
    'a click': ([(300, 200), (0, 0)], [1, -1]),
    'a negative point': ([(300, 200), (400, 230), (0, 0)], [1, 0, -1]),
    'several points': ([(300, 200), (360, 220), (500, 90), (0, 0)], [1, 1, 0, -1]),
    'a box': ([(200, 100), (420, 330)], [2, 3]),
    'a box with points': ([(300, 200), (210, 110), (200, 100), (420, 330)], [1, 0, 2, 3]),
}
KINDS = [('edgesam', False), ('sam', False), ('sam', True)]
IDS = ['EdgeSAM', 'SAM', 'SAM with preprocessing inside']
# Which of four masks with the scores 0.4, 0.9, 0.2, 0.6 is the answer.
CHOICES = {
    'edgesam': {'a click': 1, 'a negative point': 1, 'several points': 1},
    'sam': {'a click': 1, 'a negative point': 0, 'several points': 0},
}


@pytest.fixture(scope='module')
def pairs(tmp_path_factory):
    folder = tmp_path_factory.mktemp('exports')
    inside = folder / 'inside'
    inside.mkdir()
    return {
        (kind, within): exported.write_pair(inside if within else folder, kind, inside=within)
        for kind, within in KINDS
    }


@pytest.fixture(scope='module')
def edgesam(pairs):
    with open_engine('edgesam', **pairs['edgesam', False].options, threads=1) as engine:
        yield engine


@pytest.fixture(scope='module')
def sam(pairs):
    with open_engine('edgesam', **pairs['sam', False].options, threads=1) as engine:
        yield engine


def wide(seed=0) -> np.ndarray:
    """Return a 768×1024 picture: as large as in the network, so that nothing is resampled."""
    return np.random.default_rng(seed).integers(0, 256, (768, 1024, 3), np.uint8)


def expected(pixels, what, index, earlier=None) -> np.ndarray:
    """Return the 256×256 logits that the files mean for a 768×1024 picture."""
    values = exported.embedding(exported.normalised(pixels))
    return exported.low_masks(values, *TOKENS[what], earlier=earlier)[index]


def whole(mask) -> np.ndarray:
    """Return where the 256×256 square has the mask's cut."""
    x, y = round(mask.roi.x / 4), round(mask.roi.y / 4)
    return slice(y, y + mask.logits.shape[0]), slice(x, x + mask.logits.shape[1])


def enlarged(low) -> np.ndarray:
    """Return the 768×1024 logits of the picture by a formula."""
    places = np.clip((np.arange(1024) + 0.5) / 4 - 0.5, 0, 255)
    before = np.minimum(places.astype(int), 254)
    share = places - before
    rows = low[before] * (1 - share)[:, None] + low[before + 1] * share[:, None]
    return (rows[:, before] * (1 - share) + rows[:, before + 1] * share)[:768]


# The answer


@pytest.mark.parametrize(('kind', 'inside'), KINDS, ids=IDS)
@pytest.mark.parametrize('what', PROMPTS)
def test_every_kind_of_prompt_gets_the_mask_that_the_files_mean(pairs, kind, inside, what):
    pixels = wide()
    with open_engine('edgesam', **pairs[kind, inside].options, threads=1) as engine:
        [mask] = engine.segment(Frame.from_array(pixels), [PROMPTS[what]])
    index = CHOICES[kind].get(what, 0)
    low = expected(pixels, what, index)
    np.testing.assert_allclose(mask.logits, low[whole(mask)], atol=1e-4)
    assert mask.score == pytest.approx((0.4, 0.9, 0.2, 0.6)[index])
    logits = enlarged(low)
    clear = np.abs(logits) > 1e-4
    np.testing.assert_array_equal(mask.to_image()[clear], logits[clear] > 0)
    assert not mask.empty


@pytest.mark.parametrize('size', [(640, 480), (480, 640), (300, 200), (1600, 1000)])
def test_a_click_on_a_picture_of_any_size_finds_the_hill_around_it(edgesam, size):
    width, height = size
    frame = Frame(np.full((height, width, 3), 120, np.uint8))
    [mask] = edgesam.segment(frame, [Prompt.from_point(0.7 * width, 0.3 * height)])
    assert mask.centroid == pytest.approx((0.7 * width, 0.3 * height), abs=0.02 * max(size))
    assert (mask.image_width, mask.image_height) == size
    # A hill is round in the square, so it must be round in the picture.
    assert mask.box.x1 - mask.box.x0 == pytest.approx(mask.box.y1 - mask.box.y0, abs=2)


def test_several_objects_are_answered_in_their_order_and_as_each_alone(edgesam):
    frame = Frame(wide())
    prompts = [
        Prompt.from_point(300, 200, object_id=7),
        Prompt.from_box(Box(500, 300, 800, 600), object_id=2),
        Prompt((Point(900, 90), Point(850, 99, positive=False)), object_id=9),
    ]
    together = edgesam.segment(frame, prompts)
    assert [mask.prompt for mask in together] == prompts
    for mask in together:
        [alone] = edgesam.segment(frame, [mask.prompt])
        np.testing.assert_array_equal(alone.logits, mask.logits)


def test_a_prediction_beyond_one_is_a_score_of_one(tmp_path):
    pair = exported.write_pair(tmp_path, scores=(1.2, -0.1, 0.3, 0.2))
    with open_engine('edgesam', **pair.options, threads=1) as engine:
        scores = [mask.score for mask in engine.candidates(Frame(wide()), Prompt.from_point(9, 9))]
    assert scores == pytest.approx([1, 0.3, 0.2, 0])


def test_a_decoder_that_was_exported_for_a_single_mask_serves_as_well(tmp_path):
    pair = exported.write_pair(tmp_path, 'sam', scores=(0.7,))
    with open_engine('edgesam', **pair.options, threads=1) as engine:
        [mask] = engine.segment(Frame(wide()), [PROMPTS['a click']])
    assert mask.score == pytest.approx(0.7)


def test_all_proposals_come_with_the_best_score_first(edgesam):
    pixels = wide()
    masks = edgesam.candidates(Frame(pixels), PROMPTS['a click'])
    assert [mask.score for mask in masks] == pytest.approx([0.9, 0.6, 0.4, 0.2])
    for mask, index in zip(masks, (1, 3, 0, 2), strict=True):
        low = expected(pixels, 'a click', index)
        np.testing.assert_allclose(mask.logits, low[whole(mask)], atol=1e-4)


# Once for each picture


class Counting:
    """A network whose runs are counted."""

    def __init__(self, network):
        self.network, self.feeds = network, []

    def run(self, feed, wanted):
        self.feeds.append(dict(feed))
        return self.network.run(feed, wanted)


@pytest.fixture
def counted(pairs):
    """Return a function: an open engine of a kind, and its encoder and decoder as they count."""
    engines = []

    def open_counted(kind):
        engine = open_engine('edgesam', **pairs[kind, False].options, threads=1)
        engines.append(engine)
        for part in engine._networks:
            part._network = Counting(part._network)
        return engine, *(part._network for part in engine._networks)

    yield open_counted
    for engine in engines:
        engine.close()


def test_a_picture_is_embedded_once_for_all_prompts_and_refinements_of_it(counted):
    engine, encoder, decoder = counted('edgesam')
    frame = Frame(wide(), stamp_ns=5)
    first = engine.segment(
        frame, [Prompt.from_point(10, 10), Prompt.from_point(90, 90, object_id=2)]
    )
    second = engine.segment(frame, [PROMPTS['several points']])
    engine.candidates(frame, Prompt.from_point(7, 7))
    assert len(encoder.feeds) == 1
    assert len(decoder.feeds) == 4
    assert first.timing.encode > 0
    assert second.timing.encode == second.timing.preprocess == 0
    assert min(first.timing.inference, second.timing.inference) > 0


def test_the_same_picture_in_a_frame_of_its_own_is_known(counted):
    from dataclasses import replace

    engine, encoder, _ = counted('edgesam')
    frame = Frame(wide(), stamp_ns=5)
    engine.segment(frame, [Prompt.from_point(10, 10)])
    # As the Segmenter looks back at an earlier frame.
    engine.segment(replace(frame, no_output=''), [Prompt.from_point(20, 20)])
    assert len(encoder.feeds) == 1


def test_a_camera_that_fills_the_same_memory_again_is_seen_anew(counted):
    engine, encoder, _ = counted('edgesam')
    pixels = wide()
    engine.segment(Frame(pixels, stamp_ns=5), [Prompt.from_point(10, 10)])
    pixels[...] = 0
    engine.segment(Frame(pixels, stamp_ns=6), [Prompt.from_point(10, 10)])
    assert len(encoder.feeds) == 2


def test_the_engine_keeps_no_picture_alive(edgesam):
    import weakref

    pixels = wide()
    memory = weakref.ref(pixels)
    edgesam.segment(Frame(pixels), [Prompt.from_point(10, 10)])
    del pixels
    assert memory() is None


def test_without_prompts_nothing_runs(counted):
    engine, encoder, _ = counted('edgesam')
    made = engine.segment(Frame(wide()), [])
    assert not encoder.feeds
    assert len(made) == 0
    assert np.isnan(made.timing.encode)


# Refinement


def test_a_refined_prompt_starts_from_its_mask_where_the_decoder_takes_one(sam):
    pixels = wide()
    frame = Frame(pixels, stamp_ns=5)
    [first] = sam.segment(frame, [PROMPTS['a click']])
    refined = PROMPTS['a click'].refined((Point(400, 230, positive=False),))
    [second] = sam.segment(frame, [refined])
    before = expected(pixels, 'a click', 1)
    np.testing.assert_allclose(first.logits, before[whole(first)], atol=1e-4)
    low = expected(pixels, 'a negative point', 0, earlier=before)
    np.testing.assert_allclose(second.logits, low[whole(second)], atol=1e-4)


@pytest.mark.parametrize(
    'other',
    [
        PROMPTS['a click'],
        Prompt((Point(300, 201), Point(400, 230, positive=False))),
        Prompt((Point(300, 200), Point(400, 230, positive=False)), object_id=2),
        Prompt((Point(300, 200), Point(9, 9)), Box(0, 0, 400, 400)),
    ],
    ids=['the same again', 'another point', 'another object', 'a box'],
)
def test_a_prompt_that_refines_nothing_starts_from_nothing(counted, other):
    engine, _, decoder = counted('sam')
    frame = Frame(wide(), stamp_ns=5)
    engine.segment(frame, [PROMPTS['a click']])
    engine.segment(frame, [other])
    assert [feed['has_mask_input'].tolist() for feed in decoder.feeds] == [[0], [0]]


def test_on_the_next_picture_a_refined_prompt_starts_from_nothing(counted):
    engine, _, decoder = counted('sam')
    engine.segment(Frame(wide(), stamp_ns=5), [PROMPTS['a click']])
    engine.segment(Frame(wide(1), stamp_ns=6), [PROMPTS['a negative point']])
    assert decoder.feeds[1]['has_mask_input'].tolist() == [0]


def test_sams_decoder_is_told_rows_and_columns_of_the_pictures_shape(counted):
    engine, _, decoder = counted('sam')
    engine.segment(Frame(np.zeros((480, 640, 3), np.uint8)), [Prompt.from_point(10, 10)])
    assert decoder.feeds[0]['orig_im_size'].tolist() == [768, 1024]


# Through the Segmenter


def test_the_segmenter_takes_negative_points_and_boxes_with_points(edgesam):
    segmenter = Segmenter(edgesam)
    frame = Frame(wide(), stamp_ns=5)
    segmenter.step(frame)
    for number, prompt in enumerate(PROMPTS.values(), start=1):
        from dataclasses import replace

        answer = segmenter.prompts.put(replace(prompt, object_id=number))
        assert not answer.reason
    assert not segmenter.prompts.refine(1, [Point(310, 210, positive=False)]).reason
    result = segmenter.step(frame)
    assert [mask.prompt.object_id for mask in result.masks] == [1, 2, 3, 4, 5]
    assert {mask.engine for mask in result.masks} == {'edgesam'}


def test_the_roi_follows_an_object_that_edgesam_finds(edgesam):
    from picosam_ros.tracking.tracker import Tracker

    segmenter = Segmenter(edgesam, tracker=Tracker())
    pixels = np.full((480, 640, 3), 90, np.uint8)
    segmenter.step(Frame(pixels))
    segmenter.prompts.put(Prompt.from_point(200, 200))
    for stamp in range(3):
        result = segmenter.step(Frame(pixels.copy(), stamp_ns=stamp))
        [mask] = result.masks
        assert mask.centroid == pytest.approx((200, 200), abs=3)


# Files that cannot be used


def refused(**options) -> str:
    """Return why the engine does not open."""
    with pytest.raises(ModelError) as refusal:
        open_engine('edgesam', **options)
    assert '\n' not in str(refusal.value)
    return str(refusal.value)


def test_without_files_it_says_which_ones_it_needs_and_where_that_is_told():
    for options in ({}, {'encoder': 'a.onnx'}, {'decoder': 'b.onnx'}):
        with pytest.raises(EngineError) as refusal:
            make_engine('edgesam', **options)
        assert 'needs two .onnx files of yours' in str(refusal.value)
        assert 'docs/edgesam.md' in str(refusal.value)


@pytest.mark.parametrize('part', ['encoder', 'decoder'])
def test_a_missing_file_is_refused_with_its_path_and_its_part(pairs, part, tmp_path):
    options = pairs['edgesam', False].options | {part: str(tmp_path / 'gone.onnx')}
    sentence = refused(**options)
    assert sentence.startswith(f'{part} file {tmp_path / "gone.onnx"} does not exist; ')
    assert 'docs/edgesam.md' in sentence


def test_swapped_files_are_refused_with_the_advice_to_swap_them(pairs):
    pair = pairs['edgesam', False]
    sentence = refused(encoder=pair.decoder, decoder=pair.encoder)
    assert sentence == f'{pair.decoder} is a decoder, but was given as the encoder; swap the two'


def test_an_encoder_twice_is_refused_too(pairs):
    pair = pairs['edgesam', False]
    sentence = refused(encoder=pair.encoder, decoder=pair.encoder)
    assert f'{pair.encoder} is an encoder, but was given as the decoder' in sentence


def test_a_network_of_another_family_is_refused_with_its_ports_and_the_script(pairs, tiny_network):
    pair, other = pairs['edgesam', False], tiny_network()
    sentence = refused(encoder=other, decoder=pair.decoder)
    assert sentence.startswith(
        f'{other} is not an encoder of the SAM family (image uint8 N×96×96×3'
    )
    assert 'export it with EdgeSAM' in sentence
    sentence = refused(encoder=pair.encoder, decoder=other)
    assert sentence.startswith(f'{other} is not a decoder of the SAM family (image uint8 N×96×96×3')
    assert 'scripts/export_onnx_model.py' in sentence


def test_two_files_that_do_not_belong_together_are_refused_with_both_shapes(pairs, tmp_path):
    path = str(tmp_path / 'narrow.onnx')
    exported.write_encoder(path, channels=64)
    sentence = refused(encoder=path, decoder=pairs['edgesam', False].decoder)
    assert '1×64×64×64' in sentence
    assert '1×256×64×64' in sentence
    assert 'two files of one export' in sentence


def test_a_truncated_file_is_refused(pairs, tmp_path):
    pair, path = pairs['edgesam', False], tmp_path / 'cut.onnx'
    path.write_bytes(Path(pair.encoder).read_bytes()[:-40])
    sentence = refused(encoder=str(path), decoder=pair.decoder)
    assert 'truncated: copy or export it again' in sentence


def test_a_decoder_without_the_outputs_of_the_export_is_refused(pairs, tmp_path):
    pair, path = pairs['edgesam', False], tmp_path / 'renamed.onnx'
    model = onnx.load(pair.decoder)
    model.graph.node[-1].output[0] = model.graph.output[1].name = 'mask'
    onnx.save(model, path)
    assert 'is not a decoder of the SAM family' in refused(encoder=pair.encoder, decoder=str(path))


# Licence, description, open and closed


def test_the_licence_of_edgesams_weights_is_told_when_they_are_loaded(pairs, caplog):
    with open_engine('edgesam', **pairs['edgesam', False].options, threads=1) as engine:
        assert engine.description['licence'] == S_LAB
    assert 'non-commercial use only' in caplog.text


def test_files_of_sam_are_the_users_own_and_nothing_is_claimed_about_them(pairs, caplog):
    with open_engine('edgesam', **pairs['sam', False].options, threads=1) as engine:
        assert engine.description['licence'] == "the user's own files"
    assert not caplog.text


def test_the_description_names_files_hashes_runtime_and_threads(pairs):
    engine = EdgeSamEngine(**pairs['edgesam', False].options, threads=3)
    told = engine.description
    assert told['model'] == 'edgesam_encoder.onnx + edgesam_decoder.onnx'
    assert re.fullmatch(r'[0-9a-f]{16} \+ [0-9a-f]{16}', told['sha256'])
    assert (told['runtime'], told['threads']) == ('onnxruntime', '3')


def test_a_closed_engine_says_what_to_do_and_opens_again(pairs):
    engine = EdgeSamEngine(**pairs['edgesam', False].options, threads=1)
    with pytest.raises(EngineError, match=r"'edgesam' is closed; call open\(\), or use it"):
        engine.segment(Frame(wide()), [])
    for _ in range(2):
        engine.open()
        engine.open()
        assert len(engine.segment(Frame(wide()), [Prompt.from_point(9, 9)])) == 1
        engine.close()
        engine.close()


def test_an_option_of_another_engine_is_refused_with_those_that_it_takes(pairs):
    with pytest.raises(EngineError) as refusal:
        make_engine('edgesam', **pairs['edgesam', False].options, model='picosam2-96')
    assert str(refusal.value) == (
        "engine 'edgesam' has no option model (of auto, host, cascade); "
        'it takes encoder, decoder, threads, runtime'
    )
    with pytest.raises(
        EngineError, match=r"engine 'host' has no option encoder .*; it takes model"
    ):
        make_engine('host', encoder='a.onnx')


def test_openvino_runs_the_same_files(pairs):
    need('openvino')
    pair, frame = pairs['edgesam', False], Frame(wide())
    options = {**pair.options, 'threads': 1}
    with (
        open_engine('edgesam', **options) as reference,
        open_engine('edgesam', **options, runtime='openvino') as engine,
    ):
        for prompt in PROMPTS.values():
            [mask], [same] = engine.segment(frame, [prompt]), reference.segment(frame, [prompt])
            assert np.mean(mask.to_image() != same.to_image()) < 0.005


def test_an_interrupted_call_ends_after_the_run_that_it_is_at(pairs, monkeypatch):
    prompts = [Prompt.from_point(40 * n, 60, object_id=n) for n in range(1, 5)]
    with open_engine('edgesam', **pairs['edgesam', False].options) as engine:
        run = MaskDecoder.__call__

        def interrupting(decoder, *arguments):
            engine.interrupt()
            return run(decoder, *arguments)

        monkeypatch.setattr(MaskDecoder, '__call__', interrupting)
        made = engine.segment(wide(), prompts)
    assert [mask.prompt.object_id for mask in made] == [1]
    assert [one.prompt.object_id for one in made.unanswered] == [2, 3, 4]
