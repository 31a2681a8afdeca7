"""The mean of the weights of networks, and the offset of their logits."""

import sys

import numpy as np
import pytest

torch = pytest.importorskip('torch')
onnx = pytest.importorskip('onnx')

import onnxruntime  # noqa: E402
from helpers.photo_masks import disc  # noqa: E402

from training.export import to_onnx  # noqa: E402
from training.merge import merge  # noqa: E402
from training.networks.lite import FEWEST, LiteUNet  # noqa: E402
from training.networks.picosam2 import Architecture, PicoSam2  # noqa: E402
from training.offset import best_offset, main, move  # noqa: E402

IMAGES = np.random.default_rng(0).integers(0, 256, (2, 96, 96, 3), np.uint8)


def answer(model) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString())
    return session.run(['logits'], {'image': IMAGES})[0]


@pytest.fixture(scope='module')
def lite(uneven):
    return to_onnx(uneven(LiteUNet(blocks=FEWEST)), 'lite')


def test_a_network_merged_with_its_double_answers_as_before(lite) -> None:
    np.testing.assert_array_equal(answer(merge([lite, lite], [1, 3])), answer(lite))


def test_the_mean_lies_between_by_the_shares(lite) -> None:
    merged = merge([lite, move(lite, 4.0)], [1, 3])
    np.testing.assert_allclose(answer(merged), answer(lite) + 3.0, atol=1e-4)


def test_networks_of_other_shapes_are_refused_with_what_differs(uneven) -> None:
    plain, wider = (
        to_onnx(uneven(PicoSam2(Architecture(context=context))), 'net') for context in (False, True)
    )
    with pytest.raises(ValueError, match=r'context\.depthwise\.weight.* are not alike'):
        merge([plain, wider], [1, 1])


@pytest.mark.parametrize('offset', [-0.75, 0.0, 0.5])
def test_the_offset_that_was_taken_away_is_found(offset) -> None:
    mask = disc((96, 96), (48, 48), 20)[None]
    rows, columns = np.mgrid[:96, :96]
    distance = (20.05 - np.hypot(columns - 48, rows - 48))[None] / 10
    assert best_offset(distance - offset, mask) == pytest.approx(offset, abs=0.07)


def test_an_offset_that_is_given_needs_no_photos(lite, tmp_path, monkeypatch, capsys) -> None:
    given, moved = tmp_path / 'lite.onnx', tmp_path / 'moved.onnx'
    onnx.save(lite, given)
    arguments = ['offset', '--network', str(given), '--out', str(moved)]
    monkeypatch.setattr(sys, 'argv', [*arguments, '--by', '0.25'])
    main()
    np.testing.assert_allclose(answer(onnx.load(moved)), answer(lite) + 0.25, atol=1e-4)
    monkeypatch.setattr(sys, 'argv', arguments)
    with pytest.raises(SystemExit):
        main()
    assert 'neither --data nor --by was given' in capsys.readouterr().err
