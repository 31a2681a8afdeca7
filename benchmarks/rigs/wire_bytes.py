"""Bytes of messages on a network: two processes, each in a network namespace, and a cable."""

from __future__ import annotations

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from benchmarks.rigs.stream import QUEUE, ROOT, TIMEOUT_S

RATE = 30.0
_CABLE = ('picosam_a', 'picosam_b')
_ADDRESSES = ('10.78.0.1/24', '10.78.0.2/24')
# Discovery is through by then; acknowledgements of the last message have come.
_QUIET_S = 2.0


def sent(messages: Mapping[str, tuple[str, bytes]], frames: int, folder: Path) -> dict[str, float]:
    """Return the bytes that one message takes on the cable, both ways, headers included.

    Args:
        messages: name to type, as picosam_ros/msg/MaskArray, and serialised message.
        frames: messages of each, at RATE.
        folder: for files.

    Raises:
        OSError, subprocess.CalledProcessError: namespaces need root, and the command ip.

    """
    for number, (_, message) in enumerate(messages.values()):
        (folder / str(number)).write_bytes(message)
    topics = [kind for kind, _ in messages.values()]
    given = json.dumps({'topics': topics, 'folder': str(folder), 'frames': frames})
    environment = os.environ | {
        # Nobody else is on that cable, whatever the domain.
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'SUBNET',
        # Namespaces share the memory of the machine.
        'FASTDDS_BUILTIN_TRANSPORTS': 'UDPv4',
    }
    subprocess.run(['unshare', '--net', 'true'], check=True, capture_output=True)
    processes = [
        subprocess.Popen(
            ['unshare', '--net', sys.executable, '-m', __name__, role, given],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for role in ('publish', 'subscribe')
    ]
    try:
        for process in processes:
            _line(process)  # it is in its namespace
        _lay_cable([process.pid for process in processes])
        publishing, subscribing = processes
        for process in processes:
            _tell(process)
        counted = json.loads(_line(publishing))
        _tell(subscribing)
        arrived = json.loads(_line(subscribing))
        if min(arrived) == 0:
            raise OSError(f'of {frames} messages of each topic arrived {arrived}')
        return dict(zip(messages, counted, strict=True))
    finally:
        for process in processes:
            process.kill()
            process.wait()


def _lay_cable(pids: list[int]) -> None:
    _run('ip', 'link', 'add', _CABLE[0], 'type', 'veth', 'peer', 'name', _CABLE[1])
    for pid, name, address in zip(pids, _CABLE, _ADDRESSES, strict=True):
        _run('ip', 'link', 'set', name, 'netns', str(pid))
        inside = ('nsenter', '--net', f'--target={pid}', 'ip')
        _run(*inside, 'address', 'add', address, 'dev', name)
        for device in ('lo', name):
            _run(*inside, 'link', 'set', device, 'up')


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True)


def _line(process: Any) -> str:
    line: str = process.stdout.readline()
    if not line:
        raise OSError('a process of the measurement ended')
    return line


def _tell(process: Any) -> None:
    process.stdin.write('\n')
    process.stdin.flush()


def _bytes_of_cable() -> int:
    """Return what has gone through the cable at this end, both ways."""
    for line in Path('/proc/self/net/dev').read_text(encoding='ascii').splitlines():
        name, _, figures = line.partition(':')
        if name.strip() in _CABLE:
            fields = figures.split()
            return int(fields[0]) + int(fields[8])
    raise OSError('there is no cable')


def _publish(topics: list[str], folder: Path, frames: int) -> None:
    import rclpy

    rclpy.init()
    node = rclpy.create_node('sender')
    publishers = [
        node.create_publisher(_type(kind), f'topic{number}', QUEUE)
        for number, kind in enumerate(topics)
    ]
    deadline = time.monotonic() + TIMEOUT_S
    while not all(publisher.get_subscription_count() for publisher in publishers):
        if time.monotonic() > deadline:
            raise SystemExit('nobody subscribes')
        time.sleep(0.05)
    counted = []
    for number, publisher in enumerate(publishers):
        message = (folder / str(number)).read_bytes()
        time.sleep(_QUIET_S)
        before = _bytes_of_cable()
        for _ in range(frames):
            publisher.publish(message)
            time.sleep(1 / RATE)
        time.sleep(_QUIET_S)
        counted.append((_bytes_of_cable() - before) / frames)
    print(json.dumps(counted), flush=True)
    sys.stdin.readline()


def _subscribe(topics: list[str]) -> None:
    import rclpy

    rclpy.init()
    node = rclpy.create_node('receiver')
    arrived = [0] * len(topics)

    def count(number: int) -> None:
        arrived[number] += 1

    for number, kind in enumerate(topics):
        node.create_subscription(
            _type(kind), f'topic{number}', lambda _, n=number: count(n), QUEUE, raw=True
        )
    while not select.select([sys.stdin], [], [], 0)[0]:
        rclpy.spin_once(node, timeout_sec=0.05)
    print(json.dumps(arrived), flush=True)


def _type(name: str) -> Any:
    package, _, kind = name.split('/')
    return getattr(import_module(f'{package}.msg'), kind)


def _main(role: str, given: str) -> None:
    options = json.loads(given)
    print('ready', flush=True)
    sys.stdin.readline()
    if role == 'publish':
        _publish(options['topics'], Path(options['folder']), options['frames'])
    else:
        _subscribe(options['topics'])


if __name__ == '__main__':
    _main(*sys.argv[1:])
