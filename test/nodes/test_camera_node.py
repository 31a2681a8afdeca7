import os

import cv2
import numpy as np
import pytest
from diagnostic_msgs.msg import DiagnosticStatus
from helpers.harness import Process
from helpers.photo_clicks import folder_of, iou
from helpers.rig import Rig, array_of, picture, values_of
from lifecycle_msgs.msg import Transition
from sensor_msgs.msg import CameraInfo, Image
from std_srvs.srv import Trigger

from benchmarks.choose_photos import seen
from benchmarks.films.photo_files import photo_file
from benchmarks.films.photo_outlines import outlined
from picosam_ros.cameras.photo_table import demo_photos
from picosam_ros.cameras.photo_walk import Photo, visit_at
from picosam_ros.cameras.photos import open_photos
from picosam_ros.models import DEFAULT_MODEL
from picosam_ros.msg import Point2D, Prompt, PromptStatus
from picosam_ros.ros.messages import from_time

ROBOT = f'/robot{os.getpid()}'
FRAME = 'front_camera_optical_frame'


class CameraRig(Rig):
    """The same for a node that brings its own images."""

    def __init__(self, process, image_topic='image_raw', info_topic='camera_info'):
        super().__init__(process)
        self.image_raw = self.subscribe(Image, image_topic)
        self.camera_info = self.subscribe(CameraInfo, info_topic)

    def stamps(self, topic):
        return {from_time(message.header.stamp) for message in self.inboxes[topic]}

    def infos_until(self, stamp):
        """Wait for those of all images up to one, and give them by their stamps."""

        def infos():
            return {from_time(info.header.stamp): info for info in self.camera_info}

        self.wait_for(lambda: max(infos(), default=0) >= stamp)
        return infos()


@pytest.fixture(scope='module')
def rig(tmp_path_factory):
    """Run a camera that looks at a photo, under another name, with the network that ships."""
    settings = {
        'camera': 'photos',
        'source': folder_of('coffee', tmp_path_factory.mktemp('photo')),
        'rate': 20.0,
        'frame_id': FRAME,
        # A busy machine may take its time to bring a prompt, and between two images the hand moves
        # as far as it does meanwhile: an object that is followed would be lost.
        'prompt_max_age': 30.0,
        'track': False,
    }
    with Process(
        'camera', settings, namespace=ROBOT, remaps={'camera_info': 'front/info'}
    ) as process:
        rig = CameraRig(process, f'{ROBOT}/image_raw', f'{ROBOT}/front/info')
        rig.wait_for(lambda: len(rig.image_raw) > 1 and len(rig.camera_info) > 1)
        rig.join()
        yield rig
        process.stop()
        rig.close()


def test_images_and_camera_info_have_the_same_headers(rig):
    def complete():
        # A busy machine may lose a message, which costs ten images their check, and no others.
        rig.image_raw.clear()
        rig.wait_for(lambda: len(rig.image_raw) >= 10)
        stamps = [from_time(image.header.stamp) for image in rig.image_raw]
        infos = rig.infos_until(stamps[-1])
        return infos.keys() >= set(stamps) and (list(rig.image_raw), stamps, infos)

    images, stamps, infos = rig.wait_for(complete)
    now = rig.node.get_clock().now().nanoseconds
    assert stamps == sorted(set(stamps))
    assert all(0 < now - stamp < 60e9 for stamp in stamps)
    for image, stamp in zip(images, stamps, strict=True):
        info = infos[stamp]
        assert image.header.frame_id == info.header.frame_id == FRAME
        assert (image.width, image.height) == (info.width, info.height) == (640, 480)
        assert (image.encoding, image.step) == ('rgb8', 1920)
        assert array_of(image).std() > 10
        assert not info.k.any()


def test_every_result_is_published_under_the_header_of_an_image(rig):
    assert rig.point(320, 240).state == PromptStatus.ACCEPTED
    topics = ('masks', 'label_mask', 'overlay')

    def all_under_headers_of_images():
        # A busy machine may lose a message, which costs some results their check, and no others.
        for topic in topics:
            rig.inboxes[topic].clear()
        rig.wait_for(lambda: all(len(rig.inboxes[topic]) > 3 for topic in topics))
        stamps = set().union(*map(rig.stamps, topics))
        # Of camera_info, which has the images' headers: a large image may come after its results.
        return rig.infos_until(max(stamps)).keys() >= stamps

    rig.wait_for(all_under_headers_of_images)
    frames = {message.header.frame_id for topic in topics for message in rig.inboxes[topic]}
    assert frames == {FRAME}
    answered = [message for message in rig.inboxes['masks'] if message.masks or message.unanswered]
    assert answered
    assert all(m.engine == 'host' for message in answered for m in message.masks)


