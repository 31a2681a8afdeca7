import pytest
from helpers.harness import Process
from helpers.rig import Rig, picture

from picosam_ros.msg import PromptStatus


@pytest.fixture(scope='module')
def started(red_network):
    """Run a segmenter whose ROIs follow their objects, as they do where nothing is said."""
    with Process('segmenter', {'model': red_network, 'threads': 1}) as process:
        rig = Rig(process)
        rig.connect()
        yield rig
        process.stop()
        rig.close()


def test_an_object_is_followed_out_of_the_square_where_it_began(rig):
    status = rig.point(40, 120)
    for x in range(40, 280, 4):
        result = rig.show(picture((x, 120)))
        [mask] = result.masks.masks
        assert (mask.object_id, mask.generation) == (1, status.generation)
        assert mask.centroid_x == pytest.approx(x, abs=2)
    assert mask.roi.x > 200


def test_an_object_that_is_gone_is_unanswered_first_and_lost_then(rig):
    nothing = picture((-99, -99))
    accepted = rig.point(40, 120)
    assert len(rig.show(picture((40, 120))).masks.masks) == 1
    rig.inboxes['prompt_status'].clear()
    result = rig.show(nothing)
    assert not result.masks.masks
    assert not result.labels.any()
    assert list(result.masks.unanswered) == [1]
    assert result.masks.reasons == ['the network sees nothing there']
    for _ in range(200):
        rig.show(nothing)
        if rig.inboxes['prompt_status']:
            break
    [lost] = rig.inboxes['prompt_status']
    assert (lost.state, lost.object_id) == (PromptStatus.LOST, 1)
    assert lost.generation == accepted.generation
    assert 'the network sees nothing there' in lost.reason
    result = rig.show(picture((40, 120)))
    assert not result.masks.masks
    assert not result.masks.unanswered


def test_an_image_that_shrinks_under_a_followed_object_does_no_harm(rig):
    rig.point(40, 40)
    for x in range(40, 280, 4):
        rig.show(picture((x, 40)))
    result = rig.show(picture((40, 40), width=100, height=80))
    assert result.labels.shape == (80, 100)
    assert rig.point(40, 40).state == PromptStatus.ACCEPTED
    assert len(rig.show(picture((40, 40), width=100, height=80)).masks.masks) == 1
    assert 'Traceback' not in rig.process.stderr
