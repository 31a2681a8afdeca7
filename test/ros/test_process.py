import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest
from helpers.harness import PATIENCE
from helpers.installed import prefix
from std_msgs.msg import Empty

from picosam_ros.ros import process

SETTINGS = (*process.PROFILE_VARIABLES, 'FASTDDS_BUILTIN_TRANSPORTS')
XMLNS = '{http://www.eprosima.com/XMLSchemas/fastRTPS_Profiles}'
# A 4K picture of three bytes per pixel.
LARGEST = 3840 * 2160 * 3
LARGEST_OVERLAY = 1920 * 1080 * 3


@pytest.fixture
def unset(monkeypatch):
    """Leave nothing set, and restore what `use_shipped_profile` sets."""
    for name in SETTINGS:
        monkeypatch.setenv(name, '')
        monkeypatch.delenv(name)


def inside(element, *names):
    for name in names:
        element = element.find(XMLNS + name)
    return element


@pytest.mark.usefixtures('unset')
def test_the_shipped_profile_is_used_where_the_user_set_none():
    profile = process.use_shipped_profile()
    assert profile is not None
    assert [os.environ[name] for name in SETTINGS if name in os.environ] == [str(profile)]


@pytest.mark.usefixtures('unset')
@pytest.mark.parametrize(
    ('library', 'variable'),
    [('fastrtps', process.PROFILE_VARIABLES[0]), ('fastdds', process.PROFILE_VARIABLES[1])],
)
def test_the_variable_is_the_one_that_this_fast_dds_reads(library, variable, tmp_path, monkeypatch):
    monkeypatch.setattr(process, '_share', lambda package: tmp_path / package)
    (tmp_path / library).mkdir()
    profile = tmp_path / 'picosam_ros' / 'config' / 'fastdds.xml'
    profile.parent.mkdir(parents=True)
    profile.touch()
    assert process.use_shipped_profile() == profile
    assert {name for name in SETTINGS if name in os.environ} == {variable}


@pytest.mark.usefixtures('unset')
@pytest.mark.parametrize('name', SETTINGS)
def test_what_the_user_set_stands(name, monkeypatch):
    monkeypatch.setenv(name, 'mine')
    assert process.use_shipped_profile() is None
    assert {key: os.environ[key] for key in SETTINGS if key in os.environ} == {name: 'mine'}


@pytest.mark.usefixtures('unset')
def test_a_second_call_changes_nothing():
    process.prepare()
    before = dict(os.environ)
    process.prepare()
    assert dict(os.environ) == before


@pytest.mark.usefixtures('unset')
def test_an_environment_without_the_file_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(process, '_share', lambda package: tmp_path / package)
    assert process.use_shipped_profile() is None
    assert not set(SETTINGS) & set(os.environ)


@pytest.mark.usefixtures('unset')
def test_the_profile_is_found_in_an_environment_that_nobody_sourced(monkeypatch):
    monkeypatch.setattr(sys, 'prefix', str(prefix()))
    monkeypatch.setenv('AMENT_PREFIX_PATH', '/nowhere')
    profile = process.use_shipped_profile()
    assert profile is not None
    assert profile.is_relative_to(sys.prefix)


@pytest.mark.usefixtures('unset')
@pytest.mark.parametrize(
    ('name', 'largest'), [(process.SENDS_IMAGES, LARGEST), (process.SENDS_MASKS, LARGEST_OVERLAY)]
)
def test_a_profile_has_room_for_what_is_sent_in_shared_memory_and_keeps_udp(name, largest):
    root = ElementTree.parse(process.use_shipped_profile(name)).getroot()
    descriptors = inside(root, 'transport_descriptors')
    by_type = {inside(each, 'type').text: each for each in descriptors}
    assert set(by_type) == {'SHM', 'UDPv4'}
    assert int(inside(by_type['SHM'], 'segment_size').text) >= largest
    participant = inside(root, 'participant')
    assert participant.get('is_default_profile') == 'true'
    used = [each.text for each in inside(participant, 'rtps', 'userTransports')]
    assert used == [inside(each, 'transport_id').text for each in descriptors]
    assert inside(participant, 'rtps', 'useBuiltinTransports').text == 'false'


@pytest.mark.usefixtures('unset')
def test_the_profiles_differ_in_the_size_of_the_segment_alone(monkeypatch):
    sizes, others = [], []
    for name in (process.SENDS_IMAGES, process.SENDS_MASKS):
        root = ElementTree.parse(process.use_shipped_profile(name)).getroot()
        for variable in process.PROFILE_VARIABLES:
            monkeypatch.delenv(variable, raising=False)
        [size] = root.iter(XMLNS + 'segment_size')
        sizes.append(int(size.text))
        size.text = ''
        others.append(ElementTree.canonicalize(ElementTree.tostring(root)))
    assert sizes[1] < sizes[0]
    assert others[0] == others[1]


