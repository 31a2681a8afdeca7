"""The pictures of README and docs are those of the network that ships."""

import json
from pathlib import Path

import numpy as np
import pytest

from picosam_ros.models import shipped_models

pytest.importorskip('PIL', reason='pip install pillow: the pictures are read with it')
from PIL import Image

IMAGES = Path(__file__).parents[1] / 'docs' / 'images'
RECORD = json.loads((IMAGES / 'demo.json').read_text())


def test_the_pictures_were_made_with_the_network_that_ships():
    shipped = shipped_models()[RECORD['model']]['sha256']
    assert RECORD['sha256'] == shipped, 'the network has changed: `make film` makes them anew'


@pytest.mark.parametrize('name', RECORD['pictures'])
def test_every_picture_of_the_record_is_there(name):
    with Image.open(IMAGES / name) as picture:
        assert picture.width >= 390


def test_the_moving_picture_moves_and_is_small():
    assert (IMAGES / 'demo.gif').stat().st_size < 3e6
    with Image.open(IMAGES / 'demo.gif') as film:
        assert film.width == 720
        assert film.n_frames > 20
        # For ever.
        assert film.info['loop'] == 0


def test_a_film_keeps_what_hardly_changes_and_shows_what_does(tmp_path):
    from scripts.film_gif import LAST_S, write_gif

    pixels = np.full((450, 720, 3), 100, np.uint8)
    noisy, changed = pixels + np.uint8(5), pixels.copy()
    changed[100:200, 300:400] = (200, 40, 40)
    frames = [(Image.fromarray(each), 0.5 * at) for at, each in enumerate((pixels, noisy, changed))]
    write_gif(tmp_path / 'film.gif', frames)
    with Image.open(tmp_path / 'film.gif') as film:
        # The first two look the same: one frame, for as long as both.
        assert film.n_frames == 2
        assert film.info['duration'] == 1000
        film.seek(1)
        assert film.info['duration'] == 1000 * LAST_S
        seen = np.asarray(film.convert('RGB'), int)
    assert np.abs(seen - changed).max() < 8
