import json
import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from picosam_ros import __version__
from picosam_ros.cli import COMMANDS, main, make_parser
from picosam_ros.commands.outputs import INPUTS, OUTPUTS
from picosam_ros.commands.terminal import paint
from picosam_ros.errors import ImageError
from picosam_ros.models import shipped_models

ROOT = Path(__file__).resolve().parents[1]


def run(*arguments, **environment):
    return subprocess.run(
        [sys.executable, '-m', 'picosam_ros', *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
    )


@pytest.mark.parametrize('name', COMMANDS)
def test_the_help_of_a_command_shows_an_example_that_the_command_takes(name, capsys):
    with pytest.raises(SystemExit, match='0'):
        main([name, '--help'])
    example = COMMANDS[name].EXAMPLE
    assert f'example:\n  {example}' in capsys.readouterr().out
    program, *arguments = shlex.split(example)
    assert program == 'picosam'
    assert make_parser().parse_args(arguments).run is COMMANDS[name].run


def test_the_help_lists_every_command():
    printed = run('--help')
    assert printed.returncode == 0
    for name, command in COMMANDS.items():
        assert name in printed.stdout
        assert command.HELP in printed.stdout


def test_the_version_is_that_of_the_package():
    assert run('--version').stdout == f'picosam {__version__}\n'


def test_help_loads_nothing_heavy():
    program = (
        'import sys; from picosam_ros.cli import make_parser; make_parser().format_help();'
        'print({"numpy", "cv2", "onnxruntime", "yaml", "rclpy"} & set(sys.modules))'
    )
    printed = subprocess.run(
        [sys.executable, '-c', program], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert printed.stdout == 'set()\n'


@pytest.mark.parametrize('arguments', [(), ('segmnt',)])
def test_a_command_line_without_a_known_command_is_a_usage_error(arguments, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(arguments)
    assert 'usage: picosam' in capsys.readouterr().err


@pytest.mark.parametrize(
    ('arguments', 'near'),
    [
        (('segmnt',), 'segment'),
        (('segment', 'a.jpg', '--pont', '1,2'), '--point'),
        (('segment', 'a.jpg', '--pont=1,2'), '--point'),
        (('eval', '--images', 'a', '--annotations', 'b', '--protocol', 'crop69'), 'crop96'),
        (('completion', 'fsh'), 'fish'),
    ],
)
def test_what_is_mistyped_is_told_with_what_is_nearest(arguments, near, capsys):
    with pytest.raises(SystemExit, match='2'):
        main(arguments)
    assert f"(did you mean '{near}'?)" in capsys.readouterr().err


def test_an_option_that_is_not_known_is_refused_by_its_command(capsys):
    with pytest.raises(SystemExit, match='2'):
        main(['doctor', '--zzz'])
    told = capsys.readouterr().err
    assert 'usage: picosam doctor' in told
    assert 'unrecognized arguments: --zzz; picosam doctor --help lists them' in told


def test_the_help_names_the_shipped_models(capsys):
    with pytest.raises(SystemExit, match='0'):
        main(['segment', '--help'])
    printed = ' '.join(capsys.readouterr().out.split())
    assert ', '.join(sorted(shipped_models())) in printed


def test_an_error_is_one_sentence_on_standard_error_and_no_traceback():
    failed = run('segment', 'no-such-picture.jpg', '--point', '1,2')
    assert failed.returncode == 1
    assert failed.stdout == ''
    assert failed.stderr == (
        'picosam: image no-such-picture.jpg cannot be read: no such file or directory\n'
    )


def test_debug_shows_where_an_error_arose():
    with pytest.raises(ImageError):
        main(['segment', 'no-such-picture.jpg', '--point', '1,2', '--debug'])


def test_an_internal_error_is_one_sentence_too(monkeypatch, capsys):
    def fail(_):
        raise ZeroDivisionError('division by zero\nmore')

    monkeypatch.setattr('picosam_ros.commands.doctor.run', fail)
    assert main(['doctor']) == 1
    assert capsys.readouterr().err == (
        'picosam: internal error: ZeroDivisionError: division by zero; run it '
        'again with --debug and report the traceback\n'
    )
    with pytest.raises(ZeroDivisionError):
        main(['doctor', '--debug'])


def test_the_help_lists_the_exit_codes():
    assert 'exit codes: 0 success, 1 an error' in run('--help').stdout


def test_a_missing_package_is_reported_together_with_the_doctor(tmp_path):
    (tmp_path / 'sitecustomize.py').write_text("import sys\nsys.modules['cv2'] = None\n")
    failed = run('segment', 'a.jpg', '--point', '1,2', PYTHONPATH=f'{tmp_path}:{ROOT}')
    assert failed.returncode == 1
    assert 'cv2' in failed.stderr
    assert '"picosam doctor"' in failed.stderr
    assert 'Traceback' not in failed.stderr


def test_a_reader_that_leaves_early_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    left = subprocess.run(
        [sys.executable, '-m', 'picosam_ros', 'doctor', '--json'],
        stdout=writing,
        stderr=subprocess.PIPE,
        cwd=ROOT,
        timeout=60,
    )
    os.close(writing)
    assert left.stderr == b''


PICTURE = ('segment', 'docs/images/race.png', '--point', '310,170')
COMMANDS_THAT_PRINT = [('--help',), ('--version',), ('completion', 'bash'), PICTURE]


@pytest.mark.parametrize('unbuffered', ['', '1'])
@pytest.mark.parametrize('arguments', COMMANDS_THAT_PRINT, ids=lambda words: words[0])
def test_a_disk_that_is_full_is_one_sentence(arguments, unbuffered):
    with Path('/dev/full').open('w') as full:
        failed = streamed(*arguments, stdout=full, PYTHONUNBUFFERED=unbuffered)
    assert failed.returncode == 1
    assert failed.stderr.endswith('cannot be written: no space left on device\n')
    assert failed.stderr.count('\n') == 1


@pytest.mark.parametrize('unbuffered', ['', '1'])
def test_a_fault_that_cannot_be_told_is_told_by_the_exit_code(unbuffered):
    with Path('/dev/full').open('w') as full:
        words = ('segment', 'no.png', '--point', '1,1')
        failed = streamed(*words, stderr=full, PYTHONUNBUFFERED=unbuffered)
    assert (failed.returncode, failed.stdout) == (1, '')


@pytest.mark.parametrize('arguments', COMMANDS_THAT_PRINT, ids=lambda words: words[0])
def test_a_closed_output_is_told_before_any_work(arguments):
    failed = closed('>&-', *arguments)
    assert failed.returncode == 1
    assert failed.stderr.startswith('picosam: standard output is closed, which is where the result')
    assert failed.stderr.count('\n') == 1


def test_with_a_closed_error_output_json_stays_clean():
    assert closed('2>&-', 'segment', 'no.png', '--point', '1,1', '--json').stdout == ''
    json.loads(closed('2>&-', *PICTURE, '--json').stdout)


def test_a_name_cannot_break_the_sentence_or_steer_the_terminal():
    failed = run('segment', 'a\n\033[31mb.png', '--point', '1,1')
    assert failed.stderr.startswith('picosam: no file fits a\\n\\x1b[31mb.png')


def test_every_path_that_a_command_takes_is_known_as_an_input_or_an_output():
    taken = {
        action.dest
        for subparser in subparsers()
        for action in subparser._actions
        if action.type is Path or action.metavar in ('FILE', 'DIR')
    }
    assert taken <= {*INPUTS, *OUTPUTS}


def subparsers():
    [choices] = (
        action.choices for action in make_parser()._actions if isinstance(action.choices, dict)
    )
    return choices.values()


def streamed(*arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **environment):
    return subprocess.run(
        [sys.executable, '-m', 'picosam_ros', *arguments],
        stdout=stdout,
        stderr=stderr,
        text=True,
        cwd=ROOT,
        env={**os.environ, **environment},
        timeout=60,
    )


def closed(stream, *arguments):
    """Run the command with a stream closed, which only a shell does."""
    command = shlex.join([sys.executable, '-m', 'picosam_ros', *arguments])
    return subprocess.run(
        ['sh', '-c', f'{command} {stream}'], capture_output=True, text=True, cwd=ROOT, timeout=60
    )


class Terminal:
    def isatty(self):
        return True


def test_colour_is_for_terminals_that_want_it(monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.delenv('NO_COLOR', raising=False)
    assert paint('word', 'red', Terminal()) == '\033[31mword\033[0m'
    monkeypatch.setenv('NO_COLOR', '1')
    assert paint('word', 'red', Terminal()) == 'word'
    monkeypatch.delenv('NO_COLOR')
    monkeypatch.setenv('TERM', 'dumb')
    assert paint('word', 'red', Terminal()) == 'word'


def test_what_is_piped_has_no_colour(capsys, monkeypatch):
    monkeypatch.setenv('TERM', 'xterm')
    monkeypatch.delenv('NO_COLOR', raising=False)
    main(['doctor'])
    assert '\033' not in capsys.readouterr().out
