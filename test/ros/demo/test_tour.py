"""The tour past the photos, on a clock of the test's."""

from types import SimpleNamespace

import pytest

from picosam_ros.cameras.photo_walk import DWELL_NS
from picosam_ros.cameras.photos import PHOTO_OBJECTS, Pointer, open_photos
from picosam_ros.msg import Prompt
from picosam_ros.ros.demo import tour as module

DWELL = DWELL_NS / 1e9
# A second's; a power of two, so that no moment is rounded.
TICKS = 16


class NotedTour(module.Tour):
    """Notes when it publishes a prompt and when it removes them, in seconds of the clock."""

    def __init__(self, folder, monkeypatch):
        super().__init__(Pointer(open_photos()), folder)
        self._ticks = round(TICKS * 3 * DWELL * len(PHOTO_OBJECTS))
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
    tour.act_for(DWELL * len(PHOTO_OBJECTS))
    assert len({moment // DWELL for moment in tour.prompted}) == len(PHOTO_OBJECTS)
    assert min(into_its_photo(tour.prompted)) >= module.ARRIVE_SECONDS
    tour.cleared.pop(0)
    left = into_its_photo(tour.cleared)
    assert len(left) == len(PHOTO_OBJECTS)
    assert min(left) >= DWELL - module.LEAVE_SECONDS
    assert max(into_its_photo(tour.prompted)) < min(left)


def test_a_user_who_clicks_is_left_alone_until_the_photo_goes_and_has_time_for_the_next(tour):
    tour.act_for(1)
    before = [*tour.prompted], [*tour.cleared]
    click = Prompt()
    click.header.stamp.sec = 1
    tour._on_prompt(click)
    tour.act_for(DWELL - 1 - module.LEAVE_SECONDS)
    assert (tour.prompted, tour.cleared) == before
    tour.act_for(module.GUEST_SECONDS - DWELL)
    assert tour.prompted == before[0]
    assert len(tour.cleared) > len(before[1])
    tour.act_for(2 * DWELL)
    assert tour.prompted != before[0]


def test_an_object_has_a_prompt_only_while_it_is_in_view(tour):
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
