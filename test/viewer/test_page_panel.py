"""What stands around the picture, in a real browser: it is true, and quiet while all is well."""

import cv2
import numpy as np
import pytest
from helpers.chromium import CHROMIUM_IS_HERE, expect
from helpers.patient import until
from helpers.viewer_server import RunningServer, make_frame

from picosam_ros.latency import Timing, accounted
from picosam_ros.stages import TABLE
from picosam_ros.viewer.messages import Component
from picosam_ros.viewer.statistics import ViewerStatistics

pytestmark = CHROMIUM_IS_HERE
WIDTH, HEIGHT = 1200, 900
RED = (200, 30, 30)
# Of one of them, in milliseconds: also what a path alone has (exposure, encode), and long ones.
TIMINGS = [
    Timing(9.96, 14.3, 0.44, 3.07, 0.21, 1.04, 0.0, 12.34, 0.96, 0.24),
    Timing(9.96, 14.3, 0.44, 4.26, 0.33, 1.16, 12345.67, 11.01, 0.83, 0.15),
    Timing(receive=2.01, queue=0.08, preprocess=1.02, inference=14.04, decode=0.77, publish=0.11),
]
NOT_ON_THE_HOST = ('exposure', 'sensor DNN', 'sensor DSP', 'encode')


def stripes():
    """Make an image with stripes of a pixel, which no smaller one has."""
    pixels = np.full((HEIGHT, WIDTH, 3), (230, 230, 40), np.uint8)
    pixels[:, ::2] = RED
    return pixels


def large(number):
    return make_frame(number, width=WIDTH, height=HEIGHT, pixels=stripes)


@pytest.fixture
def open_page(pages, served):
    """Return a function that opens the page of the server, which shows an image."""
    streaming = served.backend.set_streaming

    def set_streaming(enabled):
        streaming(enabled)
        if enabled:
            served.show(large(1))

    served.backend.set_streaming = set_streaming
    return lambda **options: pages.open(served.server.url, **options)


@pytest.fixture
def page(open_page):
    return open_page()


def screenshot(locator):
    png = np.frombuffer(locator.screenshot(), np.uint8)
    return cv2.imdecode(png, cv2.IMREAD_COLOR)[..., ::-1].astype(int)


def colourfulness(locator):
    return np.ptp(screenshot(locator), axis=2).max()


def figures(page):
    """Return what each bar says in milliseconds, by its name."""
    return page.locator('.stages > div').evaluate_all(
        """rows => Object.fromEntries(rows.filter((row) => !row.hidden).map(
             (row) => [row.querySelector('dt').textContent,
                       Number(row.querySelector('.number').textContent)]))"""
    )


def record(served, timings, dropped=0):
    for timing in timings:
        known = [value for value in vars(timing).values() if value == value]
        served.call('record_timing', accounted(timing, total=sum(known) + 1.27), dropped)


def frozen_clock(served):
    """Let the statistics stand at a moment, which the test moves on."""
    moment = [0.0]
    served.server.hub._latency = ViewerStatistics(lambda: moment[0])
    return moment


def test_the_headline_is_the_sum_of_the_bars_of_which_none_is_missing(served, page):
    frozen_clock(served)
    labels = [stage.label for stage in TABLE if stage.name != 'total']
    on_the_host = [label for label in labels if label not in NOT_ON_THE_HOST]
    total = page.locator('.total strong')
    for timings, expected in ((TIMINGS, labels), (TIMINGS[2:], on_the_host)):
        served.server.hub._latency._window.clear()
        record(served, timings)
        until(lambda expected=expected: list(figures(page)) == expected)
        # Both are of one message: the page is read in one go.
        said, bars = page.evaluate(
            """() => [document.querySelector('.total strong').textContent,
                      [...document.querySelectorAll('.stages > div:not([hidden]) .number')].map(
                        (one) => Number(one.textContent))]"""
        )
        assert said == f'{sum(bars):.1f} ms'
    expect(total).to_have_text('19.3 ms')
    assert figures(page)['other'] == 1.3


