"""The viewer beside a segmenter, on real DDS; the page itself is tested in a browser."""

import itertools
import socket
import time
import urllib.error
import urllib.request

import numpy as np
import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import PATIENCE, Client, Process
from helpers.rig import HEIGHT, WIDTH, picture, values_of
from lifecycle_msgs.msg import Transition
from rclpy.qos import DurabilityPolicy, QoSProfile
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from picosam_ros.msg import Mask, MaskArray, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time
from picosam_ros.ros.retry import DISCOVERY_S

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.socket_page import SocketPage

CENTRE = (150, 100)
PERIOD = 0.05
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


@pytest.fixture(scope='module')
def viewer(started):
    """Run a viewer beside the module's segmenter; that it ends well is checked."""
    with Process(
        'viewer',
        {'segmentation': 'segmenter', 'port': 0},
        namespace=started.process.namespace,
    ) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        process.url = urls[0].data
        yield process
        client.close()
        process.stop()


@pytest.fixture
def page(rig, viewer):
    """Open a page, and wait until images reach it."""
    with SocketPage(viewer.url) as page:
        # Not the last one of the test before.
        seen(rig, page, lambda frame: frame['segmented'] and masked()(frame))
        page.frames.clear()
        yield page


def seen(rig, page, condition=lambda frame: frame['segmented'], pixels=None):
    """Publish images until the frame of one of them meets the condition; return it."""
    pixels = picture(CENTRE) if pixels is None else pixels
    due, stamps = 0.0, set()

    def met():
        nonlocal due
        if time.monotonic() >= due:
            due = time.monotonic() + PERIOD
            image = rig.image(pixels)
            stamps.add(stamp_of(image))
            rig.images.publish(image)
        ours = (frame for frame in list(page.frames) if frame['stamp'] in stamps)
        return next(filter(condition, ours), None)

    return rig.wait_for(met)


def told(rig, page, kind, condition=lambda message: True):
    return rig.wait_for(lambda: next(filter(condition, list(page.texts[kind])), None))


def answered(rig, page, tag):
    return told(rig, page, 'answer', lambda answer: answer['tag'] == tag)


def masked(*object_ids):
    return lambda frame: {mask['object'] for mask in frame['masks']} == set(object_ids)


def stamp_of(message):
    return str(from_time(message.header.stamp))


def centre_of(mask):
    points = np.concatenate([np.reshape(curve, (-1, 2)) for curve in mask['outline']])
    return (points.min(axis=0) + points.max(axis=0)) / 2


def test_a_click_becomes_a_mask_on_the_object(rig, page):
    frame = seen(rig, page)
    assert (frame['width'], frame['height']) == (WIDTH, HEIGHT)
    page.send('point', tag=1, x=CENTRE[0] + 3, y=CENTRE[1], stamp=frame['stamp'])
    answer = answered(rig, page, 1)
    assert (answer['tag'], answer['state']) == (1, 'accepted')
    [mask] = seen(rig, page, masked(answer['object']))['masks']
    assert mask['generation'] == answer['generation']
    assert mask['engine'] == 'host'
    assert centre_of(mask) == pytest.approx(CENTRE, abs=1)


def test_a_click_is_for_the_image_that_was_clicked_into(rig, page):
    frame = seen(rig, page)
    rig.inboxes['prompt_status'].clear()
    page.send('point', tag=1, x=CENTRE[0], y=CENTRE[1], stamp=frame['stamp'])
    [status] = rig.wait_for(lambda: list(rig.inboxes['prompt_status']))
    assert from_time(status.header.stamp) == int(frame['stamp'])


def test_masks_of_an_image_that_is_shown_come_without_an_object(rig, page):
    frame = seen(rig, page)
    on_it, beside = {'x': CENTRE[0], 'y': CENTRE[1]}, {'x': CENTRE[0] + 5, 'y': CENTRE[1]}
    page.send(
        'preview',
        tag=1,
        stamp=frame['stamp'],
        prompts=[{'points': [on_it]}, {'points': [on_it, beside]}],
    )
    shown = told(rig, page, 'preview')
    assert (shown['tag'], shown['stamp'], shown['reason']) == (1, frame['stamp'], '')
    assert [mask['object'] for mask in shown['masks']] == [1, 2]
    assert centre_of(shown['masks'][0]) == pytest.approx(CENTRE, abs=1)
    assert not rig.inboxes['prompt_status']
    assert not rig.show(picture(CENTRE)).masks.masks


