"""What the viewer says of itself, and how it begins and ends, on real DDS."""

import contextlib
import socket
import time
import urllib.error
import urllib.request

import pytest
from builtin_interfaces.msg import Time
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import PATIENCE, Client, Process
from helpers.rig import picture, values_of
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import Image
from std_msgs.msg import Header, String
from std_srvs.srv import Trigger

from picosam_ros.msg import Mask, MaskArray
from picosam_ros.ros.retry import DISCOVERY_S

pytest.importorskip('aiohttp', reason='the viewer needs aiohttp: pip install aiohttp')

from helpers.socket_page import SocketPage
from helpers.viewer_rig import (
    CENTRE,
    LATCHED,
    PERIOD,
    answered,
    masked,
    page_of,
    seen,
    told,
    viewer_beside,
)


@pytest.fixture(scope='module')
def viewer(started):
    with viewer_beside(started.process) as viewer:
        yield viewer


@pytest.fixture
def page(rig, viewer):
    with page_of(viewer, rig) as page:
        yield page


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


@contextlib.contextmanager
def page_without_node():
    """Open the page of a viewer whose node does not run; give a client, too."""
    with Process('viewer', {'port': 0}) as process:
        client = Client(process)
        urls = client.subscribe(String, f'{process.name}/url', LATCHED)
        client.wait_for(lambda: urls)
        with SocketPage(urls[0].data) as page:
            client.wait_for(lambda: page.texts['hello'])
            yield client, page
        process.stop()
        client.close()


def test_without_its_node_a_prompt_is_answered_by_the_viewer():
    with page_without_node() as (client, page):
        page.send('point', tag=3, x=1, y=1)
        page.send('clear')
        client.wait_for(lambda: len(page.texts['notice']) == 2)
        by_tag = {notice['tag']: notice['text'] for notice in page.texts['notice']}
        assert 'there is no service' in by_tag[None]
        assert 'no answer from' in by_tag[3]


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
    with page_without_node() as (client, page):
        for _ in range(5):
            text, seconds = cleared_by_a_late_node(client, page)
            if text == '3 objects cleared':
                break
            # The machine stood still, and the viewer waited as long as it does.
            assert seconds >= DISCOVERY_S, text
        assert text == '3 objects cleared'
