"""What the sensor looks at, computes and fails to compute."""

from concurrent.futures import TimeoutError as FutureTimeoutError

import numpy as np
import pytest

from picosam_ros.roi import Roi
from picosam_ros.simulation.scene import sample

# All of the sensor, and what the driver makes of a rectangle of that size.
FULL, WRITTEN_FULL = Roi(0, 0, 4056, 3040), Roi(0, 0, 4032, 3040)
ROI = (1000, 800, 608, 608)


def rois(found):
    return [truth.tensor.roi for _, truth in found]


@pytest.fixture
def scene():
    return np.random.default_rng(5).integers(0, 256, (480, 640, 3), np.uint8)


def test_the_tensor_is_what_the_network_says_of_the_roi(
    make_simulation, stream, frames, scene, tiny_network
):
    """The network's logits are (red − 128) / 16; int8 holds every second of them."""
    simulation = make_simulation(scene=scene, network=None)
    imx500 = simulation.IMX500(tiny_network())
    imx500.set_inference_roi_abs(ROI)
    with simulation.Picamera2(imx500.camera_num) as camera:
        camera.start()
        [(metadata, truth)] = frames(camera, 1)
    [output] = imx500.get_outputs(metadata)
    red = sample(scene, Roi(*ROI), 96, 96)[..., 0].astype(np.float32)
    np.testing.assert_array_equal(output, np.round((red[np.newaxis] - 128) / 2) / 8)
    assert truth.tensor.roi == Roi(*ROI)
    assert imx500.get_kpi_info(metadata) == (14.3, 0.4)


def test_without_quantisation_the_logits_stay_as_they_are(make_simulation, stream, frames):
    third = np.full((96, 96), 1 / 3, np.float32)
    for faults, expected in (('int8=off', third), ('', np.full_like(third, 3 / 8))):
        imx500, camera = stream(make_simulation(faults, network=lambda _: third))
        [(metadata, _)] = frames(camera, 1)
        np.testing.assert_array_equal(imx500.get_outputs(metadata)[0][0], expected)


def test_an_roi_that_was_set_before_the_start_is_there_from_the_first_frame(
    make_simulation, stream, frames
):
    simulation = make_simulation('roi_lag=4')
    imx500 = simulation.IMX500('picosam2-96')
    imx500.set_inference_roi_abs(ROI)
    with simulation.Picamera2() as camera:
        camera.start()
        assert rois(frames(camera, 2)) == [Roi(*ROI)] * 2


@pytest.mark.parametrize('lag', range(5))
def test_an_roi_is_seen_by_the_frames_that_are_exposed_later_by_the_lag(
    make_simulation, stream, frames, lag
):
    imx500, camera = stream(make_simulation(f'roi_lag={lag}'))
    [(_, truth)] = frames(camera, 1)
    imx500.set_inference_roi_abs(ROI)
    # When a request is complete, the next frame is being exposed already.
    first = truth.frame + 2 + lag
    for _, later in frames(camera, 8):
        assert later.tensor.roi == (Roi(*ROI) if later.frame >= first else WRITTEN_FULL)


def test_rois_that_follow_each_other_take_effect_in_turn(make_simulation, stream, frames):
    imx500, camera = stream(make_simulation('roi_lag=2'))
    for x in (100, 200):
        frames(camera, 1)
        imx500.set_inference_roi_abs((x, 0, 96, 96))
    assert [roi.x for roi in rois(frames(camera, 6))] == [0, 0, 100, 200, 200, 200]


def test_an_roi_of_no_size_means_all_of_the_sensor(make_simulation, stream, frames):
    imx500, camera = stream(make_simulation())
    imx500.set_inference_roi_abs((0, 0, 0, 0))
    frames(camera, 3)
    assert rois(frames(camera, 1)) == [FULL]


def test_the_driver_cuts_an_roi_down_in_silence(make_simulation, stream, frames, capsys):
    imx500, camera = stream(make_simulation())
    assert rois(frames(camera, 1)) == [WRITTEN_FULL]
    for asked in ((0, 0, 4040, 96), (4040, 0, 9, 9)):
        imx500.set_inference_roi_abs(asked)
        frames(camera, 3)
        assert rois(frames(camera, 1)) == [Roi(*np.minimum(asked, 4032))]
        assert imx500.config['roi'].to_tuple() == asked
    assert capsys.readouterr().out == ''


def test_an_roi_over_the_border_is_clipped(make_simulation):
    imx500 = make_simulation().IMX500('picosam2-96')
    imx500.set_inference_roi_abs((-50, 2900, 608, 608))
    assert imx500.config['roi'].to_tuple() == (0, 2900, 558, 140)


