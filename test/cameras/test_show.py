"""Which scene a show chooses, on a schedule of one a second."""

import time

import pytest

from picosam_ros.cameras import make_camera
from picosam_ros.cameras.show import Choice, SceneNumbers, Show, show_of

SECOND = 1_000_000_000


@pytest.fixture
def show():
    return Show()


@pytest.fixture
def numbers(show):
    return SceneNumbers(show, lambda stamp_ns: stamp_ns // SECOND)


def test_it_goes_on_as_scheduled_until_it_is_wanted_and_catches_up_afterwards(show, numbers):
    wanted = []
    show.stay_while(lambda: bool(wanted))
    assert [numbers.at(at * SECOND) for at in (3, 4, 5)] == [3, 4, 5]
    wanted.append('an object')
    assert [numbers.at(at * SECOND) for at in (6, 7)] == [5, 5]
    wanted.clear()
    assert numbers.at(8 * SECOND) == 8


def test_it_stops_for_good_at_the_first_click_and_goes_on_only_when_it_is_told_to(show, numbers):
    assert numbers.at(3 * SECOND) == 3
    show.hold(3 * SECOND)
    assert [numbers.at(at * SECOND) for at in (4, 5, 99)] == [3, 3, 3]
    show.next_scene()
    show.hold(100 * SECOND)
    assert [numbers.at(at * SECOND) for at in (100, 200)] == [4, 4]
    show.next_scene()
    show.next_scene()
    assert numbers.at(201 * SECOND) == 6


def test_a_click_into_the_last_image_of_a_scene_brings_that_scene_back(show, numbers):
    assert [numbers.at(at * SECOND) for at in (3, 4)] == [3, 4]
    show.hold(3 * SECOND + 1)
    assert [numbers.at(at * SECOND) for at in (5, 6)] == [3, 3]


def test_a_click_without_a_stamp_is_about_what_is_shown_now(show, numbers):
    now = time.time_ns()
    assert numbers.at(now) == now // SECOND
    show.hold()
    assert numbers.at(now + 99 * SECOND) == now // SECOND


def test_before_the_first_image_it_can_be_told_to_stay(show, numbers):
    show.hold()
    assert numbers.at(3 * SECOND) == numbers.at(9 * SECOND) == 3


def test_a_choice_of_another_process_is_followed(show, numbers):
    assert numbers.at(3 * SECOND) == 3
    show.follow(Choice(wanted=True))
    assert numbers.at(4 * SECOND) == 3
    show.follow(Choice(stamp_ns=4 * SECOND, steps=2))
    assert numbers.at(5 * SECOND) == 5


def test_photos_have_a_show_also_through_a_simulated_sensor_and_the_world_has_none(tmp_path):
    (tmp_path / 'film.mp4').touch()
    assert show_of(make_camera('photos')) is not None
    assert show_of(make_camera('imx500', simulate=True)) is not None
    film = str(tmp_path / 'film.mp4')
    assert show_of(make_camera('imx500', simulate=True, source=film)) is None
    assert show_of(make_camera('video', source=film)) is None
    assert show_of(make_camera('imx500', sensor_network='network.rpk')) is None
