"""The tour past the photos, on a clock of the test's."""

from dataclasses import replace
from types import SimpleNamespace

import pytest
from std_msgs.msg import Header

from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.cameras.photo_walk import DWELL_NS, Aim, PhotoWalk
from picosam_ros.cameras.photos import Pointer, open_photos
from picosam_ros.msg import Mask, MaskArray, Prompt, PromptStatus
from picosam_ros.prompts.store import REMOVED
from picosam_ros.ros.demo import tour as module
from picosam_ros.viewer.left_objects import KEPT_S

DWELL = DWELL_NS / 1e9
# A second's; a power of two, so that no moment is rounded.
TICKS = 16


class NotedTour(module.Tour):
    """Notes when it publishes prompts and clears all, in seconds of the clock.

    Removals are answered at once while it is `answering`.
    """

    def __init__(self, folder, monkeypatch):
        super().__init__(Pointer(open_photos()), folder)
        self._ticks = round(TICKS * 3 * DWELL * len(demo_photos()))
        self.sent, self.cleared = [], []
        self.answering = True
        self._prompts = SimpleNamespace(publish=self._publish)
        self._clearing = SimpleNamespace(
            call=lambda: self.cleared.append(self.now), poll=lambda: None, waiting=False
        )
        clock = SimpleNamespace(monotonic=lambda: self.now, time_ns=lambda: round(1e9 * self.now))
        monkeypatch.setattr(module, 'time', clock)
        self.scoreboard.frames = 1

    def _publish(self, prompt):
        self.sent.append((self.now, prompt))
        if self.answering:
            self.answer(prompt)

    def answer(self, prompt):
        if prompt.action == Prompt.REMOVE:
            self._on_status(PromptStatus(object_id=prompt.object_id, reason=REMOVED))

    def acted(self, action):
        return [at for at, prompt in self.sent if prompt.action == action]

    @property
    def prompted(self):
        return self.acted(Prompt.SET)

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
    # What another demo left; from then on, only what is its own.
    assert len(tour.cleared) == 1
    removed = [at for at, prompt in tour.sent if prompt.action == Prompt.REMOVE]
    last = [max(at for at in removed if at // DWELL == each) for each in {*map(photo_at, removed)}]
    left = into_its_photo(last)
    assert len(left) == len(demo_photos())
    assert min(left) >= DWELL - module.LEAVE_SECONDS
    assert max(into_its_photo(tour.prompted)) < min(left)
    assert {*tour._targets} == {*followed(tour.sent)}


def photo_at(moment):
    return moment // DWELL


def followed(sent):
    """Return the objects that have a prompt after all that was sent."""
    last = {prompt.object_id: prompt.action for _, prompt in sent}
    return [object_id for object_id, action in last.items() if action == Prompt.SET]


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
    ours, tour.answering = {*tour._targets}, False
    tour.act_for(3 * module.REPEAT_SECONDS)
    removals = [prompt.object_id for _, prompt in tour.sent if prompt.action == Prompt.REMOVE]
    assert {*removals} >= ours
    assert len(removals) > len(ours)
    removed, before, tour.answering = tour.now, [*tour.prompted], True
    tour._leaving = {}
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
        _, targets = tour._pointer.targets(round(1e9 * tour.now))
        assert {*followed(tour.sent)} <= {target.object_id for target in targets}
        left |= set(into_its_photo(tour.acted(Prompt.REMOVE)))
    assert min(left) < DWELL - module.LEAVE_SECONDS


def test_the_object_that_a_user_took_over_goes_some_time_after_the_last_browser(tour):
    tour.act_for(1)
    refined = next(iter(tour._targets))
    user_clicks(tour, refined)
    # Whoever uses no page keeps it.
    tour.act_for(2 * KEPT_S)
    tour._on_shown(Header())
    before = len(tour.sent)
    tour.act_for(KEPT_S - 1)
    assert tour.sent[before:] == []
    tour.act_for(2)
    [(_, prompt)] = tour.sent[before:]
    assert (prompt.object_id, prompt.action) == (refined, Prompt.REMOVE)
    tour.act_for(KEPT_S)
    assert len(tour.sent) == before + 1


def test_a_click_that_comes_while_the_tour_leaves_a_photo_keeps_its_object(tour):
    tour.act_for(DWELL - module.LEAVE_SECONDS)
    tour.answering = False
    tour.act_for(module.LEAVE_SECONDS / 2)
    assert tour._leaving
    before = len(tour.sent)
    # Free again, one of the tour's ids may be that of the user's object.
    user_clicks(tour, next(iter(tour._leaving)))
    tour.act_for(3 * module.REPEAT_SECONDS)
    assert tour.sent[before:] == []
    assert len(tour.cleared) == 1


def test_masks_are_counted_whose_object_is_no_longer_the_demos(tour):
    tour._on_masks(MaskArray(masks=[Mask(object_id=3)]))
    assert tour.scoreboard.masks == 1
    assert tour.scoreboard._objects == {}
