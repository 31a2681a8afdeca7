import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from picosam_ros.cli import main
from picosam_ros.commands.doctor import CHECKS, examine
from picosam_ros.commands.doctor.finding import Finding, FindingState

ROOT = Path(__file__).resolve().parents[2]
ROS = ('ROS_DISTRO', 'AMENT_PREFIX_PATH', 'CXX', 'VIRTUAL_ENV')


def doctor(tmp_path, *blocked, **environment):
    """Run the command in a process for which the blocked modules are not there."""
    blocker = f'import sys\nsys.modules.update(dict.fromkeys({list(blocked)}))\n'
    (tmp_path / 'sitecustomize.py').write_text(blocker)
    kept = {name: value for name, value in os.environ.items() if name not in ROS}
    done = subprocess.run(
        [sys.executable, '-m', 'picosam_ros', 'doctor', '--json'],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**kept, 'HOME': str(tmp_path), 'PYTHONPATH': f'{tmp_path}:{ROOT}', **environment},
        timeout=100,
    )
    assert done.stderr == ''
    report = json.loads(done.stdout)
    return done.returncode, report, {found['name']: found for found in report['findings']}


def test_a_machine_with_everything_that_is_required_is_well(tmp_path):
    code, report, found = doctor(tmp_path)
    assert code == 0
    assert report['ok'] is True
    for name in ('Python', 'NumPy', 'OpenCV', 'ONNX Runtime', 'PyYAML', 'model'):
        assert found[name]['state'] == 'ok'
        assert found[name]['required'] is True
    assert [len(members) for members in CHECKS.values()] == [
        sum(found['group'] == group for found in report['findings']) for group in CHECKS
    ]


def test_without_any_package_the_doctor_still_examines_and_names_a_fix_for_each(tmp_path):
    blocked = ('numpy', 'cv2', 'onnxruntime', 'yaml', 'rclpy')
    code, report, found = doctor(tmp_path, *blocked)
    assert code == 1
    assert report['ok'] is False
    for name in ('NumPy', 'OpenCV', 'ONNX Runtime', 'PyYAML'):
        assert found[name]['state'] == 'missing'
        assert found[name]['fix']
    assert found['model']['state'] == 'broken'
    assert found['rclpy']['state'] == 'missing'
    assert not found['rclpy']['required']


def test_without_a_compiler_only_building_is_impossible(tmp_path):
    empty = tmp_path / 'empty'
    empty.mkdir()
    code, _, found = doctor(tmp_path, PATH=str(empty))
    assert code == 0
    assert found['C++ compiler']['state'] == 'missing'
    sudo = '' if os.geteuid() == 0 else 'sudo '
    assert found['C++ compiler']['fix'] == f'{sudo}apt install g++'


def test_a_sourced_ros_that_this_python_does_not_find_is_broken_and_required(tmp_path):
    packages = tmp_path / 'opt' / 'lib' / 'python3.99' / 'site-packages' / 'rclpy'
    packages.mkdir(parents=True)
    code, _, found = doctor(
        tmp_path, 'rclpy', ROS_DISTRO='jazzy', AMENT_PREFIX_PATH=str(tmp_path / 'opt')
    )
    assert code == 1
    assert found['rclpy']['state'] == 'broken'
    assert found['rclpy']['detail'].startswith('built for python3.99, but this is python3.')
    assert found['rclpy']['fix'].startswith('python3.99 -m venv --system-site-packages')


def test_a_package_that_cannot_be_imported_is_broken_with_its_own_words(tmp_path):
    (tmp_path / 'cv2.py').write_text("raise ImportError('libGL.so.1: cannot open\\nlong story')")
    code, _, found = doctor(tmp_path)
    assert code == 1
    assert found['OpenCV']['state'] == 'broken'
    assert found['OpenCV']['detail'] == 'libGL.so.1: cannot open'
    assert found['OpenCV']['fix']


def test_a_package_that_crashes_python_is_a_finding(tmp_path):
    (tmp_path / 'onnxruntime.py').write_text('import os\nos.abort()\n')
    code, _, found = doctor(tmp_path)
    assert code == 1
    assert found['ONNX Runtime']['detail'] == 'crashed with signal 6'


@pytest.fixture
def findings(monkeypatch):
    """Return a function that sets what the command will find."""

    def put(*found):
        monkeypatch.setattr('picosam_ros.commands.doctor.examine', lambda: list(found))

    return put


def test_the_table_shows_state_name_detail_and_the_fix_below(findings, capsys):
    findings(
        Finding('NumPy', FindingState.OK, '2.0', 'never shown', required=True, group='first'),
        Finding('camera', FindingState.BROKEN, 'no permission', 'fix it', group='second'),
    )
    assert main(['doctor']) == 0
    lines = capsys.readouterr().out.splitlines()
    assert '  ok       NumPy             2.0' in lines
    below = lines.index('  broken   camera            no permission') + 1
    assert lines[below].strip() == '→ fix it'
    assert 'never shown' not in '\n'.join(lines)
    assert lines[-1] == 'Everything that is required works.'


def test_the_exit_code_is_about_what_is_required(findings, capsys):
    findings(Finding('NumPy', FindingState.MISSING, '', required=True))
    assert main(['doctor']) == 1
    assert capsys.readouterr().out.endswith('Required, but not working: NumPy.\n')


def test_a_check_that_fails_itself_is_a_finding_among_the_others():
    def bad_check():
        raise OSError('no such thing')

    found = examine({'all': (bad_check, lambda: Finding('good', FindingState.OK, ''))})
    assert [(f.name, f.state) for f in found] == [
        ('bad check', FindingState.BROKEN),
        ('good', FindingState.OK),
    ]
    assert 'no such thing' in found[0].detail
