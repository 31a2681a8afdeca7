"""The README followed word by word in an empty environment: a fresh clone, a fresh home, `env -i`.

It takes a quarter of an hour and the network, so it runs where it is asked for:

    PICOSAM_README=1 make test ARGS='test/test_readme_literally.py -s --no-cov -o timeout=0'
"""

import os
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from helpers.printed import ROOT, blocks

pytestmark = pytest.mark.skipif(
    not os.environ.get('PICOSAM_README'), reason='takes a quarter of an hour: set PICOSAM_README=1'
)

# What nobody waits for longer.
MINUTES = 20 * 60
# Seconds of a demo that would run until Ctrl-C.
DEMO = 20
# How pip finds its packages, where the machine is not in the open.
PIP_CONFIGURATION = Path.home() / '.config' / 'pip' / 'pip.conf'


@pytest.fixture(scope='module')
def home(tmp_path_factory):
    """Return a home in which there is a fresh clone of what was committed, and nothing else."""
    folder = tmp_path_factory.mktemp('home')
    subprocess.run(
        ['git', 'clone', '--quiet', '--no-hardlinks', ROOT, folder / 'picosam_ros'], check=True
    )
    return folder


@pytest.fixture(scope='module')
def environment(home):
    """Return what `env -i` leaves, plus a home, a language and how pip finds packages."""
    kept = {name: value for name, value in os.environ.items() if name.startswith('PIP_')}
    if PIP_CONFIGURATION.is_file():
        kept.setdefault('PIP_CONFIG_FILE', str(PIP_CONFIGURATION))
    return {'HOME': str(home), 'PATH': '/usr/bin:/bin', 'LANG': 'C.UTF-8', **kept}


def run(command, home, environment, seconds=MINUTES, **more):
    """Run one line in the clone with bash, and show what it prints."""
    print(f'\n$ {command}', flush=True)
    start = time.monotonic()
    done = subprocess.run(
        ['bash', '-c', command],
        cwd=home / 'picosam_ros',
        env={**environment, **more},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=seconds,
    )
    print(f'{done.stdout[-3000:]}\n({time.monotonic() - start:.0f} s)', flush=True)
    return done


def commands(word):
    """Return the lines of the README's blocks whose first word is this one; without hardware's."""
    shown = [block for block in blocks(ROOT / 'README.md') if block.needs != 'hardware']
    lines = [line for block in shown for line in block.text.splitlines()]
    return [line.partition('  #')[0].strip() for line in lines if line.startswith(f'{word} ')]


def test_the_demo_runs_until_ctrl_c(home, environment):
    first, *_ = commands('make')
    assert first == 'make demo'
    assert run('make setup', home, environment).returncode == 0
    process = subprocess.Popen(
        ['bash', '-c', f'exec {first} BROWSER=none'],
        cwd=home / 'picosam_ros',
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with pytest.raises(subprocess.TimeoutExpired):
        process.communicate(timeout=DEMO)
    os.killpg(process.pid, signal.SIGINT)
    printed, _ = process.communicate(timeout=60)
    assert 'Traceback' not in printed, printed


def test_the_demo_of_the_simulated_sensor_ends_by_itself(home, environment):
    [command] = [line for line in commands('make') if 'SIMULATE' in line]
    done = run(f'{command} SECONDS=15 BROWSER=none', home, environment, 300)
    assert done.returncode == 0
    assert 'Traceback' not in done.stdout


def test_the_commands_work_after_pip_install(home, environment, tmp_path):
    environment_of_its_own = 'python3 -m venv ~/venv && . ~/venv/bin/activate'
    done = run(f'{environment_of_its_own} && pip install -q .', home, environment)
    assert done.returncode == 0
    prepare(home, environment)
    for command in commands('picosam'):
        done = run(f'. ~/venv/bin/activate && {command}', home, environment, 300)
        # The doctor of a machine without ROS has nothing that is required to complain about.
        assert done.returncode == 0, command
    for made in ('out.png', 'out.mp4'):
        assert (home / 'picosam_ros' / made).stat().st_size


def prepare(home, environment):
    """Put the files that the README speaks of into the clone, by its own environment's Python."""
    program = (
        'import sys; sys.path.insert(0, "test")\n'
        'import cv2, numpy as np\n'
        'from pathlib import Path\n'
        'from helpers.labelled import Dataset, rectangle\n'
        'from skimage import data\n'
        'bgr = np.ascontiguousarray(cv2.resize(data.coffee(), (640, 480))[..., ::-1])\n'
        'cv2.imwrite("photo.jpg", bgr)\n'
        'film = cv2.VideoWriter("video.mp4", cv2.VideoWriter.fourcc(*"mp4v"), 30.0, (640, 480))\n'
        'for shift in range(30): film.write(np.roll(bgr, shift, axis=1))\n'
        'film.release()\n'
        'Path("val2017").mkdir()\n'
        'made = Dataset(Path("val2017"))\n'
        'made.path = Path("instances_val2017.json")\n'
        'made.label(made.picture(rectangles=[(40, 30, 100, 90)]), rectangle(40, 30, 100, 90))\n'
        'made.write()\n'
    )
    (home / 'prepare.py').write_text(program)
    shutil.copy(home / 'prepare.py', home / 'picosam_ros' / 'prepare.py')
    assert run('.venv/bin/python prepare.py', home, environment).returncode == 0


def test_the_python_that_is_printed_works(home, environment):
    [block] = [b for b in blocks(ROOT / 'README.md') if b.text.startswith('from picosam_ros')]
    given = 'import cv2\nrgb = cv2.imread("photo.jpg")[..., ::-1]\nx, y = 320, 240\n'
    (home / 'picosam_ros' / 'example.py').write_text(given + block.text)
    done = run('. ~/venv/bin/activate && python example.py', home, environment, 60)
    assert done.returncode == 0


def test_the_tests_pass(home, environment):
    assert 'make test' in commands('make')
    done = run('make test', home, environment, 3 * MINUTES)
    assert done.returncode == 0
    assert re.search(r'\d+ passed', done.stdout)
