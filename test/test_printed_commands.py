"""Every command that the documentation prints is run here, or is marked with what it needs.

A block of code is one script, run by bash in a folder that has the files which the pages speak of.
`make` only tells what it would do: test_readme_literally.py runs it for real. Of `ros2 launch`,
which comes with ROS from apt, the arguments are held against the launch files.
"""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import exported
from helpers.labelled import Dataset, rectangle
from helpers.launch_recording import Recording
from helpers.printed import REASONS, ROOT, all_blocks

from picosam_ros import Frame, open_engine

pytest.importorskip('skimage', reason='pip install scikit-image: the photographs are its own')
from skimage import data

BLOCKS = all_blocks()
COMMANDS = [block for block in BLOCKS if not block.is_listing]
LANGUAGES = ('bash', 'json', 'json5', 'python', 'text', 'yaml')
# Where several pages print the same, once.
RUN = list({block.text: block for block in COMMANDS if not block.needs}.values())
PYTHON = [block for block in BLOCKS if block.is_listing and re.match('(from|import) ', block.text)]
# The longest block has six commands, of some seconds each.
SECONDS = 500

# What would take long is made short, and what a busy machine would choose is named: it takes the
# faster network, which has no size steps. Nothing else of a command is changed.
CHANGES = (
    ('--size-step 1', '--size-step 1 --model picosam-click'),
    ('--seconds 30', '--seconds 10'),
    ('picosam bench', 'picosam bench --frames 20'),
    ('picosam review cups', 'picosam review cups --seconds 1'),
    ('--simulate --faults', '--changes 4 --simulate --faults'),
)
PREAMBLE = f"""
set -euo pipefail
make() {{ command make -n -C '{ROOT}' "$@" > /dev/null; }}
picosam() {{ '{sys.executable}' -m picosam_ros "$@"; }}
python() {{ '{sys.executable}' "$@"; }}
python3() {{ python "$@"; }}
"""


def test_every_mark_is_a_known_reason():
    assert {block.needs for block in BLOCKS} - {''} <= set(REASONS)


def test_the_pages_print_commands_and_some_of_them_run_here():
    assert len(RUN) > 20
    assert len(PYTHON) >= 3


def test_no_command_hides_in_a_block_that_is_none():
    first = re.compile(
        r'^(?:\$ )?(?:sudo |\. )?(cd|docker|git|make|picosam|pip|python3?|ros2) ', re.M
    )
    hidden = [str(block) for block in BLOCKS if block.is_listing and first.search(block.text)]
    assert hidden == []


def test_every_block_names_its_language():
    # In a list a block is indented: the site's Markdown knows no fences there.
    unnamed = [block for block in BLOCKS if block.kind not in LANGUAGES]
    lines = {page: (ROOT / page).read_text().splitlines() for page in {b.page for b in unnamed}}
    assert [str(b) for b in unnamed if not lines[b.page][b.line - 1].startswith(' ' * 5)] == []


@pytest.fixture(scope='module')
def photo():
    """Return 640×480 pixels, R, G, B: a cup of coffee."""
    return cv2.resize(data.coffee(), (640, 480), interpolation=cv2.INTER_AREA)


@pytest.fixture(scope='module')
def folder(photo, tmp_path_factory):
    """Return a folder with the files that the pages speak of."""
    made = tmp_path_factory.mktemp('printed')
    bgr = np.ascontiguousarray(photo[..., ::-1])
    cv2.imwrite(str(made / 'photo.jpg'), bgr)
    writer = cv2.VideoWriter(
        str(made / 'video.mp4'), cv2.VideoWriter.fourcc(*'mp4v'), 30.0, (640, 480)
    )
    for shift in range(6):
        writer.write(np.roll(bgr, 2 * shift, axis=1))
    writer.release()
    pictures = Dataset(made / 'val2017')
    pictures.folder.mkdir()
    pictures.path = made / 'instances_val2017.json'
    number = pictures.picture('0001.png', rectangles=[(40, 30, 100, 90)])
    pictures.label(number, rectangle(40, 30, 100, 90))
    pictures.write()
    # The shell has `picosam` already, from PREAMBLE.
    (made / '.venv' / 'bin').mkdir(parents=True)
    (made / '.venv' / 'bin' / 'activate').touch()
    return made


@pytest.fixture(scope='module')
def recording(folder, photo):
    """Write a recording of the photograph into the folder."""
    recorded = pytest.importorskip('helpers.recorded', reason='pip install rosbags')
    images = []
    for number in range(3):
        image = recorded.image(number, pixels=photo)
        image.width, image.height, image.step = 640, 480, 3 * 640
        images.append((recorded.IMAGE, recorded.at(number), image))
    recorded.record(folder / 'recording', topics={recorded.TOPIC: images})


