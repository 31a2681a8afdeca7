import numpy as np
import pytest

from picosam_ros.errors import PromptError
from picosam_ros.frame import Frame
from picosam_ros.prompts import recent_frames
from picosam_ros.prompts.recent_frames import NOT_KEPT, RecentFrames, is_about_stamp, noted
from picosam_ros.results import Answer, PromptState

SECOND = 1_000_000_000
START = 1000 * SECOND


def frame(stamp_ns, frame_id='lens', width=8):
    return Frame(np.zeros((6, width, 3), np.uint8), stamp_ns, frame_id)


def seen(*frames, **options):
    recent = RecentFrames(**options)
    for each in frames:
        recent.add(each)
    return recent


def bind(recent, stamp_ns=0, frame_id='', *, now_ns=START, max_age_s=1.0):
    return recent.find(stamp_ns, frame_id, now_ns=now_ns, max_age_s=max_age_s)


def test_a_stamp_of_a_frame_that_is_kept_means_that_very_frame():
    frames = [frame(START + index) for index in range(5)]
    recent = seen(*frames)
    for each in frames:
        assert bind(recent, each.stamp_ns) is each


def test_no_stamp_means_the_newest_frame():
    assert bind(seen(frame(START))) is None


def test_before_the_first_frame_a_header_means_nothing_yet():
    assert bind(RecentFrames(), 5, 'anywhere') is None


def test_a_stamp_between_the_frames_is_for_the_newest_one_while_it_is_young_enough():
    recent = seen(frame(START))
    assert bind(recent, START - SECOND) is None
    with pytest.raises(PromptError) as refused:
        bind(recent, START - 3 * SECOND)
    assert str(refused.value).startswith(
        'stamp 997.000000000 was given, and the newest image has 1000.000000000: the prompt is '
        '3 s old, allowed are 1 s (parameter prompt_max_age)'
    )


def test_a_frame_that_is_kept_is_never_too_old():
    old = frame(START)
    recent = seen(old, frame(START + 100 * SECOND))
    assert bind(recent, START, now_ns=START + 100 * SECOND) is old


