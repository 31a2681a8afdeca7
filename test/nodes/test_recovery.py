"""A device that fails for a while: the same process goes on when it answers again."""

import re
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import PATIENCE, Process
from helpers.rig import Rig, values_of

from picosam_ros.msg import PromptStatus
from picosam_ros.ros.messages import from_time

# The stream ends with this frame, some two seconds after the start; later where masks come later.
TIMEOUTS_AT = (60, 240, 480)
# Beyond what this machine takes from the start of the process to masks, which is more work.
RECOVERED_S = 10.0
NEXT_TRY = re.compile(r'\[([0-9]+)\.([0-9]{9})\].*next try in')


def threads(process):
    return len(list(Path(f'/proc/{process.popen.pid}/task').iterdir()))


def sensor_masks(rig, since_ns=0):
    """Give the stamps of the images with masks from the sensor."""
    stamps = [
        from_time(array.header.stamp)
        for array in rig.inboxes['masks']
        if any(mask.engine == 'in_sensor' for mask in array.masks)
    ]
    return [stamp for stamp in stamps if stamp >= since_ns]


def failed_at_ns(process):
    """Give the time at which the log tells first that the stream ended; None before."""
    told = NEXT_TRY.search(process.stderr)
    return told and int(''.join(told.groups()))


@contextmanager
def failing_camera(seconds, red_network):
    """Give a camera with masks, whose device then fails.

    Yields:
        Its rig, how many threads it has with masks, and after how many seconds it had them.

    """
    parameters = {'camera': 'imx500', 'simulate': True, 'track': False}
    # A busy machine may take its time to bring a prompt.
    parameters['prompt_max_age'] = PATIENCE
    parameters |= {'sensor_network': red_network, 'model': red_network, 'threads': 1}
    for timeout_at in TIMEOUTS_AT:
        parameters['faults'] = f'timeout_at={timeout_at},timeout_s={seconds},start_s=0.5'
        begun = time.monotonic()
        with Process('camera', parameters) as process:
            rig = Rig(process)
            rig.wait_for(lambda rig=rig: rig.inboxes['latency'])
            rig.known_to(process.name)
            assert rig.set((320, 240), roi_size=120).state == PromptStatus.ACCEPTED
            rig.wait_for(lambda rig=rig: sensor_masks(rig))
            started_s = time.monotonic() - begun
            before = threads(process)
            if not failed_at_ns(process):
                yield rig, before, started_s
                process.stop()
                rig.close()
                return
            rig.close()
    pytest.fail('the stream always ended before there were masks')


@pytest.mark.parametrize('seconds', [0.1, 2, pytest.param(30, marks=pytest.mark.slow)])
def test_masks_come_again_soon_after_a_device_that_failed_answers(seconds, red_network):
    with failing_camera(seconds, red_network) as (rig, before, started_s):
        process = rig.process
        # Not in the diagnostics, which come once a second: it may answer before the next ones.
        failed_ns = rig.wait_for(lambda: failed_at_ns(process))
        assert 'the stream stopped' in process.stderr
        [again_ns, *_] = rig.wait_for(lambda: sensor_masks(rig, failed_ns), seconds + PATIENCE)
        stamps = [from_time(one.header.stamp) for one in rig.inboxes['masks']]
        ended_ns = max(stamp for stamp in stamps if stamp < failed_ns)
        recovered_s = (again_ns - ended_ns) / 1e9 - seconds
        print(f'masks again {recovered_s:.1f} s after the device answers')
        assert recovered_s < RECOVERED_S + started_s

        back = rig.component('camera', lambda s: s.message == 'frames flow', since_ns=again_ns)
        assert back.level == DiagnosticStatus.OK
        assert int(values_of(back)['reopened']) >= 1
        assert values_of(back)['state'] == 'streaming'
        rig.wait_for(lambda: threads(process) == before)
