"""Engines by name, for a camera whose sensor computes, and images that do not come from it."""

import numpy as np
import pytest

from picosam_ros import Frame, Prompt
from picosam_ros.engines import make_engine
from picosam_ros.engines.fallback import POLICIES, FallbackEngine
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.errors import EngineError

PIXELS = np.full((120, 160, 3), 90, np.uint8)
PROMPTS = [Prompt.from_point(60, 50)]


class Sensor:
    """Remembers where it was told to look."""

    def __init__(self):
        self.looked = []

    def look_at(self, roi):
        self.looked.append(roi)
        return len(self.looked)


@pytest.fixture
def sensor():
    return Sensor()


def test_auto_puts_the_host_behind_the_sensor(sensor, tiny_network):
    engine = make_engine('auto', sensor=sensor, fallback_policy='on_failure', model=tiny_network())
    assert type(engine) is FallbackEngine
    assert engine.description['fallback policy'] == 'on_failure'
    assert engine.description['network'] == 'in the sensor'
    assert engine.description['model'] == 'tiny.onnx'


def test_auto_without_a_sensor_is_the_host():
    assert type(make_engine('auto', fallback_policy='sensor_only')) is HostEngine


def test_the_host_has_no_sensor(sensor):
    assert type(make_engine('host')) is HostEngine
    with pytest.raises(
        EngineError, match=r"engine 'host' has no option sensor \(of auto, in_sensor"
    ):
        make_engine('host', sensor=sensor)


def test_in_sensor_is_the_sensor_alone(sensor):
    assert type(make_engine('in_sensor', sensor=sensor)) is InSensorEngine


def test_in_sensor_without_a_sensor_is_refused_with_what_to_do():
    with pytest.raises(EngineError, match=r'use camera imx500 .* or engine host'):
        make_engine('in_sensor')


def test_an_unknown_policy_is_refused_with_the_known_ones(sensor):
    with pytest.raises(EngineError, match=', '.join(POLICIES)):
        make_engine('auto', sensor=sensor, fallback_policy='hope')


@pytest.mark.parametrize('policy', POLICIES)
def test_an_image_of_another_source_is_the_hosts_and_moves_no_roi(policy, sensor, tiny_network):
    engine = make_engine('auto', sensor=sensor, fallback_policy=policy, model=tiny_network())
    with engine:
        made = engine.segment(Frame.from_array(PIXELS), PROMPTS)
    assert sensor.looked == []
    if policy == 'sensor_only':
        [missing] = made.unanswered
        assert missing.reason == 'this image does not come from the sensor'
    else:
        assert [mask.engine for mask in made.masks] == ['host']


def test_a_frame_of_the_sensor_without_a_tensor_does_place_the_roi(sensor, tiny_network):
    frame = Frame(PIXELS, no_output='no tensor came with this frame')
    with make_engine('auto', sensor=sensor, model=tiny_network()) as engine:
        made = engine.segment(frame, PROMPTS)
    assert len(sensor.looked) == 1
    assert [mask.engine for mask in made.masks] == ['host']
