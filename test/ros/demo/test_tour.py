"""The tour past the photos, on a clock of the test's."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.cameras.photo_walk import DWELL_NS, Aim, PhotoWalk
from picosam_ros.cameras.photos import Pointer, open_photos
from picosam_ros.msg import Prompt
from picosam_ros.ros.demo import tour as module

DWELL = DWELL_NS / 1e9
# A second's; a power of two, so that no moment is rounded.
TICKS = 16


class NotedTour(module.Tour):
    """Notes when it publishes a prompt and when it removes them, in seconds of the clock."""

    def __init__(self, folder, monkeypatch):
        super().__init__(Pointer(open_photos()), folder)
        self._ticks = round(TICKS * 3 * DWELL * len(demo_photos()))
        self.sent, self.cleared = [], []
        self._prompts = SimpleNamespace(publish=lambda prompt: self.sent.append((self.now, prompt)))
        self._clearing = SimpleNamespace(
            call=lambda: self.cleared.append(self.now), poll=lambda: None, waiting=False
        )
        clock = SimpleNamespace(monotonic=lambda: self.now, time_ns=lambda: round(1e9 * self.now))
        monkeypatch.setattr(module, 'time', clock)
        self.scoreboard.frames = 1

    @property
    def prompted(self):
        return [at for at, _ in self.sent]

    @property
    def now(self):
        return self._ticks / TICKS

    def act_for(self, seconds):
        for _ in range(round(TICKS * seconds)):
            self.act()
            self._ticks += 1


@pytest.fixture
def tour(tmp_path, monkeypatch):
    noted = NotedTour(tmp_path, monkeypatch)
    yield noted
    noted.destroy_node()


def into_its_photo(moments):
    """Seconds since the photo of each moment appeared."""
    return [moment % DWELL for moment in moments]


def test_every_photo_is_pointed_at_once_it_is_there_and_left_before_it_goes(tour):
    tour.act_for(DWELL * len(demo_photos()))
    assert len({moment // DWELL for moment in tour.prompted}) == len(demo_photos())
    assert min(into_its_photo(tour.prompted)) >= module.ARRIVE_SECONDS
    tour.cleared.pop(0)
    left = into_its_photo(tour.cleared)
    assert len(left) == len(demo_photos())
    assert min(left) >= DWELL - module.LEAVE_SECONDS
    assert max(into_its_photo(tour.prompted)) < min(left)


def user_clicks(tour, object_id):
    click = Prompt(object_id=object_id)
    click.header.stamp.sec = 1
    tour._on_prompt(click)


def test_with_a_users_first_click_the_tour_removes_what_it_made_and_never_comes_back(tour):
    tour.act_for(1)
    cleared, before, ours = [*tour.cleared], len(tour.sent), {*tour._targets}
    assert ours
    user_clicks(tour, 99)
    left = [prompt for _, prompt in tour.sent[before:]]
    assert {(prompt.object_id, prompt.action) for prompt in left} == {
        (object_id, Prompt.REMOVE) for object_id in ours
    }
    tour.act_for(4 * DWELL)
    user_clicks(tour, 98)
    assert len(tour.sent) == before + len(ours)
    assert tour.cleared == cleared


def test_an_object_of_the_tour_that_a_user_refines_is_the_users(tour):
    tour.act_for(1)
    before = len(tour.sent)
    refined = next(iter(tour._targets))
    user_clicks(tour, refined)
    tour.act_for(2 * DWELL)
    assert refined not in {prompt.object_id for _, prompt in tour.sent[before:]}


def test_a_photo_whose_prompts_are_removed_late_has_time_to_go(tour):
    tour.act_for(DWELL - module.LEAVE_SECONDS)
    tour._clearing.waiting = True
    tour.act_for(2 * module.LEAVE_SECONDS)
    removed, before = tour.now, [*tour.prompted]
    tour._clearing.waiting = False
    tour.act_for(1)
    # With a prompt, the camera would stay with the photo that it still shows.
    assert tour.prompted[len(before)] >= removed + module.ARRIVE_SECONDS - 1 / TICKS


def test_an_object_has_a_prompt_only_while_it_is_in_view(tour):
    # Close, a hand that moves far loses sight of some.
    photos = [replace(photo, aim=Aim(pan=0.4, zoom=(0.4, 0.5))) for photo in open_photos().photos]
    tour._pointer = Pointer(PhotoWalk(photos))
    left = set()
    for _ in range(round(12 * TICKS * DWELL)):
        tour.act_for(1 / TICKS)
        since = tour.cleared[-1]
        prompts = [prompt for at, prompt in tour.sent if at >= since]
        last = {prompt.object_id: prompt.action for prompt in prompts}
        followed = {object_id for object_id, action in last.items() if action == Prompt.SET}
        left |= last.keys() - followed
        _, targets = tour._pointer.targets(round(1e9 * tour.now))
        assert followed <= {target.object_id for target in targets}
    assert left