def test_masks_of_an_image_that_is_gone_are_refused_in_words(rig, page):
    page.send('preview', tag=2, stamp='7', prompts=[{'points': [{'x': 1, 'y': 1}]}])
    refused = told(rig, page, 'preview')
    assert (refused['tag'], refused['masks']) == (2, [])
    assert 'the image of stamp 0.000000007 is not kept' in refused['reason']


def elsewhere(rig, seconds):
    """Show images of so many seconds, by their stamps, with the object at another place."""
    for _ in range(10 * seconds):
        rig._stamp_ns += 100_000_000
        rig.show(picture((250, 160)))


def late_click(rig, viewer, shown):
    """Click into an old image that a slow browser still shows; return its stamp and the answer."""
    with SocketPage(viewer.url, slow=True) as slow:
        # The newest one of those that the other page shows.
        stamp = rig.wait_for(lambda: list(slow.frames))[0]['stamp']
        # The node has the image by now, and is told from then on that it is looked at.
        rig.settle()
        shown.clear()
        rig.wait_for(lambda: any(str(from_time(header.stamp)) == stamp for header in shown))
        elsewhere(rig, seconds=4)
        slow.send('point', tag=1, x=CENTRE[0], y=CENTRE[1], stamp=stamp)
        return stamp, answered(rig, slow, 1)


def test_a_late_click_is_answered_on_the_image_that_a_slow_browser_still_shows(rig, viewer, page):
    shown = rig.subscribe(Header, 'shown')
    # A machine that stands still for a second has the node forget what is looked at.
    for _ in range(5):
        rig.fresh()
        stamp, answer = late_click(rig, viewer, shown)
        if not answer['reason']:
            break
    shown.close()
    assert (answer['state'], answer['reason']) == ('accepted', '')

    def late():
        rig.images.publish(rig.image(picture((250, 160))))
        of_click = [m for m in rig.inboxes['masks'] if m.masks and stamp_of(m) == stamp]
        return [mask for message in of_click for mask in message.masks]

    assert {mask.object_id for mask in rig.wait_for(late)} == {answer['object']}


def test_a_late_click_into_an_image_that_is_gone_is_for_the_newest_and_the_page_is_told(rig, page):
    seen(rig, page)
    # Of an image that was never there: stamps may follow each other by a nanosecond.
    gone = str(from_time(rig.header().stamp))
    elsewhere(rig, seconds=4)
    page.send('point', tag=1, x=250, y=160, stamp=gone)
    assert answered(rig, page, 1)['state'] == 'accepted'
    notice = told(rig, page, 'notice')['text']
    assert notice.startswith('Answered on the newest image, not on the one that was clicked: stamp')


@pytest.mark.parametrize('step', [1, -1])
def test_a_step_to_another_size_is_asked_for_the_image_and_object_that_were_shown(
    rig, viewer, page, step
):
    rig.set(CENTRE, object_id=7)
    frame = seen(rig, page, masked(7))
    [mask] = frame['masks']
    assert mask['candidates'] == 1
    prompts = rig.subscribe(Prompt, 'prompt')
    rig.known_to(viewer.name)
    page.send('size', tag=2, object=7, step=step, stamp=frame['stamp'])
    answer = answered(rig, page, 2)
    # The rig's network has one answer. What it asks for is right nevertheless.
    assert (answer['state'], answer['object']) == ('refused', 7)
    assert 'does not take a size_step' in answer['reason']
    [asked] = rig.wait_for(lambda: list(prompts))
    prompts.close()
    assert (asked.action, asked.object_id, asked.size_step) == (Prompt.REFINE, 7, step)
    assert not asked.points
    assert from_time(asked.header.stamp) == int(frame['stamp'])