def test_the_camera_has_a_part_in_the_diagnostics(rig):
    status = rig.component('camera', lambda status: status.level == DiagnosticStatus.OK)
    assert status.message == 'frames flow'
    values = values_of(status)
    assert (values['camera'], values['size'], values['rate']) == ('photos', '640x480', '20')
    assert int(values['frames']) > 0


def test_names_are_relative_to_the_namespace(rig):
    topics = dict(rig.node.get_topic_names_and_types())
    for name in ('image_raw', 'front/info', 'prompt_point', 'camera/masks', 'camera/latency'):
        assert f'{ROBOT}/{name}' in topics
    assert f'{ROBOT}/camera_info' not in topics


def test_a_camera_stops_and_starts_with_the_lifecycle(rig):
    for _ in range(2):
        assert rig.change(Transition.TRANSITION_DEACTIVATE)
        assert rig.state() == 'inactive'
        assert rig.change(Transition.TRANSITION_CLEANUP)
        rig.wait_for(lambda: not rig.node.count_publishers(f'{ROBOT}/image_raw'))
        rig.image_raw.clear()
        assert rig.change(Transition.TRANSITION_CONFIGURE)
        assert rig.change(Transition.TRANSITION_ACTIVATE)
        rig.wait_for(lambda: len(rig.image_raw) > 1)


def test_a_photo_of_the_demo_stays_from_the_first_click_on_until_the_next_is_asked_for():
    walk = open_photos()
    # As above: that a photo stays is not the tracker's doing.
    settings = {'camera': 'photos', 'model': DEFAULT_MODEL, 'track': False}
    settings |= {'rate': 10.0, 'prompt_max_age': 30.0}
    with Process('camera', settings) as process:
        rig = CameraRig(process)
        rig.wait_for(lambda: rig.image_raw and rig.inboxes['masks'])
        rig.join()
        assert rig.point(320, 240).state == PromptStatus.ACCEPTED

        def answered():
            # With its image each: a busy machine may lose that of a mask.
            images = {from_time(image.header.stamp): image for image in rig.image_raw}
            masks = [m for m in rig.inboxes['masks'] if m.masks]
            stamped = [(from_time(m.header.stamp), m) for m in masks]
            return [(images[stamp], m) for stamp, m in stamped if stamp in images]

        def shows(image, visit):
            view = walk.viewpoint(from_time(image.header.stamp), visit)
            return np.array_equal(array_of(image), walk.render(view))

        # The photo of the first mask: the one of the time at which it was pointed at, that is, of
        # the mask's own time or, where the engine took long, of some time before.
        image, first = rig.wait_for(answered)[0]
        assert first.masks[0].area < 0.25 * 640 * 480
        now = visit_at(from_time(image.header.stamp))
        visit = next(v for v in range(now, now - len(walk.photos), -1) if shows(image, v))

        def much_later():
            return [(i, m) for i, m in answered() if visit_at(from_time(i.header.stamp)) > now + 1]

        image, later = rig.wait_for(much_later)[0]
        assert [one.object_id for one in later.masks] == [1]
        assert shows(image, visit)
        rig.call(Trigger, f'{process.name}/clear_prompts')
        cleared = rig.node.get_clock().now().nanoseconds
        image, *_ = rig.wait_for(
            lambda: [i for i in rig.image_raw if from_time(i.header.stamp) > cleared]
        )
        assert shows(image, visit)
        rig.call(Trigger, f'{process.name}/next_scene')
        rig.wait_for(lambda: shows(rig.image_raw[-1], visit + 1))
        process.stop()
        rig.close()


