"""Names of others in the documentation, config/ and package.xml are those of their sources.

outside_names.csv has a row for each: what it is, the releases of ROS that have it (of which we name
Humble, Jazzy, Kilted and Lyrical), and the public file, as owner/repository/path, in which it was
read. Who writes a new name reads it there first, on the branch of each release, and adds a row.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from helpers.outside_names import table
from helpers.printed import ROOT, blocks, pages

RELEASES = ('humble', 'jazzy', 'kilted', 'lyrical')
NAV2 = ROOT / 'docs' / 'nav2.md'
# The other files of config/ are written from our own tables.
CONFIG = sorted(ROOT.glob('config/nav2_*.yaml'))
VIEW = ROOT / 'rviz' / 'picosam.rviz'
# Their words in code are ours, but for those in the table.
REFERENCE = tuple(ROOT / 'docs' / f'{name}.md' for name in ('interfaces', 'parameters', 'messages'))

INTERFACE = re.compile(r'\b([a-z]\w*_(?:msgs|srvs|interfaces))/(msg/|srv/|action/)?([A-Z]\w+)')
DEBIAN = re.compile(r'\bros-(?:\$ROS_DISTRO|[a-z]+)-([a-z0-9-]+)')
STARTED = re.compile(r'\bros2 (?:run|launch) (\w+) ([\w.]+)')
FOUND = re.compile(r'\bros2 pkg prefix --share (\w+)\)(?:/[\w/]*?([\w-]+\.\w+))?')
VERB = re.compile(r'\bros2 [a-z]+ [a-z_]+')
PLUGIN = re.compile(r'\b[a-z]\w*::[A-Z]\w+')
# Not the beginning of a file's name, a message's or a plugin's: those are found above.
PACKAGE = re.compile(
    r'\b(?:(?:nav2|opennav|rqt|tf2|foxglove|diagnostic|realsense2)_\w+'
    r'|rviz2|cv_bridge|depth_image_proc|image_transport|image_common)\b(?!\.\w|/[A-Za-z]|::)'
)
# Folder and package, and the names of branches.
OTHERS = {'config', 'picosam_ros', 'rolling', *RELEASES}
# A prompt's class, and what stands for one.
OBJECT = re.compile(r'object_(\d+|ID)')
# Keys that name what other keys of the same file describe: those names are chosen there.
NAMING = ('plugins', 'observation_sources', 'class_types', 'classes')


def row_name(row: dict[str, str]) -> str:
    return row['name']


NAMES = {row['name'] for row in table()}


def words(text: str) -> set[str]:
    return set(re.findall(r'[A-Za-z]\w*(?:::\w+|\.\w+)*', text))


def in_code(text: str) -> set[str]:
    """Return the words of all code spans but options, and commands: these name more."""
    spans = re.findall(r'`([^`\n]+)`', text)
    return {word for span in spans if not re.match('ros2|sudo|--', span) for word in words(span)}


def of_every_page(text: str) -> Iterator[str]:
    """Yield the names that are unmistakable wherever they stand."""
    for package, kind, name in INTERFACE.findall(text):
        yield f'{package}/{kind if kind == "action/" else ""}{name}'
    yield from (name.replace('-', '_') for name in DEBIAN.findall(text))
    for pair in (*STARTED.findall(text), *FOUND.findall(text)):
        if pair[0] != 'picosam_ros':
            yield from filter(None, pair)
    yield from PLUGIN.findall(text)
    yield from PACKAGE.findall(text)


def of_nav2(text: str) -> set[str]:
    """Return what the page about Nav2 names: code, keys, topics, words with an underscore."""
    for pattern in (INTERFACE, DEBIAN, STARTED, FOUND, VERB):
        text = pattern.sub('', text)
    named = in_code(text) | set(re.findall(r'\b[a-z]\w*_\w+(?:\.\w+)*\b', text))
    for block in blocks(NAV2):
        for line in block.text.splitlines():
            named |= set(re.findall(r'\b([a-z]\w+): ', line)) | set(re.findall(r' /(\w+) ', line))
    return {name for name in named if not name.isupper()}


def of_config(node: object, chosen: frozenset[str] = frozenset()) -> set[str]:
    """Return the keys and texts of a file, but for the names that it chooses itself."""
    if isinstance(node, dict):
        own = {name for key in NAMING if key in node for name in texts(node[key])}
        # Of the layers, those that the file describes; the rest is to be found in Nav2's own file.
        own = {name for name in own if name in node or OBJECT.fullmatch(name) or name == 'nothing'}
        below = [of_config(value, chosen | own) for value in node.values()]
        return (set(node) | set().union(*below)) - own - chosen
    return {name for name in texts(node) if name not in chosen}


def texts(node: object) -> list[str]:
    values = node if isinstance(node, list) else [node]
    return [word for value in values if isinstance(value, str) for word in value.split()]


def chosen_in_config() -> set[str]:
    """Return the names that our files give to layers, sources and classes."""
    every = {word for path in CONFIG for word in re.findall(r'[\w:/]+', path.read_text())}
    return every - set().union(*(of_config(yaml.safe_load(path.read_text())) for path in CONFIG))


def ours() -> set[str]:
    reference = set().union(*(in_code(path.read_text()) for path in REFERENCE))
    files = {path.name for folder in ('launch', 'config') for path in (ROOT / folder).iterdir()}
    launched = {word for path in ROOT.glob('launch/*.py') for word in quoted(path.read_text())}
    return reference | files | launched | chosen_in_config() | OTHERS


def quoted(text: str) -> list[str]:
    return re.findall(r"'([a-z_]+)'", text)


def found() -> dict[str, set[Path]]:
    """Return each outside name, and the files that have it."""
    places: dict[str, set[Path]] = {}

    def take(names, path):
        for name in names:
            places.setdefault(name, set()).add(path)

    for path in pages():
        take(of_every_page(path.read_text()), path)
    known_ours = ours()
    for name in of_nav2(NAV2.read_text()):
        if name in NAMES or not (name in known_ours or OBJECT.fullmatch(name)):
            take([name], NAV2)
    for path in CONFIG:
        take(of_every_page(path.read_text()), path)
        take((n for n in of_config(yaml.safe_load(path.read_text())) if n[0] != '/'), path)
    manifest = ROOT / 'package.xml'
    take(re.findall(r'<\w*depend>([\w]+-[\w-]+)<', manifest.read_text()), manifest)
    take(re.findall(r'Class: (\w+/[\w ]+)', VIEW.read_text()), VIEW)
    return places


FOUND_NAMES = found()


def test_every_outside_name_has_a_row_with_its_source():
    missing = {name: sorted(map(str, FOUND_NAMES[name])) for name in FOUND_NAMES.keys() - NAMES}
    assert missing == {}, 'read each in its source, and add a row to test/outside_names.csv'


def test_every_row_is_of_a_name_that_a_page_or_a_file_has():
    assert NAMES - FOUND_NAMES.keys() == set()


def test_a_row_tells_what_the_name_is_who_has_it_and_where_it_was_read():
    assert len(NAMES) == len(table())
    for row in table():
        assert row['kind'], row
        assert re.fullmatch(r'[\w.-]+/[\w.-]+/[\w./-]+', row['source']), row
        assert row['releases'] == 'all' or set(row['releases'].split()) < set(RELEASES), row


@pytest.mark.parametrize('row', [row for row in table() if row['releases'] != 'all'], ids=row_name)
def test_a_page_names_the_releases_that_lack_what_it_names(row):
    lacking = [release for release in RELEASES if release not in row['releases'].split()]
    for path in FOUND_NAMES[row['name']]:
        # A file of config/ says it on the page that it names.
        page = path if path.suffix == '.md' else NAV2
        assert [release for release in lacking if release.title() not in page.read_text()] == []
