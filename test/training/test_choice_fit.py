"""The choice among proposals is fitted to clicks at labelled objects, and put into a file."""

import json
import sys
from itertools import islice

import numpy as np
import onnx
import pytest

torch = pytest.importorskip('torch')
pytest.importorskip('tqdm')

from picosam_ros.engines.host import HostEngine  # noqa: E402
from picosam_ros.engines.host.candidates import NAMES  # noqa: E402
from picosam_ros.engines.host.choice import PROPERTY, LearntChoice  # noqa: E402
from picosam_ros.errors import ModelError  # noqa: E402
from picosam_ros.models import DEFAULT_MODEL, find_model  # noqa: E402
from training import choice as command  # noqa: E402
from training import configuration  # noqa: E402
from training.choice import choice_loss, clicks, fit, put_into  # noqa: E402
from training.data import readers  # noqa: E402

CONFIG = configuration.read([command.Path(command.__file__).parent / 'configs' / 'choice.yaml'])
QUICK = CONFIG | {'epochs': 6, 'hidden': 8, 'batch': 16}
TOLD_BY = NAMES.index('compactness')


def synthetic(seed, clicks=400, proposals=6):
    """Return drawn numbers, and IoUs that grow with one of them."""
    rng = np.random.default_rng(seed)
    numbers = rng.normal(size=(clicks, proposals, len(NAMES))).astype(np.float32)
    numbers[..., -1] = 3  # always the same
    reached = 1 / (1 + np.exp(-2 * numbers[..., TOLD_BY]))
    return 7 * numbers + 20, reached.astype(np.float32)


# The fit


def test_what_has_the_higher_iou_is_preferred_where_a_number_tells_it():
    choice = fit(*synthetic(1, 1000), QUICK)
    numbers, reached = synthetic(2)
    rated = zip(numbers, reached, strict=True)
    chosen = np.array([ious[np.argmax(choice.scores(rows))] for rows, ious in rated])
    assert (reached.max(1) - chosen).mean() < 0.05
    assert (reached.max(1) - reached.mean(1)).mean() > 0.3


def test_one_seed_gives_one_choice_to_the_bit_and_another_one_another():
    once, again, other = (
        fit(*synthetic(1, 100), QUICK | {'seed': seed}).to_json() for seed in (3, 3, 4)
    )
    assert once == again
    assert once != other


def test_the_fit_has_the_shapes_that_the_engine_reads():
    choice = fit(*synthetic(1, 100), QUICK)
    numbers, _ = synthetic(2, 1)
    again = LearntChoice.from_json(choice.to_json())
    assert again.scores(numbers[0]).tobytes() == choice.scores(numbers[0]).tobytes()
    assert [weight.shape for weight, _ in choice.layers] == [(len(NAMES), 8), (8, 8), (8, 1)]


def test_the_loss_is_the_iou_that_is_lost_and_how_unlike_the_ious_the_shares_are():
    reached = torch.tensor([[0.9, 0.5, 0.1]])
    sure = [torch.tensor([row]) for row in ([50.0, 0, 0], [0, 50.0, 0], [0, 0, 50.0])]
    assert [float(choice_loss(scores, reached, 0)) for scores in sure] == pytest.approx(
        [0, 0.4, 0.8]
    )
    even = torch.zeros(1, 3)
    assert float(choice_loss(even, reached, 0)) == pytest.approx(0.4)
    alike = 12 * reached
    assert float(choice_loss(alike, reached, 1)) < float(choice_loss(sure[0], reached, 1))


# The clicks


@pytest.fixture(scope='module')
def photos(store):
    sources = 'coco_train', 'ecssd', 'mushrooms'
    return [photo for source in sources for photo in readers.read_source(store, source)]


SHARES = {'weights': {'coco_train': 0.5, 'ecssd': 0.3, 'mushrooms': 0.2}, 'least': 1}


def drawn(photos, count, **entries):
    return list(islice(clicks(photos, CONFIG | SHARES | entries), count))


@pytest.mark.parametrize('middle', [0, 0.5, 1])
def test_every_click_is_at_a_pixel_of_its_object(photos, middle):
    for photo, mask, prompt in drawn(photos, 150, middle=middle):
        [point] = prompt.points
        assert point.positive
        assert mask[int(point.y), int(point.x)] == 1
        assert any((photo.mask(n) == mask).all() for n in range(len(photo.masks)))


def test_sources_are_drawn_by_their_shares(photos):
    sources = [photo.source for photo, _, _ in drawn(photos, 1500)]
    for source, share in SHARES['weights'].items():
        # Four standard deviations.
        assert sources.count(source) / 1500 == pytest.approx(share, abs=0.052)


