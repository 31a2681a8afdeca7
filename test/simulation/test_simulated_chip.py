"""What outlives a process: shared by simulations, processes and forks."""

import os
import subprocess
import sys

import pytest

from picosam_ros.simulation import Chip, SteppedClock
from picosam_ros.simulation.chip import MAX_INT64, UPLOADS

WORDS = [name for name, member in vars(Chip).items() if type(member).__name__ == 'Word']

# Prints what another process sees of an upload: its arguments are the descriptor and the time.
READER = """
import sys
from picosam_ros.simulation import Chip, Settings, Simulation, SteppedClock
fd, now_ns = map(int, sys.argv[1:])
settings = Settings(None, chip=Chip.attach(fd), clock=SteppedClock(now_ns))
print(*Simulation(settings).IMX500('').get_fw_upload_progress(2))
"""

# Prints why another process cannot open the camera; its argument is the descriptor.
OPENER = """
import sys
from picosam_ros.simulation import Chip, Settings, Simulation
try:
    Simulation(Settings([[[0, 0, 0]]], chip=Chip.attach(int(sys.argv[1])))).Picamera2()
except RuntimeError as error:
    print(error.__cause__)
"""


def run(script, chip, *arguments):
    """Return what a script prints in a process that has the chip's descriptor."""
    command = [sys.executable, '-c', script, str(chip.fd), *map(str, arguments)]
    return subprocess.run(
        command, pass_fds=[chip.fd], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def network_progress(share):
    """Return bytes and total of the network when a share of the upload's time has passed."""
    return int(sum(UPLOADS) * share) - sum(UPLOADS[:2]), UPLOADS[2]


def test_a_new_chip_remembers_nothing():
    chip = Chip.create()
    assert len(WORDS) == Chip.SIZE // 8
    assert {name: getattr(chip, name) for name in WORDS} == dict.fromkeys(WORDS, 0)
    assert chip.upload_progress(10**18) == (0, 0, 0)


def test_a_moment_before_an_upload_that_takes_no_time_has_a_progress():
    chip = Chip.create()
    chip.upload_begin_ns = chip.upload_end_ns = 1000
    assert chip.upload_progress(999) == (0, 0, UPLOADS[0])
    assert chip.upload_progress(1000) == (2, UPLOADS[2], UPLOADS[2])


def test_an_attached_chip_is_the_same_one():
    chip = Chip.create()
    other = Chip.attach(chip.fd)
    for number, name in enumerate(WORDS):
        setattr(chip, name, -number)
    assert [getattr(other, name) for name in WORDS] == [-number for number in range(len(WORDS))]
    other.frames = MAX_INT64 + 1
    assert chip.frames == MAX_INT64


def test_a_chip_closes_its_own_descriptor_only():
    chip = Chip.create()
    other = Chip.attach(chip.fd)
    fd = other.fd
    del other
    with pytest.raises(OSError, match='Bad file descriptor'):
        os.fstat(fd)
    chip.frames = 7
    assert Chip.attach(chip.fd).frames == 7


def test_what_is_no_chip_cannot_be_attached(tmp_path):
    with (tmp_path / 'empty').open('wb+') as empty, pytest.raises(ValueError, match='mmap'):
        Chip.attach(empty.fileno())


def test_a_simulation_goes_on_where_the_former_one_with_the_same_chip_ended(
    make_simulation, stream, frames
):
    chip = Chip.create()
    for first, starts in ((0, 1), (4, 2)):
        _, camera = stream(make_simulation(chip=chip))
        assert [truth.frame for _, truth in frames(camera, 3)] == [first, first + 1, first + 2]
        assert chip.starts == starts
        camera.stop()
        # One more is exposed while the third is read out.
        assert chip.frames == first + 4


def test_the_writes_of_the_roi_are_counted_over_all_simulations(make_simulation):
    chip = Chip.create()
    configs = [make_simulation('refuse_roi=0.5', chip=chip).IMX500('').config for _ in range(20)]
    assert chip.roi_writes == 20
    assert 0 < sum('roi' in config for config in configs) < 20


def test_a_network_is_uploaded_once_and_comes_from_the_cache_later(make_simulation, stream):
    chip, clock = Chip.create(), SteppedClock(1)
    for network, seconds in (('one', 90), ('one', 2), ('two', 90), ('two', 2), ('one', 90)):
        before_ns = clock.now_ns()
        path = f'/nowhere/{network}.onnx'
        _, camera = stream(
            make_simulation('start_s=90,restart_s=2', chip=chip, clock=clock), network_file=path
        )
        assert clock.now_ns() - before_ns == seconds * 1_000_000_000, network
        camera.close()


def test_an_upload_that_was_cut_off_is_not_cached(make_simulation):
    simulation = make_simulation('start_s=90,restart_s=2')
    simulation.IMX500('picosam2-96')
    hold, simulation.clock.hold_until = simulation.clock.hold_until, _killed
    with simulation.Picamera2() as camera:
        with pytest.raises(KeyboardInterrupt):
            camera.start()
        simulation.clock.hold_until = hold
        before_ns = simulation.clock.now_ns()
        camera.start()
        assert simulation.clock.now_ns() - before_ns == 90_000_000_000


def _killed(_):
    raise KeyboardInterrupt


@pytest.fixture
def during_upload(make_simulation, stream):
    """Upload for a minute; call `look(chip, moment)` while that process stands still."""

    def start(look, share=0.75):
        chip = Chip.create()
        simulation = make_simulation('start_s=60', chip=chip)

        def hold(until_ns):
            begin_ns = simulation.clock.now_ns()
            seen.append(look(chip, begin_ns + int((until_ns - begin_ns) * share)))

        seen = []
        simulation.clock.hold_until = hold
        stream(simulation)
        return seen

    return start


def test_another_process_sees_the_upload_of_one_that_stands_still(during_upload):
    def look(chip, moment_ns):
        return tuple(map(int, run(READER, chip, moment_ns).split()))

    assert during_upload(look) == [network_progress(0.75)]


def test_one_process_at_a_time_has_the_camera(make_simulation):
    chip = Chip.create()
    for _ in range(2):
        camera = make_simulation(chip=chip).Picamera2()
        assert run(OPENER, chip) == 'Failed to acquire camera: Device or resource busy'
        camera.close()
        # That process ended without closing it.
        assert run(OPENER, chip) == ''


@pytest.mark.filterwarnings('ignore:.*fork:DeprecationWarning')
def test_a_fork_sees_the_upload_that_began_after_it(make_simulation, stream):
    simulation = make_simulation('start_s=60')
    imx500 = simulation.IMX500('picosam2-96')
    (asked, ask), (answer, tell) = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        try:
            simulation.clock.sleep_until(int(os.read(asked, 99)))
            os.write(tell, repr(imx500.get_fw_upload_progress(2)).encode())
        finally:
            os._exit(0)
    seen = []

    def hold(until_ns):
        moment_ns = (simulation.clock.now_ns() + until_ns) // 2
        os.write(ask, str(moment_ns).encode())
        seen.append(os.read(answer, 99).decode())

    simulation.clock.hold_until = hold
    with simulation.Picamera2() as camera:
        camera.start()
    os.waitpid(child, 0)
    for fd in (asked, ask, answer, tell):
        os.close(fd)
    assert seen == [repr(network_progress(0.5))]
