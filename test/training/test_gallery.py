"""The page of held-out photos shows what the lot drew, with the real network's masks."""

import json
import re
import sys
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from picosam_ros import open_engine
from training.data import readers
from training.gallery import __main__ as command
from training.gallery.lot import draw_lots
from training.gallery.page import Card, Heading, Shown, write_page
from training.gallery.pictures import SIDE, make_pictures

COUNT = 3


class Tags(HTMLParser):
    """All tags of a page, with their attributes."""

    def __init__(self, text):
        super().__init__()
        self.found = []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.found.append((tag, dict(attrs)))

    def of(self, name):
        return [attributes for tag, attributes in self.found if tag == name]


@pytest.fixture
def photos(store):
    return readers.read_source(store, 'coco_train')


@pytest.fixture
def gallery(store, tiny_network, tmp_path, monkeypatch):
    """Write the page by its command."""
    names = {f'coco_train/{number:04}.png' for number in range(5)}
    monkeypatch.setattr('training.data.split.read', lambda: names)
    monkeypatch.setattr('training.evaluate.GROUPS', {'coco': ('coco_train',), 'ecssd': ('ecssd',)})
    out = tmp_path / 'gallery'
    arguments = ['--data', str(store), '--out', str(out), '--count', str(COUNT)]
    network = tiny_network(fall=0.1)
    monkeypatch.setattr(sys, 'argv', ['gallery', *arguments, '--model', network])
    command.main()
    return out


def test_every_photo_stands_there_once_with_its_answers_and_what_they_show(gallery) -> None:
    page = Tags((gallery / 'index.html').read_text())
    pictures = page.of('img')
    assert len(pictures) == 4 * COUNT
    assert len(page.of('article')) == COUNT
    assert all(re.search(r'photo \d+', picture['alt'], re.IGNORECASE) for picture in pictures)
    on_disk = {f'images/{path.name}' for path in (gallery / 'images').iterdir()}
    assert {picture['src'] for picture in pictures} == on_disk


def test_the_page_needs_nothing_from_elsewhere(gallery) -> None:
    text = (gallery / 'index.html').read_text()
    tags = Tags(text)
    assert not tags.of('link')
    assert not tags.of('script')
    assert not re.search(r'url\(|@import|src="https?:', text)
    assert '$' not in text


def test_the_page_is_of_the_held_out_photos_that_may_be_shown(gallery, store) -> None:
    text = (gallery / 'index.html').read_text()
    assert '15 labelled objects of 5 held-out COCO photos' in text
    assert not re.search(r'ecssd/\d', text)
    assert 'ECSSD, is for academic use' in text


def test_the_lot_is_the_same_for_a_seed_and_draws_one_mask_a_photo(photos) -> None:
    def drawn(seed, count=6):
        return [(lot.photo.name, lot.index) for lot in draw_lots(photos, count, seed)]

    assert drawn(1) == drawn(1)
    assert drawn(1) != drawn(2)
    assert drawn(1, 3) == drawn(1)[:3]
    assert len({name for name, _ in drawn(1, 99)}) == len(drawn(1, 99)) == len(photos)


def test_what_is_told_of_a_photo_is_what_its_source_says(photos, store) -> None:
    about = store / 'coco_train' / 'source.json'
    about.write_text(json.dumps({'licence': 'CC BY 4.0'}))
    [drawn] = draw_lots(photos, 1, 1)
    about.unlink()
    assert drawn.category == 'disc'
    assert drawn.licence == 'CC BY 4.0'
    assert drawn.origin == f'coco_train/{Path(drawn.photo.file).stem}.jpg'


def test_answers_are_drawn_over_the_part_of_the_photo_that_has_them(tiny_network) -> None:
    pixels, mask = np.full((200, 300, 3), 20, np.uint8), np.zeros((200, 300), np.uint8)
    cv2.circle(mask, (60, 50), 20, 1, -1)
    pixels[mask > 0] = 220
    with open_engine('host', model=tiny_network()) as engine:
        made = make_pictures(engine, pixels, mask)
    assert made.photo.shape[:2] == (round(SIDE * 2 / 3), SIDE)
    assert [answer.title for answer in made.answers][:2] == ['One click', 'A box']
    for answer in made.answers:
        assert answer.image.shape == (SIDE, SIDE, 3)
        assert answer.iou > 0.8
        tinted = answer.image[SIDE // 2 + 60, SIDE // 2].astype(int)
        assert tinted[2] - tinted[0] > 20


def test_a_mask_that_reaches_far_is_shown_with_the_whole_photo(tiny_network) -> None:
    pixels, mask = np.full((200, 300, 3), 220, np.uint8), np.zeros((200, 300), np.uint8)
    cv2.circle(mask, (60, 50), 20, 1, -1)
    with open_engine('host', model=tiny_network()) as engine:
        made = make_pictures(engine, pixels, mask)
    assert made.answers[0].image.shape[:2] == (round(SIDE * 2 / 3), SIDE)
    assert made.answers[0].iou < 0.5


def test_coco_photos_are_linked_and_words_of_others_are_escaped() -> None:
    answers = [Shown('a.jpg', title, 0.5) for title in ('One click', 'A box', 'Five clicks')]
    cards = [
        Card('<b>', 'val2017/000000217285.jpg', 'CC & BY', 'p.jpg', answers),
        Card('cat', 'elsewhere/<x>.jpg', 'mine', 'p.jpg', answers),
    ]
    text = write_page(Heading('net', 2, 2, 1, {'A box': 0.7}), cards)
    assert 'href="https://cocodataset.org/#explore?id=217285"' in text
    assert '1. &lt;b&gt;' in text
    assert 'CC &amp; BY' in text
    assert 'elsewhere/&lt;x&gt;.jpg' in text
    assert text.count('all masks: 0.70') == 1
    assert text.count('all masks: –') == 2
