"""Which engine answers under which policy, and the warning while the host replaces the sensor."""

import numpy as np
import pytest

from picosam_ros import Frame, Prompt
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.fallback import FAILED_AFTER, POLICIES, FallbackEngine
from picosam_ros.latency import Timing
from picosam_ros.mask import Mask
from picosam_ros.results import Segmentation, Unanswered
from picosam_ros.roi import Roi

PIXELS = np.zeros((48, 64, 3), np.uint8)
FRAME = Frame(PIXELS, no_output='it depends')
PROMPTS = [Prompt.from_point(9 * n, 20, object_id=n) for n in (3, 1, 2)]


class Scripted(Engine):
    """An engine that answers the objects that it is told to answer, and remembers its calls."""

    capabilities = description = warning = None

    def __init__(self, name, answers=(), **timing):
        self.name = name
        self.answers = set(answers)
        self.warning = ''
        self.capabilities = Capabilities(
            negative_points=name == 'host', boxes=True, boxes_with_points=False
        )
        self.description = {f'{name} is': 'here'}
        self.asked = []
        self.state = 'new'
        self._timing = Timing(**timing)

    def open(self):
        self.state = 'open'

    def close(self):
        self.state = 'closed'

    def segment_frame(self, frame, prompts):
        self.asked.append([prompt.object_id for prompt in prompts])
        answered = [p for p in prompts if p.object_id in self.answers]
        logits = np.ones((8, 8), np.float32)
        return Segmentation(
            tuple(Mask(p, logits, Roi.square(20, 20, 16), 64, 48, self.name, 1) for p in answered),
            tuple(Unanswered(p, f'{self.name} says no') for p in prompts if p not in answered),
            self._timing,
        )


@pytest.fixture
def sensor():
    return Scripted('sensor', [1], exposure=10.0, dnn=14.0, dsp=0.4, decode=0.0)


@pytest.fixture
def host():
    return Scripted('host', [1, 2, 3], preprocess=1.0, inference=8.0, decode=0.5)


@pytest.fixture
def fallback(sensor, host):
    return lambda policy: FallbackEngine(first=sensor, second=host, policy=policy)


def makers(made):
    return {mask.prompt.object_id: mask.engine for mask in made.masks}


# Policies


def test_fill_gaps_lets_the_host_answer_only_what_the_sensor_did_not(fallback, sensor, host):
    made = fallback('fill_gaps').segment(FRAME, PROMPTS)
    assert makers(made) == {3: 'host', 1: 'sensor', 2: 'host'}
    assert host.asked == [[3, 2]]
    assert not made.unanswered


def test_the_masks_of_both_are_in_the_order_of_the_prompts(fallback):
    made = fallback('fill_gaps').segment(FRAME, PROMPTS)
    assert [mask.prompt.object_id for mask in made.masks] == [3, 1, 2]


def test_what_neither_can_answer_is_unanswered_with_the_hosts_reason(fallback, host):
    host.answers = {2}
    made = fallback('fill_gaps').segment(FRAME, PROMPTS)
    assert makers(made) == {1: 'sensor', 2: 'host'}
    assert [(m.prompt.object_id, m.reason) for m in made.unanswered] == [(3, 'host says no')]


def test_the_stages_of_both_are_told(fallback):
    timing = fallback('fill_gaps').segment(FRAME, PROMPTS).timing
    assert (timing.exposure, timing.dnn, timing.dsp) == (10, 14, 0.4)
    assert (timing.preprocess, timing.inference, timing.decode) == (1, 8, 0.5)


def test_where_the_sensor_answered_all_the_host_is_not_asked(fallback, sensor, host):
    sensor.answers = {1, 2, 3}
    made = fallback('fill_gaps').segment(FRAME, PROMPTS)
    assert set(makers(made).values()) == {'sensor'}
    assert host.asked == []
    assert np.isnan(made.timing.inference)


