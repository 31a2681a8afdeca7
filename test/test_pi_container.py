"""The container for a Raspberry Pi, and the page that leads to it, as far as no Pi is needed.

No image is built here. Every command of the Dockerfile and of the page is parsed, and held against
what it names: this package, and libcamera where LIBCAMERA_SOURCE names a checkout with its tags.
"""

import ast
import json
import os
import re
import shlex
import subprocess
import sys

import pytest
import yaml
from helpers.dockerfiles import check_syntax, instructions
from helpers.printed import ROOT, blocks

from picosam_ros.cli import make_parser

FOLDER = ROOT / 'docker' / 'pi'
PAGE = ROOT / 'docs' / 'raspberry-pi.md'
SHELL = [block for block in blocks(PAGE) if not block.is_listing]
# Of Meson itself, not of a project's meson_options.txt.
MESON_OPTIONS = {'auto_features', 'buildtype', 'libdir', 'python.platlibdir', 'werror'}
INSTRUCTIONS = instructions(FOLDER / 'Dockerfile')
RUNS = [instruction for instruction in INSTRUCTIONS if instruction.name == 'RUN']
ARGS = dict(i.value.split('=', 1) for i in INSTRUCTIONS if i.name == 'ARG')


def of(name):
    """Return the values of all instructions of a name."""
    return [instruction.value for instruction in INSTRUCTIONS if instruction.name == name]


def commands(start):
    """Return the commands of all RUN instructions that begin with some words, split into words."""
    found = [
        shlex.split(command)
        for run in RUNS
        for command in re.split(r'&&|;', run.value)
        if ' '.join(command.split()).startswith(start)
    ]
    assert found, f'no command begins with {start!r}'
    return found


def words(command):
    """Return the words of a command that are no options."""
    return [word for word in command if not word.startswith('-')]


def service():
    [only] = yaml.safe_load((FOLDER / 'compose.yaml').read_text())['services'].values()
    return only


@pytest.mark.parametrize('run', RUNS, ids=str)
def test_every_run_is_a_script_that_bash_can_read(run):
    check_syntax(run.value)
    for program in re.findall(r"python3 -c '([^']+)'", run.value):
        ast.parse(program)


def test_the_entry_point_is_a_script_that_sources_the_workspace():
    [folder] = of('WORKDIR')
    shell, flag, script, _ = json.loads(of('ENTRYPOINT')[0])
    assert (shell, flag) == ('/bin/bash', '-c')
    check_syntax(script)
    assert f'. {folder}/install/setup.bash && exec "$@"' == script


def test_packages_of_apt_are_sorted_and_named_once():
    [install] = commands('apt-get install')
    named = words(install)[2:]
    assert named == sorted(set(named))
    # picamera2 runs it in the constructor of IMX500, also as root.
    assert 'sudo' in named


def test_every_installation_by_apt_reads_the_lists_and_leaves_none():
    for run in RUNS:
        if re.search('apt-get install|rosdep install', run.value):
            assert run.value.startswith('apt-get update')
            assert run.value.endswith('rm -rf /var/lib/apt/lists/*')


def test_what_is_cloned_is_a_tag_or_a_commit():
    for run in RUNS:
        for clone in re.findall(r'git clone ([^&]+)', run.value):
            branch = re.search(r'--branch "\$\{(\w+)\}"', clone)
            commit = re.search(r'git -C \S+ checkout "\$\{(\w+)\}"', run.value)
            if branch:
                assert re.fullmatch(r'v\d+\.\d+\.\d+\+rpt\d{8}', ARGS[branch[1]])
            else:
                assert re.fullmatch('[0-9a-f]{40}', ARGS[commit[1]])
            assert re.search(r'https://github\.com/(raspberrypi|tomba)/', clone)


def test_every_arg_is_used():
    for name in ARGS:
        assert any(f'${{{name}}}' in run.value for run in RUNS), name


def test_this_checkout_is_copied_and_the_image_of_ros_is_named_with_its_release():
    assert of('COPY')[-1].startswith('. src/picosam_ros')
    [base] = of('FROM')
    assert re.fullmatch('ros:[a-z]+-ros-base', base)
    release = base.partition(':')[2].partition('-')[0]
    scripts = ' '.join(run.value for run in RUNS)
    assert set(re.findall(r'/opt/ros/(\w+)|--rosdistro (\w+)', scripts)) == {
        (release, ''),
        ('', release),
    }