def in_a_process(program, **settings):
    environment = {k: v for k, v in os.environ.items() if not k.startswith('MALLOC_')}
    answer = subprocess.run(
        [sys.executable, '-c', program],
        env=environment | settings,
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.strip()


@pytest.mark.usefixtures('unset')
@pytest.mark.parametrize(
    ('node', 'profile'),
    [
        ('camera', process.SENDS_IMAGES),
        ('segmenter', process.SENDS_MASKS),
        ('viewer', process.SENDS_MASKS),
    ],
)
def test_a_node_holds_shared_memory_for_what_it_sends(node, profile):
    # A file of parameters that is not there ends it before it joins others.
    program = (
        f'import os, sys; from picosam_ros.nodes import {node};'
        'sys.argv[1:] = ["--ros-args", "--params-file", "/nowhere"];'
        f'assert {node}.main() == 1;'
        f'print(*(os.environ[n] for n in {process.PROFILE_VARIABLES} if n in os.environ))'
    )
    assert Path(in_a_process(program)).name == profile


def test_malloc_is_tuned_only_where_the_user_did_not_do_it():
    program = 'from picosam_ros.ros.process import tune_malloc; print(tune_malloc())'
    assert in_a_process(program) == 'True'
    assert in_a_process(program, MALLOC_MMAP_THRESHOLD_='100000') == 'False'


def test_the_heap_is_shared_only_where_the_user_did_not_set_it():
    program = 'from picosam_ros.ros.process import share_one_heap; print(share_one_heap())'
    assert in_a_process(program) == 'True'
    assert in_a_process(program, MALLOC_ARENA_MAX='4') == 'False'


def test_the_heap_is_shared_before_numpy_starts_threads():
    program = (
        'import sys; from picosam_ros.ros import process;'
        'process.share_one_heap = lambda: print("numpy" in sys.modules);'
        'import picosam_ros.nodes.segmenter'
    )
    assert in_a_process(program) == 'False'


def test_a_c_library_without_mallopt_is_no_error(monkeypatch):
    for name in ('MALLOC_MMAP_THRESHOLD_', 'MALLOC_ARENA_MAX'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(process.ctypes, 'CDLL', lambda _: object())
    assert process.tune_malloc() is False
    assert process.share_one_heap() is False


@pytest.mark.parametrize('fast', [True, False], ids=['events', 'without events'])
def test_the_executor_serves_messages_and_timers_until_it_is_told(fast, node, monkeypatch):
    if not fast:
        monkeypatch.setitem(sys.modules, 'rclpy.experimental', None)
    executor = process.make_executor()
    heard, ticks = [], []
    node.create_subscription(Empty, 'topic', heard.append, 10)
    publisher = node.create_publisher(Empty, 'topic', 10)
    node.create_timer(0.01, lambda: publisher.publish(ticks.append(0) or Empty()))
    executor.add_node(node)
    deadline = time.monotonic() + PATIENCE
    faults = []
    process.spin(
        executor,
        until=lambda: len(heard) >= 3 or time.monotonic() > deadline,
        on_error=faults.append,
    )
    executor.shutdown()
    assert not faults
    assert len(heard) >= 3
    assert len(ticks) >= 3


@pytest.mark.parametrize('fast', [True, False], ids=['events', 'without events'])
def test_an_error_that_leaves_the_executor_is_told_and_the_others_are_served(
    fast, node, monkeypatch
):
    if not fast:
        monkeypatch.setitem(sys.modules, 'rclpy.experimental', None)
    executor = process.make_executor()
    faults, ticks = [], []
    node.create_timer(0.01, lambda: 1 / 0)
    node.create_timer(0.01, lambda: ticks.append(0))
    executor.add_node(node)
    deadline = time.monotonic() + PATIENCE
    process.spin(
        executor,
        until=lambda: len(faults) > 2 < len(ticks) or time.monotonic() > deadline,
        on_error=faults.append,
    )
    executor.shutdown()
    assert {type(fault) for fault in faults} == {ZeroDivisionError}
    assert len(ticks) > 2


@pytest.mark.parametrize('end', [KeyboardInterrupt, SystemExit])
def test_what_is_to_end_the_process_passes(end):
    class Ending:
        def spin_once(self, timeout_sec):
            raise end

    faults = []
    with pytest.raises(end):
        process.spin(Ending(), on_error=faults.append)
    assert not faults


def test_the_events_executor_is_taken_where_rclpy_has_one():
    pytest.importorskip('rclpy.experimental', reason='rclpy before Jazzy')
    executor = process.make_executor()
    executor.shutdown()
    assert type(executor).__name__ == 'EventsExecutor'