def test_a_video_is_segmented_frame_by_frame(tmp_path, red_network):
    path = tmp_path / 'disc.avi'
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10.0, (320, 240))
    for number in range(20):
        writer.write(picture((40 + 12 * number, 120), radius=25)[..., ::-1])
    writer.release()
    settings = {
        'camera': 'video',
        'source': path,
        'rate': 10.0,
        'model': red_network,
        'track': False,
        'roi_size': 640,
        # A busy machine may take its time to bring a prompt.
        'prompt_max_age': 30.0,
    }
    with Process('camera', settings) as process:
        rig = CameraRig(process)
        rig.wait_for(lambda: rig.image_raw and rig.inboxes['masks'])
        rig.join()
        assert rig.point(160, 120).state == PromptStatus.ACCEPTED

        def answered():
            images = {from_time(image.header.stamp): array_of(image) for image in rig.image_raw}
            stamped = {from_time(m.header.stamp): m.masks for m in rig.inboxes['masks'] if m.masks}
            both = images.keys() & stamped.keys()
            return [(images[s], stamped[s]) for s in both] if len(both) >= 8 else None

        for pixels, (mask,) in rig.wait_for(answered):
            columns = np.nonzero(pixels[..., 0] > 128)[1]
            assert mask.centroid_x == pytest.approx(columns.mean(), abs=2)
        process.stop()
        rig.close()


def test_what_has_no_effect_with_this_camera_and_engine_is_told():
    given = {'camera': 'photos', 'engine': 'host', 'encoder': 'x', 'fallback_policy': 'host_only'}
    with Process('camera', given) as process:
        rig = CameraRig(process)
        told = (
            "'fallback_policy' was set to 'host_only', which has no effect with camera 'photos'",
            "'encoder' was set to 'x', which has no effect with engine 'host'",
        )
        rig.wait_for(lambda: all(words in process.stderr for words in told))
        assert "'decoder'" not in process.stderr
        process.stop()
        rig.close()


def test_an_option_of_another_camera_is_refused_with_the_cameras_that_have_it():
    with Process('camera', {'camera': 'photos', 'sensor_network': 'x.rpk'}) as process:
        assert process.wait() == 1
        assert "camera 'photos' has no option sensor_network (of auto, imx500)" in process.stderr


def test_a_source_that_does_not_exist_is_one_sentence_and_exit_code_1():
    with Process('camera', {'camera': 'video', 'source': '/nowhere/film.mp4'}) as process:
        assert process.wait() == 1
        assert "'/nowhere/film.mp4' is not a file" in process.stderr
        assert 'Traceback' not in process.stderr


def test_five_clicks_all_over_an_object_of_the_demos_first_photo_find_it_and_keep_it():
    walk, first = open_photos(), demo_photos()[0]
    known = object_of(first.name, first.objects[0].name)
    settings = {'camera': 'photos', 'rate': 5.0, 'prompt_max_age': 30.0, 'model': DEFAULT_MODEL}

    def visit_of(image):
        stamp, pixels = from_time(image.header.stamp), array_of(image)
        views = ((v, walk.viewpoint(stamp, v)) for v in range(len(walk.photos)))
        return next(v for v, view in views if np.array_equal(walk.render(view), pixels))

    def agrees(labels):
        view = walk.viewpoint(from_time(labels.header.stamp), 0)
        return iou(array_of(labels) == 1, seen(known.inside, view))

    with Process('camera', settings) as process:
        rig = CameraRig(process)
        rig.wait_for(lambda: rig.image_raw and rig.inboxes['masks'])
        rig.join()
        while (before := visit_of(rig.image_raw[-1])) != 0:
            rig.call(Trigger, f'{process.name}/next_scene')
            rig.wait_for(lambda before=before: visit_of(rig.image_raw[-1]) != before)
        for place in known.places:
            shown = rig.image_raw[-1].header
            x, y = walk.viewpoint(from_time(shown.stamp), 0).affine(*place)
            rig.prompts.publish(Prompt(header=shown, object_id=1, points=[Point2D(x=x, y=y)]))
            accepted = rig.received('prompt_status', shown)
            assert accepted.state == PromptStatus.ACCEPTED
            rig.wait_for(lambda number=accepted.generation: number in generations(rig))
            seen_after = len(rig.inboxes['label_mask'])
            rig.wait_for(lambda n=seen_after: len(rig.inboxes['label_mask']) > n + 2)
            assert agrees(rig.inboxes['label_mask'][-1]) > 0.75, place
        still = len(rig.inboxes['label_mask'])
        rig.wait_for(lambda: len(rig.inboxes['label_mask']) > still + 15)
        assert min(map(agrees, rig.inboxes['label_mask'][still:])) > 0.75
        process.stop()
        rig.close()


def generations(rig):
    return {one.generation for message in rig.inboxes['masks'] for one in message.masks}


def object_of(photo, name):
    read = Photo.read(photo_file(photo))
    objects = outlined(photo, read.width, read.height)
    return next(known for known in objects if known.name == name)