def test_packages_of_pip_are_pinned_and_onnx_runtime_is_the_one_that_is_tested():
    [install] = commands('pip install')
    pins = dict(re.split('(?==|<)', word, maxsplit=1) for word in words(install)[2:])
    # NumPy is apt's: the bound only keeps pip from replacing it.
    assert pins.pop('numpy') == '<2'
    assert all(pin.startswith('==') for pin in pins.values())
    assert pins['picamera2'] == '==${PICAMERA2_VERSION}'
    locked = re.findall(
        r"^onnxruntime(==\S+) ; python_full_version >= '3\.11'",
        (ROOT / 'requirements' / 'base.lock').read_text(),
        re.M,
    )
    assert [pins['onnxruntime']] == locked


def test_picamera2_is_as_new_as_the_camera_and_the_page_ask_for():
    text = (ROOT / 'picosam_ros' / 'cameras' / 'picamera' / 'camera.py').read_text()
    for needed in re.findall(r'(\d+\.\d+\.\d+) or later', text + PAGE.read_text()):
        if needed.startswith('0.3.'):
            assert parts(ARGS['PICAMERA2_VERSION']) >= parts(needed)


def parts(version):
    return tuple(int(part) for part in version.split('.'))


def test_python_modules_go_where_the_python_of_the_image_looks():
    scripts = ' '.join(run.value for run in RUNS)
    assert set(re.findall(r'python3\.\d+', scripts)) == {'python3.12'}
    assert '-Dpython.platlibdir=/usr/local/lib/python3.12/dist-packages' in scripts
    assert 'site-packages/pykms /usr/local/lib/python3.12/dist-packages/' in scripts


def meson_setup(project):
    [command] = [command for command in commands('meson setup') if f'/src/{project}' in command]
    return dict(word[2:].split('=', 1) for word in command if word.startswith('-D'))


def libcamera(path):
    """Return the text of a file of libcamera at the tag that the image builds."""
    source = os.environ.get('LIBCAMERA_SOURCE')
    if not source:
        pytest.skip('LIBCAMERA_SOURCE names no checkout of raspberrypi/libcamera')
    shown = ['git', '-C', source, 'show', f'{ARGS["LIBCAMERA_TAG"]}:{path}']
    return subprocess.run(shown, capture_output=True, text=True, check=True).stdout


def test_libcamera_has_the_options_that_it_is_built_with():
    text = libcamera('meson_options.txt')
    declared = dict(re.findall(r"option\('([^']+)',(.*?)(?=\noption\(|\Z)", text, re.S))
    options = meson_setup('libcamera')
    for name, value in options.items():
        assert name in declared or name in MESON_OPTIONS, name
        choices = re.search(r'choices *: *\[(.*?)\]', declared.get(name, ''), re.S)
        if choices:
            assert set(value.split(',')) <= set(re.findall("'([^']+)'", choices[1])), name
    assert options['pipelines'] == options['ipas']


def test_the_container_has_what_the_camera_needs_of_the_host():
    only = service()
    assert only['privileged'] is True
    assert (only['network_mode'], only['ipc']) == ('host', 'host')
    mounts = {tuple(volume.split(':')) for volume in only['volumes']}
    assert mounts == {
        ('/dev', '/dev'),
        ('/run/udev', '/run/udev', 'ro'),
        ('/sys/kernel/debug', '/sys/kernel/debug'),
        ('~/network', '/network', 'ro'),
    }


def test_the_container_is_built_of_this_checkout():
    build = service()['build']
    assert (FOLDER / build['context']).resolve() == ROOT
    assert ROOT / build['dockerfile'] == FOLDER / 'Dockerfile'


def test_the_network_has_one_place_on_the_host_and_one_in_the_container():
    commands_of_compose = ' '.join(service()['command'])
    page = PAGE.read_text()
    places = set(re.findall(r'\S*/network\.rpk', page + commands_of_compose))
    assert {place.lstrip('`').rpartition(':=')[2] for place in places} == {
        '~/network/network.rpk',
        '/network/network.rpk',
    }
    assert '-o ~/network\n' in page


def test_what_git_ignores_does_not_travel_and_what_is_installed_does():
    def names(path):
        lines = [line for line in path.read_text().splitlines() if line and line[0] != '#']
        return {line.removeprefix('**/').strip('/') for line in lines}

    ignored = names(ROOT / '.dockerignore')
    assert names(ROOT / '.gitignore') | {'.git'} <= ignored
    cmake = (ROOT / 'CMakeLists.txt').read_text()
    installed = re.search(r'foreach\(folder ([\w ]+)\)', cmake)[1].split()
    needed = {*installed, 'picosam_ros', 'cmake', 'msg', 'srv', 'package.xml', 'CMakeLists.txt'}
    assert not needed & ignored


