"""package.xml and CHANGELOG.rst are what a release's tools take: catkin_pkg, bloom and rosdep."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from helpers.imports import ROOT
from helpers.outside_names import table

pytest.importorskip('catkin_pkg', reason='pip install catkin_pkg')
from catkin_pkg.changelog import get_changelog_from_path
from catkin_pkg.cli.tag_changelog import get_forthcoming_label, rename_section
from catkin_pkg.package import parse_package

# No address of the owner's before the first release: package.xml has it for all.
PLACEHOLDER = re.compile(r'https://picosam\.example[\w/.-]*')


@pytest.fixture
def package():
    """Return package.xml as bloom reads it; what it only warns of fails, too."""
    warnings = []
    read = parse_package(str(ROOT / 'package.xml'), warnings=warnings)
    assert warnings == []
    return read


def test_package_xml_is_valid_without_a_warning(package):
    warnings = []
    package.validate(warnings=warnings)
    assert warnings == []


def test_the_changelog_becomes_that_of_the_next_release(package, tmp_path):
    text = (ROOT / 'CHANGELOG.rst').read_text()
    dated = f'{package.version} (2026-01-01)'
    label = get_forthcoming_label(text)
    assert label == 'Forthcoming'
    (tmp_path / 'CHANGELOG.rst').write_text(rename_section(text, label, dated))
    changelog = get_changelog_from_path(str(tmp_path), package.name)
    [(version, date, content)] = changelog.foreach_version()
    assert (version, f'{date:%Y-%m-%d}') == (package.version, '2026-01-01')
    assert len(content) >= 4


def test_the_package_has_an_address_of_each_type_and_no_other_file_has_further_ones(package):
    addresses = {url.type: url.url for url in package.urls}
    assert set(addresses) == {'website', 'repository', 'bugtracker'}
    assert len(package.urls) == 3
    further = [
        f'{path.relative_to(ROOT)}: {address}'
        for path in released()
        for address in PLACEHOLDER.findall(path.read_text(encoding='utf-8', errors='ignore'))
        if not address.startswith(tuple(addresses.values()))
    ]
    assert further == [], 'the owner has set others in package.xml'


def released() -> list[Path]:
    """Return the files of a release that may hold an address."""
    git = shutil.which('git')
    if not git or not (ROOT / '.git').exists():
        pytest.skip('no git here: it tells which files a release holds')
    listed = subprocess.run([git, 'ls-files'], cwd=ROOT, capture_output=True, text=True, check=True)
    named = [ROOT / name for name in listed.stdout.splitlines()]
    suffixes = {'.cff', '.html', '.js', '.md', '.py', '.rst', '.toml', '.xml', '.yaml', '.yml'}
    return [path for path in named if path.suffix in suffixes and path.is_file()]


def test_every_key_of_a_system_package_is_one_of_rosdep(package):
    # A ROS package is found by its own name; a key of a system package has a hyphen.
    keys = {
        dependency.name
        for group in ('build_depends', 'exec_depends', 'test_depends', 'buildtool_depends')
        for dependency in getattr(package, group)
        if '-' in dependency.name
    }
    assert keys == {row['name'] for row in table() if row['kind'] == 'rosdep key'}
    assert [key for key in keys if key.endswith('-pip')] == [], 'a Debian package depends on none'