@pytest.mark.parametrize('width', [1280, 390])
def test_no_text_runs_into_a_bar_and_no_bar_out_of_the_panel(served, open_page, width):
    page = open_page(width=width, height=844)
    frozen_clock(served)
    record(served, TIMINGS)
    until(lambda: len(figures(page)) == len(TABLE) - 1)
    boxes = page.locator('.stages > div').evaluate_all(
        """rows => rows.map((row) => [...row.children].map((part) => {
             const range = document.createRange();
             range.selectNodeContents(part.className === 'track' ? row : part);
             const text = (part.className === 'track' ? part : range).getBoundingClientRect();
             return [text.left, text.right];
           }))"""
    )
    right = page.locator('aside').bounding_box()
    for name, bar, figure in boxes:
        assert name[1] <= bar[0] < bar[1] <= figure[0] < figure[1] <= right['x'] + right['width']
    assert page.evaluate('document.documentElement.scrollWidth') <= width


def test_skipped_images_are_told_per_second_and_no_counter_only_grows(served, page):
    moment = frozen_clock(served)

    def result(second, dropped):
        moment[0] = second
        served.server.hub.record_timing(TIMINGS[2], dropped)

    for second in (0.0, 0.5, 1.0):
        served.server.call(result, second, 5000 + round(24 * second))
    expect(page.locator('#rate')).to_have_text('2 per second, 24 skipped')
    for second in (3.5, 4.0, 4.5):
        served.server.call(result, second, 5024)
    expect(page.locator('#rate')).to_have_text('2 per second')


def report(served, levels, **values):
    served.call(
        'broadcast_diagnostics',
        [
            Component(f'eye: {name}', level, f'{name} at {level}', {'figure': '7', **values})
            for name, level in levels.items()
        ],
    )


def test_diagnostics_are_folded_while_all_is_well_and_what_is_not_opens(served, page):
    figures = page.locator('#diagnostics .facts')
    report(served, {'camera': 0, 'segmentation': 0})
    expect(page.locator('#health-state')).to_have_text('✓ all well')
    expect(page.locator('#diagnostics')).to_be_hidden()
    report(served, {'camera': 2, 'segmentation': 0})
    expect(page.locator('#health-state')).to_have_text('✕ 1 error')
    expect(page.locator('#diagnostics')).to_contain_text('camera at 2')
    expect(figures.nth(0)).to_be_visible()
    expect(figures.nth(1)).to_be_hidden()
    report(served, {'camera': 0, 'segmentation': 0})
    expect(page.locator('#diagnostics')).to_be_hidden()
    # Opened by the user it stays so, while nothing changes.
    page.locator('#health > summary').click()
    expect(page.locator('#diagnostics')).to_be_visible()
    report(served, {'camera': 0, 'segmentation': 0, 'viewer': 0})
    expect(page.locator('#diagnostics li')).to_have_count(3)
    expect(page.locator('#diagnostics')).to_be_visible()


def test_what_the_images_are_is_said_in_the_header_and_on_the_picture(served, page):
    report(served, {'camera': 0})
    expect(page.locator('#health-state')).to_have_text('✓ all well')
    for mark in ('#origin', '#origin-mark'):
        expect(page.locator(mark)).to_be_hidden()
    report(served, {'camera': 0}, images='simulated')
    for mark in ('#origin', '#origin-mark'):
        expect(page.locator(mark)).to_have_text('simulated')
    image, mark = page.locator('#image').bounding_box(), page.locator('#origin-mark').bounding_box()
    assert image['y'] <= mark['y'] < image['y'] + image['height'] / 4


def test_the_invitation_stands_on_the_picture_until_the_first_click(page):
    invitation = page.locator('#invitation')
    expect(invitation).to_have_text('Click on anything', use_inner_text=True)
    image, text = page.locator('#image').bounding_box(), invitation.bounding_box()
    assert image['y'] < text['y']
    assert text['y'] + text['height'] < image['y'] + image['height']
    page.locator('#image').click()
    expect(invitation).to_be_hidden()


