import pytest
from rclpy.serialization import deserialize_message
from std_msgs.msg import Header

from picosam_ros.msg import Box2D, Point2D, Prompt
from picosam_ros.prompt import Box, Point
from picosam_ros.ros.messages import to_time
from picosam_ros.wire.prompts import serialise_prompt, serialise_removal

STAMP_NS = 12_000_000_034
HEADER = Header(stamp=to_time(STAMP_NS))


@pytest.mark.parametrize('count', range(3))
@pytest.mark.parametrize(('refine', 'step'), [(False, 0), (True, -3)])
def test_the_bytes_are_those_of_the_message(count, refine, step):
    points = [Point(1.5 + number, 2.25, number != 1) for number in range(count)]
    box = None if points else Box(1.0, 2.0, 30.5, 40.25)
    written = serialise_prompt(STAMP_NS, 7, points, box, refine=refine, size_step=step)
    expected = Prompt(
        header=HEADER,
        action=Prompt.REFINE if refine else Prompt.SET,
        object_id=7,
        points=[Point2D(x=each.x, y=each.y, label=int(each.positive)) for each in points],
        box=Box2D(x0=box.x0, y0=box.y0, x1=box.x1, y1=box.y1) if box else Box2D(),
        size_step=step,
    )
    assert deserialize_message(written, Prompt) == expected


def test_a_removal_has_its_object_and_nothing_else():
    written = deserialize_message(serialise_removal(STAMP_NS, 9), Prompt)
    assert written == Prompt(header=HEADER, action=Prompt.REMOVE, object_id=9)
