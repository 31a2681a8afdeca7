import math

import pytest

from picosam_ros.ros.connections import Connection
from picosam_ros.ros.diagnostics import ERROR, OK, STALE, WARN
from picosam_ros.ros.stream_health import Expected, Source, duration_text, input_status
from picosam_ros.stream_stats import StreamStats

ANYTHING = Expected()
SOURCE = Source('/eye/image', 'does it run?')
CONNECTION = Connection('/eye/image', 1, True, ())
GOOD = StreamStats(
    rate=30.0, span_s=5.0, silence_s=0.02, ages_s=(0.004, 0.005, 0.02), frame_ids=('lens',)
)


def judge(expected=ANYTHING, connection=CONNECTION, source=SOURCE, **changes):
    stats = StreamStats(**{**vars(GOOD), **changes})
    return input_status(stats, expected, source, connection, {'results': 7})


def test_images_that_are_as_expected_are_ok_with_their_figures():
    status = judge(Expected(rate=30.0, max_age_s=1.0))
    assert (status.level, status.message) == (OK, 'images arrive')
    assert status.values == {
        'rate Hz': '30.0',
        'last image s ago': '0.0',
        'arrival minus stamp min/median/max ms': '4.0 / 5.0 / 20.0',
        'frame_id': 'lens',
        'results': 7,
    }


@pytest.mark.parametrize(
    ('expected', 'timeout_s'),
    [
        (Expected(), 2.0),
        (Expected(rate=30.0), 2.0),
        (Expected(rate=0.5), 6.0),
        (Expected(rate=30.0, period_s=10.0), 30.0),
    ],
)
def test_an_image_is_missed_after_two_seconds_or_three_periods(expected, timeout_s):
    assert expected.timeout_s == timeout_s
    assert judge(expected, silence_s=0.9 * timeout_s).level != STALE
    assert judge(expected, silence_s=1.1 * timeout_s).level == STALE


@pytest.mark.parametrize(
    ('connection', 'level', 'rest'),
    [
        (
            CONNECTION,
            STALE,
            ', which has 1 publisher: is the camera streaming? has the',
        ),
        (Connection('/eye/image', 0, True, ()), STALE, ': it has no publisher; does it run?'),
        (Connection('/eye/image', 1, True, ('wrong type',)), ERROR, ': wrong type'),
        (None, STALE, ': does it run?'),
    ],
)
def test_silence_is_told_with_what_is_known_about_the_topic(connection, level, rest):
    status = judge(connection=connection, silence_s=7.25)
    assert status.level == level
    assert status.message.startswith(f'no image from /eye/image for 7.25 s{rest}')


def test_before_the_first_image_silence_is_a_warning():
    status = judge(silence_s=math.inf, rate=math.nan, ages_s=(), frame_ids=())
    assert status.level == WARN
    assert status.message.startswith('no image yet from /eye/image, which has 1 publisher')
    assert status.values == {'results': 7}


@pytest.mark.parametrize(
    ('ages_s', 'level'),
    [
        ((-0.05, 0.0, 0.1), OK),
        ((-0.2, 0.0, 0.1), WARN),
        ((0.5, 0.9, 3.0), OK),
        ((0.5, 1.1, 3.0), WARN),
    ],
)
def test_one_stamp_of_the_future_or_most_of_the_past_are_too_many(ages_s, level):
    assert judge(Expected(max_age_s=1.0), ages_s=ages_s).level == level
    assert judge(ages_s=ages_s).level == (WARN if ages_s[0] < -0.1 else OK)


def test_a_warning_about_the_age_says_how_to_silence_it():
    status = judge(Expected(max_age_s=1.0), ages_s=(7000.0, 7300.0, 8000.0))
    assert status.message == (
        "stamps are 2.03 h old on arrival: is the camera's clock synchronised? is use_sim_time "
        'right? (max_age is 1 s, 0 accepts any)'
    )


@pytest.mark.parametrize(
    ('rate', 'span_s', 'level'),
    [(23.0, 5.0, WARN), (25.0, 5.0, OK), (35.0, 5.0, OK), (37.0, 5.0, WARN), (3.0, 1.0, OK)],
)
def test_a_rate_is_judged_after_two_seconds_within_a_fifth(rate, span_s, level):
    assert judge(Expected(rate=30.0), rate=rate, span_s=span_s).level == level
    assert judge(rate=rate, span_s=span_s).level == OK


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (0.0123, '12 ms'),
        (0.999, '0.999 s'),
        (12.34, '12.3 s'),
        (300, '5 min'),
        (10_000, '2.78 h'),
        (1.7e9, '19,676 days'),
    ],
)
def test_a_duration_is_told_in_a_unit_that_fits(seconds, text):
    assert duration_text(seconds) == text