@pytest.mark.parametrize('block', SHELL, ids=str)
def test_every_block_of_the_page_is_a_script_that_bash_can_read(block):
    check_syntax(block.text)


def test_every_step_tells_what_is_seen_when_it_went_right():
    for section in re.findall(r'^## \d\. (.*?)(?=^## )', PAGE.read_text(), re.M | re.S):
        steps = re.split(r'^\d\. ', section, flags=re.M)
        for step in steps[1:] or steps:
            assert '**Right:**' in step or not re.search('^ {4}', step, re.M), step


def lines():
    """Return what the page prints as commands, in blocks and within sentences."""
    within = re.findall(
        r'`((?:picosam|python3 -m picosam_ros|ros2 launch) [^`]+)`', PAGE.read_text()
    )
    printed = [line for b in SHELL for line in b.text.replace('\\\n', ' ').splitlines()]
    return [*printed, *within]


def test_the_commands_of_the_page_have_the_options_that_are_printed():
    named = r'(?:^ *|-m |--rm picosam )(?:picosam|picosam_ros) ([a-z].*)'
    given = [found[1] for found in (re.search(named, line) for line in lines()) if found]
    assert len(given) > 5
    for command in given:
        make_parser().parse_args(shlex.split(command, comments=True))


def test_the_launch_files_have_the_arguments_of_page_and_container():
    from test_printed_commands import arguments_of

    started = [' '.join(service()['command']), *lines()]
    found = [re.search(r'ros2 launch picosam_ros (\S+)(.*)', line) for line in started]
    assert sum(map(bool, found)) >= 5
    for match in filter(None, found):
        assert set(re.findall(r'(?<=\s)(\w+):=', match[2])) <= arguments_of(match[1]), match[0]


def test_the_containers_of_the_page_are_the_service_of_the_compose_file():
    services = yaml.safe_load((FOLDER / 'compose.yaml').read_text())['services']
    composed = [line for line in lines() if line.strip().startswith('docker compose')]
    assert len(composed) >= 4
    for line in composed:
        path, rest = re.fullmatch(r'docker compose -f (\S+) (.+)', line.strip()).groups()
        assert ROOT / path == FOLDER / 'compose.yaml'
        named = re.match(r'(?:run --rm|exec) (\w+)', rest)
        assert rest in ('build', 'up') or named[1] in services


def test_the_files_of_this_repository_that_the_page_names_are_there():
    named = re.findall(r'(?:^|[\s`])((?:docker|picosam_ros)/[\w./-]+)', PAGE.read_text())
    assert len(named) >= 4
    for path in named:
        assert (ROOT / path).exists(), path


BARE = """
import sys

ALLOWED = {'cv2', 'numpy', 'yaml', 'picosam_ros', *sys.stdlib_module_names}
asked = set()

class Bare:
    def find_spec(self, name, path=None, target=None):
        top, frame = name.partition('.')[0], sys._getframe(1)
        while frame and 'importlib' in frame.f_globals.get('__name__', ''):
            frame = frame.f_back
        if top in ALLOWED:
            return None
        if frame and frame.f_globals.get('__name__', '').startswith('picosam_ros'):
            asked.add(top)
        raise ModuleNotFoundError(f'No module named {top!r}', name=top)

sys.meta_path.insert(0, Bare())
from picosam_ros.cli import main
main(['sensor-check', '--sensor-network', sys.argv[1]])
print(sorted(asked))
"""


def test_the_measurement_imports_what_the_page_installs_and_nothing_else(tmp_path):
    installed = re.search(r'apt install -y (git .*?)sudo reboot', PAGE.read_text(), re.S)[1]
    assert {'python3-opencv', 'python3-yaml', 'python3-picamera2', 'imx500-all'} <= set(
        installed.split()
    )
    network = tmp_path / 'network.rpk'
    network.write_bytes(b'9464')
    done = subprocess.run(
        [sys.executable, '-c', BARE, network], cwd=ROOT, capture_output=True, text=True, timeout=60
    )
    assert set(ast.literal_eval(done.stdout.splitlines()[-1])) <= {'picamera2', 'libcamera'}
