import json
import shutil
import subprocess
import sys

import pytest

from picosam_ros.cli import COMMANDS, main
from picosam_ros.commands.completion import SHELLS
from picosam_ros.engines import ENGINES
from picosam_ros.engines.runtimes import RUNTIMES
from picosam_ros.models import shipped_models

pytest.importorskip('shtab', reason='pip install shtab')


def completions(script, *words):
    """Return what bash offers in the place of the last word."""
    program = (
        f'. {script}\nCOMP_WORDS=("$@")\nCOMP_CWORD=$(($# - 1))\n_shtab_picosam\n'
        'printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(
        ['bash', '-c', program, 'bash', 'picosam', *words],
        capture_output=True,
        text=True,
        timeout=30,
    )
    assert done.stderr == ''
    return set(done.stdout.split())


@pytest.fixture
def script(tmp_path, capsys):
    assert main(['completion', 'bash']) == 0
    path = tmp_path / 'picosam.bash'
    path.write_text(capsys.readouterr().out)
    return path


def test_bash_completes_commands_options_and_names(script):
    assert completions(script, '') >= set(COMMANDS)
    assert completions(script, 'seg') == {'segment'}
    assert completions(script, 'eval', '--proto') == {'--protocol'}
    assert completions(script, 'eval', '--protocol', '') == {'crop96', 'full', 'box'}
    assert completions(script, 'segment', '--engine', '') == set(ENGINES)
    assert completions(script, 'bench', '--model', '') == {'auto', *shipped_models()}
    assert completions(script, 'bench', '--runtime', '') == set(RUNTIMES)


def test_bash_completes_files(script, tmp_path):
    (tmp_path / 'photo.jpg').touch()
    for words in (('segment',), ('track', '-o'), ('segment', '--encoder')):
        assert completions(script, *words, f'{tmp_path}/ph') == {f'{tmp_path}/photo.jpg'}


@pytest.mark.parametrize('shell', SHELLS)
def test_every_shell_has_a_script_that_it_can_read(shell, capsys, tmp_path):
    assert main(['completion', shell, '--json']) == 0
    report = json.loads(capsys.readouterr().out)
    assert report['shell'] == shell
    assert 'sensor-check' in report['script']
    if not shutil.which(shell):
        pytest.skip(f'{shell} is not installed: its script was written, and not tried')
    path = tmp_path / 'script'
    path.write_text(report['script'])
    subprocess.run([shell, '-n', str(path)], check=True, timeout=30)


def test_without_shtab_the_command_that_installs_it_is_reported(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, 'shtab', None)
    assert main(['completion', 'bash']) == 1
    told = capsys.readouterr()
    assert told.out == ''
    assert 'install it with: ' in told.err
