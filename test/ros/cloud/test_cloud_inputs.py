"""What reaches the cloud of the images that arrive, by either synchroniser."""

from importlib.util import find_spec

import numpy as np
import pytest
from rclpy.serialization import serialize_message
from std_msgs.msg import Header

from picosam_ros.ros.cloud import inputs as module
from picosam_ros.ros.cloud.inputs import CloudInputs
from picosam_ros.ros.cloud.time_sync import MessageFiltersSynchronizer, TimeSynchronizer
from picosam_ros.ros.messages import to_image, to_time

MS = 1_000_000
START_MS = 100_000


def own(count, on_set, *, queue_size, slop_s):
    return TimeSynchronizer(count, on_set, queue_size=queue_size, slop_ns=round(1e9 * slop_s))


def filters(count, on_set, *, queue_size, slop_s):
    slop_ns = round(1e9 * slop_s)
    return MessageFiltersSynchronizer(count, on_set, queue_size=queue_size, slop_ns=slop_ns)


class Arrivals:
    """The inputs of a node, and what they handed over, by its milliseconds after START_MS."""

    def __init__(self, node):
        self.sets = []
        self.inputs = CloudInputs(
            node, ('label_mask', 'depth'), self._on_set, queue_size=2, slop_s=0.05
        )

    def arrive(self, name, *stamps_ms):
        """Feed images as the subscription does."""
        for ms in stamps_ms:
            header = Header(stamp=to_time((START_MS + ms) * MS), frame_id='lens')
            image = to_image(np.zeros((2, 2), np.uint8), 'mono8', header)
            self.inputs._on_image(name, serialize_message(image))

    def matches(self):
        """Give the component of /diagnostics."""
        return self.inputs.report(max_age_s=0.0, rectified=False)['matches']

    def _on_set(self, *images):
        self.sets.append(tuple(image.stamp_ns // MS - START_MS for image in images))


@pytest.fixture(
    params=[
        own,
        pytest.param(
            filters,
            marks=pytest.mark.skipif(
                find_spec('message_filters') is None,
                reason='message_filters is not on PyPI: apt brings it with ROS',
            ),
        ),
    ]
)
def arrivals(request, guarded, monkeypatch):
    monkeypatch.setattr(module, 'make_synchronizer', request.param)
    return Arrivals(guarded)


def test_serialised_images_of_one_moment_are_handed_over_in_the_order_of_the_names(arrivals):
    arrivals.arrive('depth', 0, 30)
    arrivals.arrive('label_mask', 10, 33)
    assert arrivals.sets == [(10, 0), (33, 30)]


def test_a_bag_that_begins_again_matches_again_and_nothing_of_its_last_round(arrivals):
    # Left of it, two stamps of the last round would fill each queue for ever.
    arrivals.arrive('label_mask', 5000, 5033)
    arrivals.arrive('depth', 4900)
    arrivals.arrive('label_mask', 0)
    arrivals.arrive('depth', 4933, 0)
    assert arrivals.sets == []
    arrivals.arrive('label_mask', 100, 200)
    arrivals.arrive('depth', 100, 200)
    assert arrivals.sets == [(100, 100), (200, 200)]


def test_diagnostics_have_the_count_of_each_input_the_sets_and_the_gap(arrivals):
    arrivals.arrive('label_mask', 0, 33, 66)
    arrivals.arrive('depth', 0, 0)
    values = arrivals.matches().values
    assert values['label_mask arrived'] == 3
    assert values['depth arrived'] == 2
    assert values['sets'] == 1
    assert values['depth newest minus label_mask ms'] == '-66.0'
    assert values['matched by'] == arrivals.inputs._synchronizer.name


def test_what_raises_where_a_set_is_taken_does_not_stop_the_next_ones(arrivals, monkeypatch):
    def fail(*_):
        raise RuntimeError('of the taker')

    with monkeypatch.context() as patched:
        patched.setattr(arrivals.inputs, '_on_set', fail)
        arrivals.arrive('label_mask', 0)
        with pytest.raises(RuntimeError):
            arrivals.arrive('depth', 0)
    arrivals.arrive('label_mask', 33)
    arrivals.arrive('depth', 33)
    assert arrivals.sets == [(33, 33)]
    assert arrivals.matches().values['sets'] == 2


def test_images_that_wait_match_no_more_once_the_topics_are_destroyed(arrivals):
    arrivals.arrive('label_mask', 0)
    arrivals.inputs.destroy()
    arrivals.arrive('depth', 0)
    assert arrivals.sets == []
