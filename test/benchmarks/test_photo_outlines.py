"""The outlines drawn by hand, and the clicks of the demo, which are chosen by them."""

import json

import numpy as np
import pytest

from benchmarks.choose_photos import WANTED, grid, seen
from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES, outlined
from benchmarks.sections.tracking import iou
from picosam_ros import Frame, Prompt, open_engine
from picosam_ros.cameras.photo_table import TABLE, demo_photos
from picosam_ros.cameras.photo_walk import Photo
from picosam_ros.cameras.photos import open_photos, photo_files
from picosam_ros.models import DEFAULT_MODEL, find_model

PHOTOS = {photo.name: photo for photo in demo_photos()}


def outlines(photo):
    read = Photo.read(photo_file(photo))
    return {known.name: known for known in outlined(photo, read.width, read.height)}


@pytest.mark.parametrize('photo', PHOTOS)
def test_each_click_of_the_demo_lies_in_the_outline_of_its_object(photo):
    known = outlines(photo)
    assert PHOTOS[photo].objects
    for clicked in PHOTOS[photo].objects:
        assert known[clicked.name].inside[clicked.y, clicked.x]


@pytest.mark.parametrize('photo', OUTLINES)
def test_the_five_places_of_an_object_are_five_pixels_in_its_outline(photo):
    for known in outlines(photo).values():
        assert len(set(known.places)) == 5
        assert all(known.inside[y, x] for x, y in known.places)


def test_the_demo_shows_photos_that_are_here_and_was_chosen_for_the_network_that_ships():
    assert [path.name for path in photo_files()] == [photo.file for photo in demo_photos()]
    table = json.loads(TABLE.read_text())
    told = f'choose again: {table["command"]}'
    assert table['model'] == DEFAULT_MODEL, told
    assert table['sha256'] == find_model(DEFAULT_MODEL).digest, told
    assert all(row['worst'] >= WANTED for photo in table['photos'] for row in photo['objects'])


def test_clicks_all_over_an_object_of_each_photo_of_the_demo_are_answered_with_it():
    walk = open_photos()
    with open_engine('host', model=DEFAULT_MODEL) as engine:
        for visit, photo in enumerate(demo_photos()):
            view = walk.viewpoint(0, visit)
            frame = Frame.from_array(walk.render(view))
            known = outlines(photo.name)[photo.objects[0].name]
            outline = seen(known.inside, view)
            clicks = [Prompt.from_point(x, y) for x, y in grid(outline)[::3]]
            masks = [engine.segment(frame, [one]).masks[0].to_image() for one in clicks]
            ious = [iou(mask, outline) for mask in masks]
            assert np.min(ious) >= WANTED - 0.02, (photo.name, ious)
