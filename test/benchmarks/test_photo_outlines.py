"""The outlines drawn by hand, and the demo's clicks."""

import pytest

from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import OUTLINES, outlined
from picosam_ros.cameras.photo_walk import Photo
from picosam_ros.cameras.photos import PHOTO_OBJECTS, photo_files


def outlines(photo):
    read = Photo.read(photo_file(photo))
    return {known.name: known for known in outlined(photo, read.width, read.height)}


@pytest.mark.parametrize('photo', PHOTO_OBJECTS)
def test_each_click_of_the_demo_lies_in_the_outline_of_its_object(photo):
    known = outlines(photo)
    for clicked in PHOTO_OBJECTS[photo]:
        assert known[clicked.name].inside[clicked.y, clicked.x]


@pytest.mark.parametrize('photo', OUTLINES)
def test_the_five_places_of_an_object_are_five_pixels_in_its_outline(photo):
    for known in outlines(photo).values():
        assert len(set(known.places)) == 5
        assert all(known.inside[y, x] for x, y in known.places)


def test_the_demo_has_ten_objects_and_some_in_each_of_its_photos():
    assert [path.stem for path in photo_files()] == [*PHOTO_OBJECTS]
    assert sum(map(len, PHOTO_OBJECTS.values())) == 10
