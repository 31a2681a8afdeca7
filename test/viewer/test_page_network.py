"""Which network answers, and whether it takes corrections, is on the page, in a real browser."""

import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.viewer_server import show_a_mask_to_browsers

from picosam_ros.engines import make_engine
from picosam_ros.engines.fallback import FallbackEngine
from picosam_ros.engines.in_sensor import InSensorEngine
from picosam_ros.health import segmentation_status
from picosam_ros.latency import LatencyWindow
from picosam_ros.segmenter import Segmenter
from picosam_ros.viewer.messages import Component

pytestmark = CHROMIUM_IS_HERE


def host(model):
    return make_engine('host', model=model, threads=1)


@pytest.mark.parametrize(
    ('engine', 'text', 'says'),
    [
        (lambda: host('picosam-click'), 'picosam-click', ''),
        (
            lambda: host('picosam-lite-96'),
            'picosam-lite-96 · no corrections',
            'a square of its own',
        ),
        (
            lambda: FallbackEngine(first=InSensorEngine(sensor=None), second=host('picosam-click')),
            'in the sensor · no corrections',
            'a square of its own',
        ),
    ],
)
def test_the_network_is_named_and_that_it_takes_no_corrections(served, pages, engine, text, says):
    show_a_mask_to_browsers(served)
    page = pages.open(served.server.url)
    made = engine()
    if made.name == 'host':
        made.open()
    status = segmentation_status(Segmenter(made), LatencyWindow(), 'click')
    values = {key: str(value) for key, value in status.values.items()}
    component = Component('camera: segmentation', 0, status.message, values)
    served.call('broadcast_diagnostics', [component])
    expect(page.locator('#network')).to_have_text(text)
    assert says in page.locator('#network').get_attribute('title')
    made.close()
