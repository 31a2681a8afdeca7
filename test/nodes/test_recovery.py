"""A device that fails for a while: the same process goes on when it answers again."""

from pathlib import Path

import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import PATIENCE, Process
from helpers.rig import Rig, values_of

from picosam_ros.msg import PromptStatus
from picosam_ros.ros.messages import from_time

# The stream ends with this frame, which is some two seconds after the start.
TIMEOUT_AT = 60
RECOVERED_S = 10.0


def threads(process):
    return len(list(Path(f'/proc/{process.popen.pid}/task').iterdir()))


def sensor_masks(rig):
    return [m for array in rig.inboxes['masks'] for m in array.masks if m.engine == 'in_sensor']


@pytest.mark.parametrize('seconds', [0.1, 2, pytest.param(30, marks=pytest.mark.slow)])
def test_masks_come_again_soon_after_a_device_that_failed_answers(seconds, red_network):
    faults = f'timeout_at={TIMEOUT_AT},timeout_s={seconds},start_s=0.5'
    parameters = {'camera': 'imx500', 'simulate': True, 'faults': faults, 'track': False}
    # A busy machine may take its time to bring a prompt.
    parameters['prompt_max_age'] = PATIENCE
    networks = {'sensor_network': red_network, 'model': red_network, 'threads': 1}
    with Process('camera', parameters | networks) as process:
        rig = Rig(process)
        rig.wait_for(lambda: rig.inboxes['latency'])
        assert rig.set((320, 240), roi_size=120).state == PromptStatus.ACCEPTED
        rig.wait_for(lambda: sensor_masks(rig))
        before = threads(process)

        # Not in the diagnostics, which come once a second: it may answer before the next ones.
        rig.wait_for(lambda: 'next try in' in process.stderr)
        assert 'the stream stopped' in process.stderr
        ended_ns = max(from_time(one.header.stamp) for one in rig.inboxes['latency'])
        rig.inboxes['masks'].clear()
        rig.wait_for(lambda: sensor_masks(rig), seconds + PATIENCE)
        again_ns = from_time(rig.inboxes['masks'][0].header.stamp)
        recovered_s = (again_ns - ended_ns) / 1e9 - seconds
        print(f'masks again {recovered_s:.1f} s after the device answers')
        assert recovered_s < RECOVERED_S

        rig.diagnostics.clear()
        back = rig.component('camera', lambda s: s.message == 'frames flow')
        assert back.level == DiagnosticStatus.OK
        assert int(values_of(back)['reopened']) >= 1
        assert values_of(back)['state'] == 'streaming'
        rig.wait_for(lambda: threads(process) == before)
        process.stop()
        rig.close()
