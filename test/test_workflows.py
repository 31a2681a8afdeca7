"""What the forge and developers' tools read, held against what it names.

Nothing of it runs here: it is parsed, and every target, path and option that it names must exist.
"""

import re
from xml.etree import ElementTree

import pytest
import yaml
from helpers.dockerfiles import check_syntax
from helpers.imports import imported_names, python_files
from helpers.printed import ROOT

from picosam_ros.cli import make_parser

FORGE = ROOT / '.github'
WORKFLOWS = sorted(FORGE.glob('workflows/*.yml'))
FORMS = sorted(FORGE.glob('ISSUE_TEMPLATE/*.yml'))
MANIFEST = ElementTree.parse(ROOT / 'package.xml').getroot()
INSTALL = (ROOT / 'docs' / 'install.md').read_text()


def load(path):
    return yaml.safe_load(path.read_text())


def jobs(name):
    return load(FORGE / 'workflows' / name)['jobs']


def scripts(path):
    """Return what a workflow runs, each as one script."""
    return [
        step['run'] for job in load(path)['jobs'].values() for step in job['steps'] if 'run' in step
    ]


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_every_script_of_a_workflow_can_be_read_by_bash(path):
    assert scripts(path)
    for script in scripts(path):
        # GitHub puts a value where ${{ … }} stands.
        check_syntax(re.sub(r'\$\{\{.*?\}\}', 'value', script))


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_every_target_and_path_of_a_workflow_exists(path):
    targets = re.findall(r'^([a-z0-9-]+):', (ROOT / 'Makefile').read_text(), re.M)
    text = '\n'.join(scripts(path))
    assert set(re.findall(r'\bmake ([a-z][a-z0-9-]*)', text)) <= set(targets)
    for named in re.findall(r'(?<!\S)(?:\.ci|docker|scripts|requirements)/\S+', text):
        assert (ROOT / named).is_file(), named
    triggers = load(path)[True]  # YAML 1.1 reads `on` as true
    for named in (triggers['pull_request'] or {}).get('paths', ()):
        assert list(ROOT.glob(named)), named


@pytest.mark.parametrize('path', WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_only_read_and_ends_some_time(path):
    workflow = load(path)
    assert workflow['permissions'] == {'contents': 'read'}
    for name, job in workflow['jobs'].items():
        assert job['timeout-minutes'] <= 300, name


def test_every_action_is_pinned_to_one_commit_with_its_version():
    pins = {}
    for path in WORKFLOWS:
        for action, pin in re.findall(r'uses: (\S+?)@(.+)', path.read_text()):
            assert re.fullmatch(r'[0-9a-f]{40}  # v\d+\.\d+\.\d+', pin), f'{path.name}: {action}'
            assert pins.setdefault(action, pin) == pin, f'{path.name}: {action}'
    assert len(pins) >= 3


def test_the_wheels_are_tested_on_each_release_and_each_python_that_setup_takes():
    matrix = jobs('tests.yml')['test']['strategy']['matrix']
    releases = {*matrix['ros'], *(each['ros'] for each in matrix['include'])}
    assert releases == {path.stem for path in ROOT.glob('requirements/*.lock')} - {'base'}
    setup = (ROOT / 'scripts' / 'setup.sh').read_text()
    oldest = int(re.search(r"python_is '>= \(3, (\d+)\)'", setup)[1])
    beyond = int(re.search(r"python_is '< \(3, (\d+)\)'", setup)[1])
    assert matrix['python'] == [f'3.{minor}' for minor in range(oldest, beyond)]


def test_the_page_has_a_row_for_each_distribution_that_a_workflow_builds():
    built = jobs('ros.yml')['colcon']['strategy']['matrix']['distribution']
    from_apt = re.findall(r'^\| (\w+) \| apt\b', INSTALL, re.M)
    assert [name.lower() for name in from_apt] == built
    [ros] = (
        field['attributes']['options']
        for field in load(FORGE / 'ISSUE_TEMPLATE' / 'bug.yml')['body']
        if field.get('id') == 'ros'
    )
    assert [name.lower() for name in ros if name != 'none'] == built


@pytest.mark.parametrize('path', FORMS, ids=lambda path: path.name)
def test_the_commands_that_an_issue_form_asks_for_exist(path):
    fields = [field for field in load(path)['body'] if field['type'] != 'markdown']
    assert len({field['id'] for field in fields}) == len(fields)
    text = ' '.join(
        f'{field["attributes"]["label"]} {field["attributes"].get("description", "")}'
        for field in fields
    )
    asked = re.findall(r'`(?:python3 -m picosam_ros|picosam) ([^`]+)`', text)
    assert 'doctor --json' in asked
    for command in asked:
        make_parser().parse_args(command.split())
    for page in re.findall(r'`([\w/]+\.md)`', path.read_text()):
        assert (ROOT / page).is_file(), page


def test_a_bug_comes_with_the_output_of_the_doctor():
    [doctor] = (
        field
        for field in load(FORGE / 'ISSUE_TEMPLATE' / 'bug.yml')['body']
        if field.get('id') == 'doctor'
    )
    assert 'picosam doctor --json' in doctor['attributes']['label']
    assert doctor['validations']['required'] is True


def test_a_commit_is_checked_by_the_tools_of_make_lint():
    [local] = load(ROOT / '.pre-commit-config.yaml')['repos']
    entries = [hook['entry'].split() for hook in local['hooks']]
    lint = re.search(r'^lint:.*\n((?:\t.*\n)+)', (ROOT / 'Makefile').read_text(), re.M)[1]
    tools = [line.replace('$(VENV)', '.venv').split() for line in lint.splitlines()]
    assert len(entries) == len(tools)
    for entry, tool in zip(entries, tools, strict=True):
        assert [word for word in entry if word != '--force-exclude'] == tool
    assert {hook['language'] for hook in local['hooks']} == {'system'}


def test_the_citation_says_what_package_xml_says():
    citation = load(ROOT / 'CITATION.cff')
    for key in ('name', 'version', 'license'):
        assert citation['title' if key == 'name' else key] == MANIFEST.findtext(key)
    assert citation['authors'] == [{'name': MANIFEST.findtext('maintainer')}]
    for reference in citation['references']:
        [identifier] = reference['identifiers']
        assert reference['url'].endswith(identifier['value'].removeprefix('arXiv:'))


def test_what_is_not_repeated_on_another_ros_imports_nothing_of_it():
    [listed] = re.findall(r'free_of_ros=\(([^)]*)\)', (ROOT / '.ci' / 'run').read_text())
    folders = [f'test/{name}' for name in listed.split()]
    of_ros = re.compile(r'(rclpy|\w+_(msgs|srvs)|picosam_ros\.(ros|nodes|msg|srv))\.')
    for folder in folders:
        files = python_files(folder)
        assert files, folder
        for path in files:
            assert not [name for name in imported_names(path) if of_ros.match(name)], path