def test_sensor_only_never_asks_the_host(fallback, sensor, host):
    engine = fallback('sensor_only')
    sensor.answers = set()
    for _ in range(2 * FAILED_AFTER):
        made = engine.segment(FRAME, PROMPTS)
        assert not made.masks
        assert {missing.reason for missing in made.unanswered} == {'sensor says no'}
    assert host.asked == []


def test_host_only_never_asks_the_sensor(fallback, sensor):
    assert set(makers(fallback('host_only').segment(FRAME, PROMPTS)).values()) == {'host'}
    assert sensor.asked == []


def test_on_failure_asks_the_host_once_the_sensor_has_been_silent_for_long(fallback, sensor, host):
    engine = fallback('on_failure')
    sensor.answers = set()
    for _ in range(FAILED_AFTER - 1):
        assert not engine.segment(FRAME, PROMPTS).masks
        assert not engine.failed
    assert makers(engine.segment(FRAME, PROMPTS)) == dict.fromkeys((3, 1, 2), 'host')
    assert engine.failed
    sensor.answers = {2}
    assert makers(engine.segment(FRAME, PROMPTS)) == {2: 'sensor'}
    assert len(host.asked) == 1


def test_one_answer_in_between_is_no_failure(fallback, sensor, host):
    engine = fallback('on_failure')
    for number in range(3 * FAILED_AFTER):
        sensor.answers = set() if (number + 1) % (FAILED_AFTER - 1) else {1}
        engine.segment(FRAME, PROMPTS)
    assert host.asked == []


def test_frames_without_prompts_say_nothing_about_the_sensor(fallback, sensor):
    engine = fallback('on_failure')
    sensor.answers = set()
    for _ in range(2 * FAILED_AFTER):
        engine.segment(FRAME, [])
    assert not engine.failed


def test_an_image_of_another_source_is_no_failure_of_the_sensor(fallback, sensor):
    engine = fallback('fill_gaps')
    for _ in range(2 * FAILED_AFTER):
        assert set(makers(engine.segment(Frame(PIXELS), PROMPTS)).values()) == {'host'}
    assert sensor.asked == []
    assert engine.warning == ''


# What is told


@pytest.mark.parametrize(
    ('policy', 'consequence'),
    [
        ('fill_gaps', 'the host computes the masks'),
        ('on_failure', 'the host computes the masks'),
        ('sensor_only', 'no masks'),
    ],
)
def test_the_switch_is_told_with_the_reason_and_so_is_the_way_back(
    fallback, sensor, policy, consequence
):
    engine = fallback(policy)
    sensor.answers = set()
    for _ in range(FAILED_AFTER - 1):
        engine.segment(FRAME, PROMPTS)
    assert engine.warning == ''
    engine.segment(FRAME, PROMPTS)
    assert engine.warning == (
        f'the sensor has not answered for {FAILED_AFTER} frames (sensor says no): {consequence}'
    )
    sensor.answers = {1}
    engine.segment(FRAME, PROMPTS)
    assert engine.warning == ''


def test_until_then_the_sensors_own_warning_is_told(fallback, sensor):
    sensor.warning = 'the driver refused the ROI'
    assert fallback('fill_gaps').warning == 'the driver refused the ROI'


def test_the_description_is_that_of_both_and_the_policy(fallback):
    assert fallback('on_failure').description == {
        'fallback policy': 'on_failure',
        'sensor is': 'here',
        'host is': 'here',
    }


@pytest.mark.parametrize('policy', POLICIES)
def test_only_what_every_engine_in_use_can_do_is_offered(fallback, policy):
    assert fallback(policy).capabilities == Capabilities(
        negative_points=policy == 'host_only', boxes=True, boxes_with_points=False
    )


@pytest.mark.parametrize('policy', POLICIES)
def test_what_the_policy_uses_is_opened_and_all_is_closed(fallback, sensor, host, policy):
    with fallback(policy):
        assert (sensor.state == 'open') == (policy != 'host_only')
        assert (host.state == 'open') == (policy != 'sensor_only')
    assert sensor.state == host.state == 'closed'