def test_the_age_is_counted_on_the_cameras_clock_wherever_that_is():
    # A bag of last year, played without its clock.
    recent = seen(frame(START))
    now_ns = START + 10**7 * SECOND
    assert bind(recent, START - SECOND // 2, now_ns=now_ns) is None
    with pytest.raises(PromptError, match='2 s old'):
        bind(recent, START - 2 * SECOND, now_ns=now_ns)


def test_a_stamp_of_the_future_is_refused_with_both_times():
    recent = seen(frame(START))
    assert bind(recent, START + SECOND // 10) is None
    with pytest.raises(PromptError) as refused:
        bind(recent, START + SECOND // 2)
    assert str(refused.value).startswith(
        'stamp 1000.500000000 was given, and it is 1000.000000000 now: 0.5 s in the future, '
        'allowed are 0.1 s'
    )


def test_a_camera_whose_clock_is_ahead_has_prompts_of_its_own_time():
    recent = seen(frame(START + 9 * SECOND))
    assert bind(recent, START + 9 * SECOND - 1) is None


def test_another_frame_id_is_refused_with_both_whatever_the_stamp():
    recent = seen(frame(START))
    for stamp_ns in (0, START, START - 1):
        with pytest.raises(PromptError, match=r"'map' was given, and the images are in 'lens'"):
            bind(recent, stamp_ns, 'map')
        bind(recent, stamp_ns, 'lens')


def test_images_without_a_frame_id_take_prompts_of_any():
    bind(seen(frame(START, frame_id='')), START, 'map')


def test_only_the_last_frames_are_kept():
    frames = [frame(START + index) for index in range(5)]
    recent = seen(*frames, limit=3)
    assert [bind(recent, each.stamp_ns) for each in frames] == [None, None, *frames[2:]]


def test_large_frames_are_kept_for_a_shorter_time_and_the_newest_always():
    frames = [frame(START + index) for index in range(5)]
    size = frames[0].pixels.nbytes
    recent = seen(*frames, limit_bytes=2 * size)
    assert [bind(recent, each.stamp_ns) for each in frames] == [None, None, None, *frames[3:]]
    assert seen(*frames, limit_bytes=size - 1).newest is frames[-1]


def test_frames_of_another_size_are_forgotten():
    recent = seen(frame(START), frame(START + 1, width=9))
    assert bind(recent, START) is None
    assert recent.newest.width == 9


def test_a_clock_that_jumped_back_starts_anew():
    recent = seen(frame(START), frame(START - 60 * SECOND))
    assert bind(recent, START - 60 * SECOND - 1, now_ns=START - 60 * SECOND) is None


def test_nothing_is_left_after_clearing():
    recent = seen(frame(START))
    recent.clear()
    assert recent.newest is None
    assert bind(recent, START) is None


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_a_frame_that_is_looked_at_is_kept_for_as_long_as_that_goes_on():
    clock = Clock()
    recent = RecentFrames(clock=clock)
    shown = frame(START)
    recent.add(shown)
    assert recent.keep(START)
    for step in range(1, 1000):
        clock.now += recent_frames.LOOK_S / 4
        recent.add(frame(START + step))
        recent.keep(START)
        assert bind(recent, START) is shown
    clock.now += recent_frames.LOOK_S
    recent.add(frame(START + 1000))
    assert bind(recent, START) is None


def test_frames_that_are_looked_at_are_bounded_and_the_ones_not_asked_for_go_first():
    size = frame(START).pixels.nbytes
    recent = RecentFrames(limit=2, limit_bytes=10 * size, clock=Clock())
    frames = [frame(START + index) for index in range(200)]
    for each in frames:
        recent.add(each)
        recent.keep(each.stamp_ns)
        recent.keep(START)
    kept = [each for each in frames if bind(recent, each.stamp_ns) is each]
    assert kept == [frames[0], *frames[-9:]]
    few = RecentFrames(limit=2, clock=Clock())
    for each in frames:
        few.add(each)
        few.keep(each.stamp_ns)
    assert len(few._looked_at) == recent_frames.MAX_LOOKED_AT


def test_what_a_slow_engine_answered_is_kept_while_newer_frames_come():
    answered = [frame(START + index) for index in range(10)]
    recent = RecentFrames()
    for each in answered:
        recent.add(each)
        recent.answered(each)
        for step in range(100):
            recent.add(frame(each.stamp_ns + SECOND + step))
    kept = [each for each in answered if bind(recent, each.stamp_ns, max_age_s=9.0) is each]
    assert kept == answered[-recent_frames.ANSWERED :]


def test_a_frame_that_is_not_there_is_not_kept():
    recent = seen(frame(0), frame(START))
    assert not recent.keep(START - 1)
    assert not recent.keep(0)


def test_frames_of_another_size_are_not_looked_at_any_more():
    recent = seen(frame(START))
    recent.keep(START)
    recent.add(frame(START + 1, width=9))
    recent.answered(frame(START))
    assert bind(recent, START) is None


def test_who_prompts_for_a_frame_that_is_not_kept_is_told_that_the_newest_one_was_taken():
    accepted, clamped = Answer(1, PromptState.ACCEPTED), Answer(1, PromptState.CLAMPED, 'box')
    assert noted(accepted, START, None).reason == NOT_KEPT
    for answer, stamp, made_for in ((accepted, 0, None), (accepted, START, frame(START)),
                                    (clamped, START, None)):  # fmt: skip
        assert noted(answer, stamp, made_for) is answer


def test_a_refusal_for_the_stamp_is_known_from_any_other():
    recent = seen(frame(START))
    for stamp_ns, frame_id, about in ((START - 9 * SECOND, '', True), (2 * START, '', True),
                                      (START, 'map', False)):  # fmt: skip
        with pytest.raises(PromptError) as refused:
            bind(recent, stamp_ns, frame_id)
        assert is_about_stamp(str(refused.value)) == about


def test_a_kept_frame_is_given_by_its_stamp_and_no_stamp_means_the_newest():
    frames = [frame(START + index) for index in range(3)]
    recent = seen(*frames)
    assert recent.kept(START + 1) is frames[1]
    assert recent.kept(0, 'lens') is frames[2]


@pytest.mark.parametrize(
    ('stamp_ns', 'frame_id', 'reason'),
    [
        (START + 1, '', 'the image of stamp 1000.000000001 is not kept; kept are the last ones'),
        (START, 'other', "frame_id 'other' was given"),
    ],
)
def test_what_is_not_kept_is_refused_with_what_to_do(stamp_ns, frame_id, reason):
    with pytest.raises(PromptError, match=reason):
        seen(frame(START)).kept(stamp_ns, frame_id)


def test_nothing_is_kept_before_the_first_frame():
    with pytest.raises(PromptError, match='no image has arrived yet'):
        RecentFrames().kept(0)


def test_frames_of_one_picture_have_one_memory_and_count_once():
    pixels = frame(0).pixels
    shown = [Frame(pixels, START + index, 'lens') for index in range(4)]
    recent = seen(*shown, limit_bytes=pixels.nbytes)
    assert bind(recent, START) is shown[0]
    for each in shown[:2]:
        recent.answered(each)
        assert recent.keep(each.stamp_ns)
    recent.add(frame(START + 10))
    recent.add(frame(START + 11))
    recent.answered(frame(START + 11))
    assert bind(recent, START + 2) is None