def test_every_mask_is_shown_on_the_image_that_it_was_computed_from(rig, page):
    rig.set((WIDTH // 2, HEIGHT // 2), roi_size=2 * WIDTH)
    columns, numbers = {}, itertools.cycle(range(60))

    def shown():
        number = next(numbers)
        image = rig.image(picture((40 + 4 * number, 120), radius=25))
        columns[str(from_time(image.header.stamp))] = 40 + 4 * number
        rig.images.publish(image)
        return [frame for frame in page.frames if frame['stamp'] in columns and frame['masks']]

    def enough():
        frames = shown()
        return frames if len(frames) >= 5 else None

    for frame in rig.wait_for(enough):
        [mask] = frame['masks']
        assert centre_of(mask)[0] == pytest.approx(columns[frame['stamp']], abs=3)
    # What comes now was sent after all those.
    seen(rig, page)
    stamps = [int(frame['stamp']) for frame in page.frames]
    assert stamps == sorted(stamps)


def test_a_box_and_a_second_object_and_their_removal(rig, page):
    left, right = (60, 120), (260, 120)
    pixels = np.maximum(picture(left), picture(right))
    page.send('box', tag=1, x0=35, y0=95, x1=85, y1=145)
    page.send('point', tag=2, x=right[0], y=right[1])
    first, second = (answered(rig, page, tag)['object'] for tag in (1, 2))
    frame = seen(rig, page, masked(first, second), pixels)
    centres = {mask['object']: centre_of(mask) for mask in frame['masks']}
    assert centres[first] == pytest.approx(left, abs=1)
    assert centres[second] == pytest.approx(right, abs=1)
    page.send('remove', tag=3, object=first)
    answered(rig, page, 3)
    page.frames.clear()
    seen(rig, page, masked(second), pixels)


def test_a_point_in_a_box_is_refused_with_the_engines_reason(rig, page):
    page.send('box', tag=1, x0=120, y0=70, x1=180, y1=130)
    number = answered(rig, page, 1)['object']
    page.send('point', tag=2, x=10, y=10, object=number, positive=False, refine=True)
    answer = answered(rig, page, 2)
    assert answer['state'] == 'refused'
    assert 'does not take a box together with points' in answer['reason']


def test_clear_takes_all_objects_away_and_says_how_many(rig, page):
    page.send('point', tag=1, x=CENTRE[0], y=CENTRE[1])
    seen(rig, page, masked(answered(rig, page, 1)['object']))
    page.send('clear')
    assert told(rig, page, 'notice')['text'] == '1 objects cleared'
    page.frames.clear()
    seen(rig, page, masked())


def test_statistics_and_the_diagnostics_of_both_nodes_are_sent(rig, page, viewer):
    page.send('point', tag=1, x=CENTRE[0], y=CENTRE[1])
    seen(rig, page, masked(answered(rig, page, 1)['object']))
    # They are of the last seconds only.
    with rig.repeating(lambda: rig.images.publish(rig.image(picture(CENTRE))), PERIOD):
        assert told(rig, page, 'statistics', lambda statistics: 'inference' in statistics['stages'])
    names = {f'{name.lstrip("/")}: ' for name in (rig.process.name, viewer.name)}

    def both(message):
        return names <= {c['name'].partition(': ')[0] + ': ' for c in message['components']}

    components = told(rig, page, 'diagnostics', both)['components']
    [engine] = [c for c in components if c['name'].endswith('segmenter: segmentation')]
    assert engine['values']['engine'] == 'host'


def test_large_topics_are_subscribed_only_while_a_browser_is_connected(rig, viewer):
    rig.wait_for(lambda: rig.images.get_subscription_count() == 1)
    with SocketPage(viewer.url) as page:
        rig.wait_for(lambda: rig.images.get_subscription_count() == 2)
        seen(rig, page)
    rig.wait_for(lambda: rig.images.get_subscription_count() == 1)


def test_an_image_that_cannot_be_read_is_a_warning(rig, page, viewer):
    image = Image(header=Header(stamp=Time(sec=5, nanosec=10**9)))
    warning = [f'{viewer.name.lstrip("/")}: viewer', DiagnosticStatus.WARN[0]]

    def told_once():
        rig.images.publish(image)
        components = [c for message in page.texts['diagnostics'] for c in message['components']]
        return next((c for c in components if [c['name'], c['level']] == warning), None)

    assert 'the stamp is 5 s and 10' in rig.wait_for(told_once)['message']
    page.frames.clear()
    seen(rig, page)  # the node goes on


@pytest.mark.parametrize(
    ('message', 'reason'),
    [
        (MaskArray(header=Header(stamp=Time(sec=5, nanosec=10**9))), 'the stamp is 5 s and 10'),
        (MaskArray(masks=[Mask(width=3, height=2, probability=[1])]), 'cannot reshape array'),
    ],
    ids=['stamp', 'pixels'],
)
def test_masks_that_are_none_are_refused_and_told(rig, page, viewer, message, reason):
    masks = rig.publisher(MaskArray, f'{rig.process.name}/masks')
    full = f'{viewer.name.lstrip("/")}: viewer'
    told = f'masks of {rig.process.name}: '

    def status(condition):
        statuses = [s for array in rig.diagnostics for s in array.status if s.name == full]
        return next(filter(condition, statuses), None)

    def told_once():
        masks.publish(message)
        # An unreadable image of the test before is told with the same reason.
        return status(lambda found: found.message.startswith(told) and reason in found.message)

    assert int(values_of(rig.wait_for(told_once))['masks refused']) >= 1
    rig.node.destroy_publisher(masks)
    rig.diagnostics.clear()
    rig.wait_for(lambda: status(lambda found: found.level == DiagnosticStatus.OK))
    page.frames.clear()
    seen(rig, page)  # the node goes on


def test_a_second_viewer_beside_it_is_no_duplicate(rig, page, viewer):
    full = f'{viewer.name.lstrip("/")}: topics'
    parameters = {'segmentation': 'segmenter', 'port': 0}
    remaps = {'__node': 'viewer2'}
    with Process('viewer', parameters, namespace=viewer.namespace, remaps=remaps):
        shown = f'{viewer.namespace}/shown'
        rig.wait_for(lambda: rig.node.count_publishers(shown) == 2)
        rig.diagnostics.clear()

        def reported():
            statuses = [s for array in rig.diagnostics for s in array.status if s.name == full]
            return statuses if len(statuses) > 2 else None

        # What two reports in a row see is told.
        for status in rig.wait_for(reported):
            assert status.level == DiagnosticStatus.OK, status.message


def test_what_is_refused_is_counted_in_the_diagnostics(rig, page, viewer):
    page.send('nonsense')
    told(rig, page, 'notice', lambda notice: "'nonsense' is unknown" in notice['text'])
    full = f'{viewer.name.lstrip("/")}: viewer'

    def counted():
        statuses = [s for array in rig.diagnostics for s in array.status if s.name == full]
        # The page of the test before may be about to leave.
        return next(
            (
                s
                for s in statuses
                if 'refused (malformed messages)' in (values := values_of(s))
                and values['browsers'] == '1'
            ),
            None,
        )

    status = rig.wait_for(counted)
    assert status.level == DiagnosticStatus.OK
    assert viewer.url in status.message


def test_inactive_it_shows_nothing_and_cleaned_up_it_is_gone(rig):
    # The viewer of the module has no page any more.
    rig.wait_for(lambda: rig.images.get_subscription_count() == 1)
    with Process(
        'viewer',
        {'segmentation': 'segmenter', 'port': 0, 'autostart': False},
        namespace=f'{rig.process.namespace}/inner',
        remaps={'image': rig.images.topic_name},
    ) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        assert client.change(Transition.TRANSITION_CONFIGURE)
        client.wait_for(lambda: urls)
        url = urls[0].data
        with SocketPage(url) as page:
            client.wait_for(lambda: page.texts['hello'])
            assert rig.images.get_subscription_count() == 1
            assert client.change(Transition.TRANSITION_ACTIVATE)
            rig.wait_for(lambda: rig.images.get_subscription_count() == 2)
            seen(rig, page, lambda frame: not frame['segmented'])
            assert client.change(Transition.TRANSITION_DEACTIVATE)
            rig.wait_for(lambda: rig.images.get_subscription_count() == 1)
            assert not page.closed
            assert client.change(Transition.TRANSITION_CLEANUP)
            client.wait_for(lambda: page.closed)
        with pytest.raises(urllib.error.URLError):
            urllib.request.urlopen(url, timeout=PATIENCE)
        assert client.change(Transition.TRANSITION_CONFIGURE)
        client.wait_for(lambda: len(urls) == 2)
        assert urllib.request.urlopen(urls[1].data, timeout=PATIENCE).status == 200
        process.stop()
        client.close()


def test_where_the_port_is_taken_it_says_which_one_it_took():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        with Process('viewer', {'port': port}) as process:
            client = Client(process)
            urls = client.subscribe(String, f'{process.name}/url', LATCHED)
            client.wait_for(lambda: urls)
            assert f'port {port} is in use, the page is on port' in process.stderr
            assert urllib.request.urlopen(urls[0].data, timeout=PATIENCE).status == 200
            process.stop()
            client.close()


def test_an_open_address_prints_its_token_once_and_keeps_it_off_the_topics():
    with Process('viewer', {'port': 0, 'address': '0.0.0.0'}) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        assert process.stderr.count('?token=') == 1
        assert 'token' not in urls[0].data
        with pytest.raises(urllib.error.HTTPError, match='401'):
            urllib.request.urlopen(urls[0].data, timeout=PATIENCE)
        process.stop()
        client.close()


def test_an_address_of_another_machine_is_one_sentence_and_exit_code_1():
    with Process('viewer', {'address': '203.0.113.7'}) as process:
        assert process.wait() == 1
        assert "address '203.0.113.7', port 8080 cannot be bound" in process.stderr
        assert 'Traceback' not in process.stderr


def test_without_its_node_a_prompt_is_answered_by_the_viewer():
    with Process('viewer', {'port': 0}) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        with SocketPage(urls[0].data) as page:
            client.wait_for(lambda: page.texts['hello'])
            page.send('point', tag=3, x=1, y=1)
            page.send('clear')
            client.wait_for(lambda: len(page.texts['notice']) == 2)
            by_tag = {notice['tag']: notice['text'] for notice in page.texts['notice']}
            assert 'there is no service' in by_tag[None]
            assert 'no answer from' in by_tag[3]
        process.stop()
        client.close()


def cleared_by_a_late_node(client, page):
    """Let a page clear, and a node come only then; return what the page is told, and how late."""

    def answer(_, response):
        response.message = '3 objects cleared'
        return response

    page.texts['notice'].clear()
    asked = time.monotonic()
    page.send('clear')
    # It looks for the service twenty times a second, in the thread that answers this.
    while time.monotonic() - asked < 0.2:
        client.state()
    service = client.node.create_service(Trigger, 'camera/clear_prompts', answer)
    notice = client.wait_for(lambda: next(iter(page.texts['notice']), None))
    told = time.monotonic()
    client.node.destroy_service(service)
    return notice['text'], told - asked


def test_clear_waits_for_a_node_that_the_viewer_has_not_found_yet():
    with Process('viewer', {'port': 0}) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        with SocketPage(urls[0].data) as page:
            client.wait_for(lambda: page.texts['hello'])
            for _ in range(5):
                text, seconds = cleared_by_a_late_node(client, page)
                if text == '3 objects cleared':
                    break
                # The machine stood still, and the viewer waited as long as it does.
                assert seconds >= DISCOVERY_S, text
            assert text == '3 objects cleared'
        process.stop()
        client.close()


def test_a_refusal_is_a_status_of_the_segmenter_too(rig, page):
    rig.inboxes['prompt_status'].clear()
    page.send('point', tag=1, x=WIDTH + 10, y=5)
    answer = answered(rig, page, 1)
    assert answer['state'] == 'refused'
    assert 'is outside of the image' in answer['reason']
    [status] = rig.wait_for(lambda: list(rig.inboxes['prompt_status']))
    assert status.state == PromptStatus.REFUSED