def test_the_footer_has_three_shortcuts_and_a_dialog_has_all(page):
    expect(page.locator('#shortcuts > span:not(#last-click)')).to_have_count(3)
    dialog = page.locator('#shortcuts-dialog')
    expect(dialog).to_be_hidden()
    page.keyboard.press('?')
    expect(dialog).to_be_visible()
    for text in ('remove all objects', 'freeze or resume', 'save the image', 'by a box'):
        expect(dialog).to_contain_text(text)
    page.keyboard.press('Escape')
    expect(dialog).to_be_hidden()
    page.locator('#all-shortcuts').click()
    expect(dialog).to_be_visible()


def test_a_message_can_be_read_after_it_has_left_the_picture(served, page):
    for _ in range(2):
        served.call('broadcast_notice', 'the robot blinked')
    expect(page.locator('.bubble')).to_have_text('the robot blinked')
    served.call('broadcast_notice', 'the robot sneezed')
    expect(page.locator('#notice-list li')).to_have_count(2)
    page.locator('.bubble').evaluate_all('nodes => nodes.forEach((node) => node.remove())')
    first, second = page.locator('#notice-list li').all()
    expect(first).to_contain_text('the robot sneezed')
    expect(second).to_contain_text('the robot blinked')
    expect(second).to_contain_text('2 ×')
    expect(second).to_be_visible()


def test_without_a_connection_all_is_grey_and_counted_down_and_now_connects(served, open_page):
    page = open_page(quiet=False)
    report(served, {'camera': 1})
    expect(page.locator('#health-state')).to_have_text('▲ 1 warning')
    assert colourfulness(page.locator('#image')) > 100
    page.clock.install()
    page.clock.pause_at(page.evaluate('Date.now() + 1000'))
    port = served.server.port
    served.server.stop()
    text = page.locator('#connection-text')
    # The tries come less and less often.
    until(lambda: page.clock.run_for(500) or text.text_content().endswith(' in 4 s'))
    page.clock.run_for(1000)
    expect(text).to_have_text('viewer not reachable; retrying in 3 s')
    for part in ('#image', '#latency', '#diagnostics'):
        # What shines through is the page's own shade.
        assert colourfulness(page.locator(part)) < 12, part
    again = RunningServer(port=port)
    again.backend.set_streaming = lambda enabled: enabled and again.show(large(2))
    page.locator('#retry').click()
    expect(text).to_have_text('live')
    expect(page.locator('#retry')).to_be_hidden()
    page.clock.resume()
    expect(page.locator('body.offline')).to_have_count(0)
    until(lambda: colourfulness(page.locator('#image')) > 100)
    again.server.stop()


def contrast(page):
    """How different neighbours in the middle of the image are."""
    pixels = screenshot(page.locator('#image'))
    height, width = pixels.shape[:2]
    middle = pixels[height // 3 : height // 2, width // 3 : width // 2, 1]
    return np.abs(np.diff(middle, axis=1)).mean()


def test_a_frozen_image_is_shown_at_full_size(served, open_page):
    page = open_page(width=WIDTH + 500, height=HEIGHT + 300)
    blurred = contrast(page)
    page.locator('#freeze').click()
    until(lambda: contrast(page) > 2.5 * blurred)
    page.locator('#freeze').click()
    served.show(large(2))
    until(lambda: contrast(page) < 1.5 * blurred)


@pytest.mark.parametrize('frozen', [False, True])
def test_a_snapshot_has_every_pixel_of_the_camera(page, tmp_path, frozen):
    if frozen:
        page.locator('#freeze').click()
    with page.expect_download() as download:
        page.locator('#save').click()
        page.get_by_role('button', name='image with its masks').click()
    download.value.save_as(tmp_path / 'shot.png')
    pixels = cv2.imread(str(tmp_path / 'shot.png'))[..., ::-1].astype(int)
    assert pixels.shape == (HEIGHT, WIDTH, 3)
    assert np.abs(pixels - stripes()).mean() < 6