def test_a_refused_roi_is_only_printed_and_changes_nothing(make_simulation, stream, frames, capsys):
    imx500, camera = stream(make_simulation('refuse_roi=1'))
    assert 'roi' not in imx500.config
    imx500.set_inference_roi_abs(ROI)
    assert 'Unable to set ROI' in capsys.readouterr().out
    assert 'roi' not in imx500.config
    assert rois(frames(camera, 5)) == [FULL] * 5


def test_a_frame_without_a_tensor_has_none_of_its_keys(make_simulation, stream, frames):
    imx500, camera = stream(make_simulation('missing=1'))
    [(metadata, truth)] = frames(camera, 1)
    assert not [key for key in metadata if key.startswith('Cnn')]
    assert imx500.get_outputs(metadata) is None
    assert imx500.get_kpi_info(metadata) is None
    assert truth.tensor is None


def test_the_same_seed_misses_the_same_frames(make_simulation, stream, frames):
    def missed(seed):
        _, camera = stream(make_simulation(f'missing=0.5,seed={seed}'))
        return [truth.tensor is None for _, truth in frames(camera, 60)]

    assert missed(1) == missed(1) != missed(2)
    assert 15 < sum(missed(1)) < 45


def test_every_second_frame_can_have_a_tensor(make_simulation, stream, frames):
    _, camera = stream(make_simulation('tensor_every=2'))
    assert [truth.tensor is not None for _, truth in frames(camera, 6)] == [True, False] * 3


def test_a_late_tensor_comes_with_a_later_picture(make_simulation, stream, frames):
    imx500, camera = stream(
        make_simulation('late=2', scene=lambda n: np.full((3, 4, 3), n, np.uint8))
    )
    found = frames(camera, 6)
    assert [truth.tensor and truth.tensor.frame for _, truth in found] == [None, None, 0, 1, 2, 3]
    assert imx500.get_outputs(found[1][0]) is None
    assert imx500.get_outputs(found[2][0]) is not None


def test_without_a_network_there_are_pictures_only(make_simulation, stream, frames):
    _, camera = stream(make_simulation(), network_file='')
    assert frames(camera, 1)[0][1].tensor is None


def test_a_network_file_must_exist_unless_it_is_a_name(make_simulation, tmp_path):
    simulation = make_simulation()
    with pytest.raises(RuntimeError, match=r'network\.rpk does not exist'):
        simulation.IMX500(str(tmp_path / 'network.rpk'))
    (tmp_path / 'network.rpk').write_bytes(b'only the sensor can read it')
    assert simulation.IMX500(str(tmp_path / 'network.rpk')).config['roi'].to_tuple()[2:] == (
        4056,
        3040,
    )


def test_a_sensor_with_another_id_is_not_found(make_simulation):
    simulation = make_simulation()
    assert simulation.IMX500('', camera_id='i2c@1/imx500').camera_num == 0
    with pytest.raises(RuntimeError, match='not found'):
        simulation.IMX500('', camera_id='i2c@0')


def test_the_start_blocks_for_the_upload(make_simulation, stream):
    simulation = make_simulation('start_s=90')
    before = simulation.clock.now_ns()
    imx500, _ = stream(simulation)
    assert simulation.clock.now_ns() - before == 90_000_000_000
    done, total = imx500.get_fw_upload_progress(2)
    assert done == total > 1_000_000


def test_the_upload_goes_through_its_stages(make_simulation, stream):
    simulation = make_simulation('start_s=10')
    seen = []

    def watch(until_ns):
        begin = simulation.clock.now_ns()
        for tenth in range(11):
            move(begin + (until_ns - begin) * tenth // 10)
            seen.append([imx500.get_fw_upload_progress(stage) for stage in range(3)])

    imx500 = simulation.IMX500('picosam2-96')
    assert [imx500.get_fw_upload_progress(stage) for stage in range(3)] == [(0, 0)] * 3
    move, simulation.clock.hold_until = simulation.clock.hold_until, watch
    with simulation.Picamera2() as camera:
        camera.start()
    assert seen[0][0][1] > seen[0][0][0] == 0, 'the loader comes first'
    assert seen[1][0] == (0, 0)
    assert seen[1][1][1] > 0
    network = [stages[2][0] for stages in seen if stages[2][1]]
    assert network == sorted(set(network))
    assert len(network) > 5


def test_a_stream_that_falls_silent_can_be_started_again(make_simulation, stream, frames):
    _, camera = stream(make_simulation('stop_after=3'))
    frames(camera, 3)
    with pytest.raises(FutureTimeoutError):
        camera.capture_request(wait=5)
    camera.stop()
    camera.start()
    assert [truth.frame for _, truth in frames(camera, 3)] == [3, 4, 5]