@pytest.fixture(scope='module')
def cups(folder, recording):
    """Label the recording."""
    point = ['--point', '320,240', '--name', 'cup', '--processes', '1']
    command = [sys.executable, '-m', 'picosam_ros', 'label', 'recording', *point, '-o', 'cups']
    subprocess.run(command, cwd=folder, check=True, timeout=SECONDS)


@pytest.fixture
def mine(folder, tiny_network):
    """Put a network of the user's own into the folder."""
    shutil.copy(tiny_network(), folder / 'mine.onnx')


@pytest.fixture
def edgesam(folder, tmp_path):
    """Put files with the signatures of EdgeSAM's export into the folder."""
    pair = exported.write_pair(tmp_path)
    shutil.copy(pair.encoder, folder / 'encoder.onnx')
    shutil.copy(pair.decoder, folder / 'decoder.onnx')


@pytest.fixture
def node():
    """Run the camera node for as long as the test does; it has published when the test begins."""
    harness = pytest.importorskip('helpers.harness', reason='needs ROS 2')
    from picosam_ros.msg import Latency

    with harness.ros(), harness.Process('camera', {'camera': 'photos'}) as process:
        client = harness.Client(process)
        latencies = client.subscribe(Latency, f'{process.name}/latency')
        client.wait_for(lambda: latencies)
        client.close()
        yield process


@pytest.fixture
def shell(folder):
    """Return a function that runs a script in the folder, as a user of bash would."""
    for left in ('out.png', 'mask.png', 'out.mp4', 'sheet.png', 'latency.png', 'masks'):
        path = folder / left
        shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)

    def run(script):
        for printed, run_instead in CHANGES:
            script = script.replace(printed, run_instead)
        environment = {**os.environ, 'MAKEFLAGS': '', 'COVERAGE_PROCESS_START': ''}
        return subprocess.run(
            ['bash', '-c', PREAMBLE + script],
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )

    return run


def without_hardware(text):
    """Leave out the lines that say that they need some."""
    return ''.join(
        line for line in text.splitlines(keepends=True) if '(needs hardware)' not in line
    )


@pytest.mark.timeout(SECONDS + 100)
@pytest.mark.parametrize('block', RUN, ids=str)
def test_what_is_printed_works(block, shell, request):
    needed = (
        ('mine.onnx', 'mine'),
        ('encoder.onnx', 'edgesam'),
        (' recording', 'recording'),
        (' review cups', 'cups'),
    )
    for word, fixture in needed:
        if word in block.text:
            request.getfixturevalue(fixture)
    if re.search('picosam (latency|prompt|watch)', block.text):
        request.getfixturevalue('node')
    done = shell(without_hardware(block.text))
    assert done.returncode == 0, f'{block}: {done.stderr}'


@pytest.mark.parametrize('block', PYTHON, ids=str)
def test_the_python_that_is_printed_works(block, folder, photo, edgesam, monkeypatch):
    monkeypatch.chdir(folder)
    names = {'rgb': photo, 'x': 320, 'y': 240}
    exec(compile(block.text, str(block), 'exec'), names)
    if 'mask' in names:
        assert names['mask'].to_image().shape == photo.shape[:2]
    else:
        with open_engine('host', model=str(folder / 'mine.onnx')) as engine:
            assert engine.description['model'] == 'mine.onnx'
    assert Frame.from_array(photo).width == 640


@pytest.mark.parametrize('block', COMMANDS, ids=str)
def test_the_launch_files_have_the_arguments_that_are_printed(block):
    # A command goes on where its line ends in a backslash.
    for line in block.text.replace('\\\n', ' ').splitlines():
        found = re.match(r'ros2 launch picosam_ros (\w+\.launch\.py)(.*)', line)
        if not found:
            continue
        declared = arguments_of(found[1])
        given = set(re.findall(r'(?<=\s)(\w+):=', found[2].partition('#')[0]))
        assert given <= declared, f'{block}: {found[1]} has no {given - declared}'


def arguments_of(name):
    """Return what a launch file, and those that it includes, declare."""
    path = ROOT / 'launch' / name
    found = set(Recording(path).arguments)
    for included in set(re.findall(r"'(\w+\.launch\.py)'", path.read_text())) - {name}:
        found |= arguments_of(included)
    return found


def test_the_executables_that_are_printed_exist():
    nodes = {path.stem for path in (ROOT / 'picosam_ros' / 'nodes').glob('*.py')} | {'picosam'}
    for block in COMMANDS:
        named = re.findall(r'ros2 run picosam_ros (\w+)|lib/picosam_ros/(\w+)', block.text)
        assert {name for pair in named for name in pair if name} <= nodes, str(block)


def test_the_files_that_are_printed_exist():
    shared = r'\$\(ros2 pkg prefix --share picosam_ros\)/(\S+)'
    for block in COMMANDS:
        for name in re.findall(shared, block.text):
            assert Path(ROOT, name).is_file(), f'{block}: {name}'
