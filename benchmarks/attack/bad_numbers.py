"""Numbers and texts that nobody foresees, in every field of every topic and service."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from copy import deepcopy
from itertools import cycle, islice
from tempfile import TemporaryDirectory
from typing import Any

from geometry_msgs.msg import Point, PointStamped
from sensor_msgs.msg import CameraInfo, Image
from sensor_msgs.srv import SetCameraInfo
from std_msgs.msg import Header
from std_srvs.srv import Trigger

from benchmarks.attack.target import SETTINGS, Target, masks_go_on, segmenter, unharmed
from benchmarks.report import Row
from benchmarks.rigs import scene
from benchmarks.rigs.client import Client, ros
from benchmarks.rigs.node_process import NodeProcess
from benchmarks.timing import isolated
from picosam_ros.msg import Box2D, Point2D, Prompt
from picosam_ros.ros.messages import to_image
from picosam_ros.srv import Segment

REALS = (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, -1.0, 0.0)
TEXTS = ('', 'x' * 4096, '\n', 'mono99', 'bayer_', 'ünïcödé', '../../etc')
LENGTHS = (0, 1, 4096)
CAMERA = SETTINGS | {'camera': 'photos'}
PAUSE_S = 0.005
CALL_S = 10.0
SMALL = 32


def run(count: int, seed: int) -> Iterator[Row]:
    """Send `count` messages and calls, a part of them to each node."""
    share = max(count // 3, 1)
    for part in (_segmenter, _cloud, _camera):
        # ROS starts once in a process.
        yield from isolated(part, share, seed)


def _segmenter(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    with segmenter() as target:
        before, target.answers = target.begin(), 0
        topics = {
            'prompt': _prompt(),
            'prompt_point': PointStamped(point=Point(x=9.0, y=9.0)),
            'image_mouse_left': Point(x=9.0, y=9.0),
            'clicked_point': PointStamped(point=Point(z=1.0)),
        }
        others = {'image': _image(), 'camera_info': _camera_info()}
        sent = _send(target.client, topics, count // 2, rng)
        rows = [*_prompts_answered(target, sent)]
        _send(target.client, others, count // 4, rng)
        request = Segment.Request(image=_image(), prompts=[_prompt()])
        calls = [*_drawn(request, max(count // 4, 1), rng)]
        rows += _called(target.client, Segment, '/segmenter/segment', calls)
        target.client.ask(Trigger, '/segmenter/clear_prompts', Trigger.Request())
        target.masks = 0
        target.begin()
        rows.append(masks_go_on(target, 'segmenter, afterwards'))
        return [*rows, *_named('segmenter', unharmed(target.process, before))]


def _cloud(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    with ros(), NodeProcess('cloud') as process:
        client = Client(process)
        client.wait_for(lambda: client.report('cloud'))
        before = process.footprint()
        depth = to_image(scene.image()[:SMALL, :SMALL, 0].copy(), 'mono8', _header())
        depth.encoding, depth.step = '16UC1', 2 * (SMALL // 2)
        depth.width = SMALL // 2
        labels = to_image(scene.image()[:SMALL, :SMALL, 0].copy(), 'mono8', _header())
        topics = {'label_mask': labels, 'depth': depth, 'camera_info': _camera_info()}
        topics['confidence'] = labels
        _send(client, topics, count, rng)
        rows = [Row('cloud: no report afterwards', int(not client.report('cloud')), '', 0)]
        rows += _named('cloud', unharmed(process, before))
        client.close()
        return rows


def _camera(count: int, seed: int) -> list[Row]:
    rng = random.Random(seed)
    with (
        TemporaryDirectory() as folder,  # set_camera_info writes what it accepts
        ros(),
        NodeProcess('camera', CAMERA | {'camera_info_url': f'{folder}/info.yaml'}) as process,
    ):
        client = Client(process)
        client.wait_for(lambda: client.report('camera'))
        before = process.footprint()
        topics = {'prompt': _prompt(), 'clicked_point': PointStamped(point=Point(z=1.0))}
        _send(client, topics, count // 2, rng)
        request = SetCameraInfo.Request(camera_info=_camera_info())
        calls = [*_drawn(request, max(count // 2, 1), rng)]
        rows = _called(client, SetCameraInfo, '/camera/set_camera_info', calls)
        rows += [Row('camera: no report afterwards', int(not client.report('camera')), '', 0)]
        rows += _named('camera', unharmed(process, before))
        client.close()
        return rows


def _named(node: str, rows: Iterator[Row]) -> list[Row]:
    return [Row(f'{node}: {row.name}', row.value, row.unit, row.target, row.note) for row in rows]


def _send(client: Client, topics: dict[str, Any], count: int, rng: random.Random) -> int:
    """Publish `count` bad messages on the topics in turn; return how many."""
    publishers = {name: client.publisher(type(base), name) for name, base in topics.items()}
    client.wait_for(lambda: all(p.get_subscription_count() for p in publishers.values()), 5.0)
    drawn = {name: _drawn(base, count, rng) for name, base in topics.items()}
    for name in islice(cycle(topics), count):
        publishers[name].publish(next(drawn[name]))
        client.serve(PAUSE_S)
    client.serve(0.5)
    for publisher in publishers.values():
        client.node.destroy_publisher(publisher)
    return count


def _prompts_answered(target: Target, sent: int) -> Iterator[Row]:
    target.client.wait_for(lambda: target.answers >= sent, CALL_S)
    note = f'{sent} sent, {target.answers} answered'
    yield Row('bad prompts without an answer', max(sent - target.answers, 0), '', 0, note)


def _called(client: Client, kind: Any, name: str, requests: list[Any]) -> list[Row]:
    silent = answered = 0
    service = client.node.create_client(kind, name)
    client.wait_for(service.service_is_ready)
    for request in requests:
        future = service.call_async(request)
        client.wait_for(future.done, CALL_S)
        silent, answered = silent + (not future.done()), answered + future.done()
        if silent > 2:
            break  # it hears no more: the time is for the other facts
    client.node.destroy_client(service)
    return [Row(f'bad calls of {name} without an answer', silent, '', 0, f'{answered} answered')]


def _drawn(base: Any, count: int, rng: random.Random) -> Iterator[Any]:
    """Give `count` copies of a message with one bad field each, all fields and values in turn."""
    bad = [*_mutations(base)]
    rng.shuffle(bad)
    for path, value in islice(cycle(bad), count):
        message = deepcopy(base)
        *way, name = path
        part = message
        for step in way:
            part = getattr(part, step) if isinstance(step, str) else part[step]
        setattr(part, name, value)
        yield message


def _mutations(message: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[tuple[Any, ...], Any]]:
    """Give the path of every field, each with every bad value that its type can carry."""
    for name, kind in message.get_fields_and_field_types().items():
        value, path = getattr(message, name), (*way, name)
        if hasattr(value, 'get_fields_and_field_types'):
            yield from _mutations(value, path)
            continue
        yield from ((path, bad) for bad in _bad_values(kind, value))
        if isinstance(value, list) and value and hasattr(value[0], 'SLOT_TYPES'):
            yield from _mutations(value[0], (*path, 0))


def _bad_values(kind: str, value: Any) -> Iterator[Any]:
    if kind in ('double', 'float'):
        largest = 3e38 if kind == 'float' else math.inf
        yield from (max(min(real, largest), -largest) for real in REALS)
    elif kind == 'boolean':
        yield from (True, False)
    elif kind.startswith('string'):
        yield from TEXTS
    elif 'int' in kind and '[' not in kind and '<' not in kind:
        bits, signed = int(kind.lstrip('uint')), not kind.startswith('u')
        top = 2 ** (bits - signed) - 1
        yield from ({0, 1, top, top // 2, -1, -top - 1} if signed else {0, 1, top, top // 2})
    elif 'double[' in kind:
        yield from ([real] * len(value) for real in REALS)
    elif 'sequence<double' in kind:
        yield from ([real] * 5 for real in REALS)
        yield from ([0.0] * length for length in LENGTHS)
    elif 'sequence<uint8' in kind:
        yield from (bytes(length) for length in LENGTHS)
    elif 'sequence<' in kind:
        yield from ([deepcopy(value[0])] * length for length in LENGTHS if value)


def _header() -> Header:
    return Header(frame_id='camera')


def _image() -> Image:
    return to_image(scene.image()[:SMALL, :SMALL].copy(), 'rgb8', _header())


def _camera_info() -> CameraInfo:
    k = [50.0, 0.0, 15.5, 0.0, 50.0, 15.5, 0.0, 0.0, 1.0]
    p = [50.0, 0.0, 15.5, 0.0, 0.0, 50.0, 15.5, 0.0, 0.0, 0.0, 1.0, 0.0]
    r = [1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]
    return CameraInfo(
        header=_header(),
        width=SMALL,
        height=SMALL,
        distortion_model='plumb_bob',
        d=[0.0] * 5,
        k=k,
        r=r,
        p=p,
    )


def _prompt() -> Prompt:
    return Prompt(
        object_id=3, points=[Point2D(x=9.0, y=9.0)], box=Box2D(x0=1.0, y0=1.0, x1=9.0, y1=9.0)
    )
