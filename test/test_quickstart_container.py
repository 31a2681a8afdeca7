"""The containers of the demo and of developers, as far as no Docker is needed."""

import json
import re
import shlex
import subprocess

from helpers.dockerfiles import check_syntax, instructions
from helpers.printed import ROOT

from picosam_ros.ros.viewer.parameters import PARAMETERS

PAGE = (ROOT / 'docs' / 'install.md').read_text()
DOCKERFILE = ROOT / 'docker' / 'quickstart' / 'Dockerfile'
INSTRUCTIONS = instructions(DOCKERFILE)
DEVELOPERS = json.loads((ROOT / '.devcontainer' / 'devcontainer.json').read_text())
[PORT] = [str(each.default) for each in PARAMETERS if each.name == 'port']


def of(name):
    """Return the values of all instructions of a name."""
    return [instruction.value for instruction in INSTRUCTIONS if instruction.name == name]


def would_run(target, **variables):
    """Return what a target of make would run."""
    asked = ['make', '-n', target, *(f'{name}={value}' for name, value in variables.items())]
    return subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_every_run_is_a_script_that_bash_can_read():
    for run in of('RUN'):
        check_syntax(run)


def test_the_image_has_this_checkout_with_its_environment_and_runs_the_demo():
    assert of('COPY') == ['--chown=1000 . .']
    assert of('RUN')[-1] == 'make .venv/.installed'
    assert json.loads(of('CMD')[0]) == ['make', 'demo']
    assert f'{PORT}:{PORT}' in PAGE
    assert of('EXPOSE') == [PORT]


def test_the_demo_of_the_image_serves_a_published_port():
    variables = dict(variable.split('=') for variable in of('ENV'))
    assert variables == {'ADDRESS': '0.0.0.0', 'BROWSER': 'none'}
    assert "--address '0.0.0.0'" in would_run('demo', **variables)


def test_nobody_in_the_image_is_root():
    [user] = of('USER')
    assert f'--uid {user} ' in ' '.join(of('RUN'))
    names = [instruction.name for instruction in INSTRUCTIONS]
    assert names.index('USER') < names.index('COPY')


def test_the_page_builds_this_image_and_runs_what_it_has():
    [build] = re.findall(r'^ *(docker build .*)$', PAGE, re.M)
    words = shlex.split(build)
    assert ROOT / words[words.index('-f') + 1] == DOCKERFILE
    tag = words[words.index('-t') + 1]
    [run] = re.findall(r'^ *docker run (.*)$', PAGE, re.M)
    assert run.endswith(f' {tag} make demo')


def test_developers_have_the_python_of_the_image_and_what_make_setup_makes():
    [image] = of('FROM')
    assert DEVELOPERS['image'] == image.replace('-slim', '')
    assert DEVELOPERS['postCreateCommand'] == 'make setup'
    assert DEVELOPERS['forwardPorts'] == [int(PORT)]