def test_the_share_of_clicks_at_the_middle_is_that_of_the_configuration(photos):
    def at_the_middle(middle):
        found = drawn(photos, 300, middle=middle, least=300)
        return np.mean(
            [
                np.hypot(*(np.array([p.points[0].y, p.points[0].x]) - np.argwhere(mask).mean(0)))
                < 2
                for _, mask, p in found
            ]
        )

    assert at_the_middle(0) < 0.2
    assert at_the_middle(0) + 0.3 < at_the_middle(0.5) < at_the_middle(1) - 0.2


def test_objects_that_are_too_small_are_not_clicked_at(photos):
    areas = [mask.sum() for _, mask, _ in drawn(photos, 100, least=800)]
    assert min(areas) >= 800
    assert min(mask.sum() for _, mask, _ in drawn(photos, 100)) < 800


def test_one_seed_draws_the_same_clicks(photos):
    def told(seed):
        return [
            (photo.name, prompt.points[0].x, prompt.points[0].y)
            for photo, _, prompt in drawn(photos, 20, seed=seed)
        ]

    assert told(5) == told(5) != told(6)


# The file


@pytest.fixture
def network(tiny_network, tmp_path):
    """Write a file with properties."""
    model = onnx.load(tiny_network())
    onnx.helper.set_model_props(model, {'licence': 'MIT', 'kind': 'tiny'})
    path = tmp_path / 'told.onnx'
    onnx.save(model, path)
    return path


def properties(path):
    return {entry.key: entry.value for entry in onnx.load(path).metadata_props}


def test_a_choice_takes_the_place_of_an_older_one_and_other_properties_stay(network, tmp_path):
    once, again = (fit(*synthetic(1, 50), QUICK | {'seed': seed}) for seed in (1, 2))
    kept = {'licence': 'MIT', 'kind': 'tiny'}
    out = tmp_path / 'out.onnx'
    put_into(network, once, out)
    assert properties(network) == kept
    assert properties(out) == kept | {PROPERTY: once.to_json()}
    put_into(out, again, out)
    assert properties(out) == kept | {PROPERTY: again.to_json()}
    assert onnx.load(out).graph == onnx.load(network).graph
    put_into(out, None, out)
    assert properties(out) == kept


@pytest.fixture
def outdated(tmp_path):
    """Write the shipped network with a choice for other numbers, with which no engine opens."""
    model = onnx.load(find_model(DEFAULT_MODEL).path)
    onnx.helper.set_model_props(model, {PROPERTY: json.dumps({'numbers': []})})
    path = tmp_path / 'outdated.onnx'
    onnx.save(model, path)
    with pytest.raises(ModelError, match=r'training\.choice'):
        HostEngine(model=str(path)).open()
    return path


def test_the_command_fits_a_choice_again_with_which_the_engine_opens(
    outdated, store, tmp_path, monkeypatch, capsys
):
    config = tmp_path / 'quick.yaml'
    weights = {'coco_train': 1.0}
    config.write_text(json.dumps(CONFIG | {'clicks': 3, 'epochs': 2, 'weights': weights}))
    out = tmp_path / 'out'

    def run(data):
        given = ('--data', data, '--config', config, '--network', outdated, '--out', out)
        monkeypatch.setattr(sys, 'argv', ['choice', *map(str, given)])
        command.main()
        return capsys.readouterr().out

    told = run(store)
    assert told.startswith('3 clicks at the photos that it was fitted to: mIoU 0.')
    assert told.strip().endswith(str(out / 'outdated.onnx'))
    with HostEngine(model=str(out / 'outdated.onnx'), threads=1):
        pass
    # The numbers were kept: no photo is read again.
    before = (out / 'outdated.onnx').read_bytes()
    assert run(tmp_path / 'nowhere') == told
    assert (out / 'outdated.onnx').read_bytes() == before
    # They are of these clicks: a fit to others does not take them.
    config.write_text(config.read_text().replace('"epochs": 2', '"epochs": 3'))
    assert run(tmp_path / 'nowhere')
    config.write_text(config.read_text().replace('"clicks": 3', '"clicks": 4'))
    with pytest.raises(SystemExit):
        run(store)
    assert 'is of another network, or was drawn by other seed, clicks' in capsys.readouterr().err
    with np.load(out / 'numbers.npz') as arrays:
        older = {'numbers': arrays['numbers'][..., 1:], 'reached': arrays['reached']}
    np.savez(out / 'numbers.npz', **older)
    with pytest.raises(SystemExit):
        run(store)
    assert 'numbers.npz is of another version' in capsys.readouterr().err
