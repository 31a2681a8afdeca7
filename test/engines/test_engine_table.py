import re

import numpy as np
import pytest

from picosam_ros.engines import ENGINES, make_engine, open_engine
from picosam_ros.engines.base import Capabilities, Engine
from picosam_ros.engines.fallback import POLICIES, FallbackEngine
from picosam_ros.engines.host import HostEngine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.errors import EngineError, ModelError
from picosam_ros.models import DEFAULT_MODEL


class Sensor:
    """The camera, as far as engines know it."""

    def look_at(self, roi):
        return 1


IMAGE = np.zeros((48, 64, 3), np.uint8)


@pytest.mark.parametrize('name', ENGINES)
def test_every_name_makes_an_engine_from_the_options_that_it_lists(name, tmp_path):
    values = {
        'model': DEFAULT_MODEL,
        'threads': 1,
        'runtime': 'onnxruntime',
        'encoder': str(tmp_path / 'e.onnx'),
        'decoder': str(tmp_path / 'd.onnx'),
        'sensor': Sensor(),
        'fallback_policy': POLICIES[0],
    }
    own = ENGINES.options_of(name)
    engine = make_engine(name, **{option: values[option] for option in own})
    assert isinstance(engine, Engine)
    assert isinstance(engine.capabilities, Capabilities)
    for foreign in values.keys() - set(own):
        listed = own[0] if own else 'none'
        with pytest.raises(EngineError, match=f'has no option {foreign} .*it takes {listed}'):
            make_engine(name, **{foreign: values[foreign]})


def test_a_misspelt_option_is_refused_with_the_nearest_one():
    with pytest.raises(EngineError, match=r"no option tread \(did you mean 'threads'\?\)"):
        make_engine('host', tread=2)


def test_an_unknown_name_is_refused_with_the_known_ones():
    for factory in (make_engine, open_engine):
        with pytest.raises(EngineError) as refusal:
            factory('tpu')
        expected = f"engine 'tpu' was given; allowed are {', '.join(ENGINES)}"
        assert str(refusal.value) == expected


def test_options_reach_the_engine(tiny_network):
    engine = make_engine('host', model=tiny_network(), threads=3)
    assert isinstance(engine, HostEngine)
    assert engine.threads == 3
    assert engine.model.name == 'tiny.onnx'


def test_making_does_not_open_and_opening_does(tiny_network):
    path = tiny_network()
    with pytest.raises(EngineError, match='closed'):
        make_engine('host', model=path).segment(IMAGE, [])
    with open_engine('host', model=path) as engine:
        assert len(engine.segment(IMAGE, [])) == 0


def test_opening_an_engine_without_its_network_raises(tmp_path):
    path = tmp_path / 'gone.onnx'
    make_engine('host', model=str(path))
    with pytest.raises(ModelError, match=re.escape(str(path))):
        open_engine('host', model=str(path))


def test_the_engine_in_the_sensor_needs_a_camera_with_one():
    with pytest.raises(EngineError, match='no network runs in the sensor of this camera; use'):
        make_engine('in_sensor')
    assert isinstance(make_engine('in_sensor', sensor=Sensor()), InSensorEngine)


def test_auto_is_the_host_behind_the_sensor_where_there_is_one(tiny_network):
    path = tiny_network()
    assert isinstance(make_engine('auto', model=path), HostEngine)
    engine = make_engine('auto', sensor=Sensor(), fallback_policy='on_failure', model=path)
    assert isinstance(engine, FallbackEngine)
    assert engine.policy == 'on_failure'
    assert engine.description['model'] == 'tiny.onnx'


def test_an_unknown_policy_is_refused_with_the_known_ones(tiny_network):
    with pytest.raises(EngineError) as refusal:
        make_engine('auto', sensor=Sensor(), fallback_policy='hope', model=tiny_network())
    assert (
        str(refusal.value) == f"fallback_policy 'hope' was given; allowed are {', '.join(POLICIES)}"
    )


def test_the_cascade_is_what_the_sensor_or_the_host_makes_corrected_by_edgesam(tmp_path):
    files = {'encoder': str(tmp_path / 'e.onnx'), 'decoder': str(tmp_path / 'd.onnx')}
    engine = make_engine(
        'cascade', sensor=Sensor(), fallback_policy='on_failure', threads=2, **files
    )
    assert isinstance(engine._fast, FallbackEngine)
    assert engine._fast.policy == 'on_failure'
    assert (engine._slow.name, engine._slow.threads) == ('edgesam', 2)
    assert isinstance(make_engine('cascade', **files)._fast, HostEngine)
