"""The pages that are made from the code say what the code says."""

import re
from importlib import import_module
from pathlib import Path

import pytest

pytest.importorskip('picosam_ros.msg', reason='the messages are not built')

ROOT = Path(__file__).parents[1]
PAGES = ('parameters', 'messages', 'commands')


def writer(page):
    """Return the script that writes a page, as a module."""
    return import_module(f'scripts.write_{page}')


@pytest.mark.parametrize('page', PAGES)
def test_every_page_is_as_its_script_writes_it(page):
    for path, text in writer(page).documents().items():
        assert (ROOT / path).read_text() == text, f'{path} is old: `make docs` writes it anew'


def test_the_messages_page_has_every_field_with_its_meaning():
    module = writer('messages')
    page = (ROOT / 'docs' / 'messages.md').read_text()
    for path in (*ROOT.glob('msg/*.msg'), *ROOT.glob('srv/*.srv')):
        section = module.read(path.read_text().replace('\n---\n', '\n\n'))
        assert section.description, f'{path.name} begins with what it is'
        for field in section.fields:
            assert field.meaning, f'{path.name}: {field.name} has no comment'
            assert field.meaning in page


def test_the_messages_page_names_the_fields_that_were_built():
    from picosam_ros import msg

    page = (ROOT / 'docs' / 'messages.md').read_text()
    for path in ROOT.glob('msg/*.msg'):
        section = re.search(rf'^## {path.stem}$(.*?)(?=^## |\Z)', page, re.M | re.S)[1]
        described = re.findall(r'^\| `(\w+)` \|', section, re.M)
        built = getattr(msg, path.stem).get_fields_and_field_types()
        assert described == list(built)


def test_every_picture_and_page_that_a_page_links_to_is_there():
    pages = [*ROOT.glob('*.md'), ROOT / 'training/README.md']
    pages += [*ROOT.glob('docs/*.md'), ROOT / 'picosam_ros/models/MODEL_CARD.md']
    broken = [
        f'{page.relative_to(ROOT)}: {target}'
        for page in pages
        for target, fragment in re.findall(
            r'\]\((?!https?:|mailto:)([^)#\s]*)(#[^)\s]*)?\)', page.read_text()
        )
        if not (page.parent / target).exists()
        or not has_heading(page.parent / target, page, fragment)
    ]
    assert broken == []


def test_what_is_cloned_is_the_repository_of_package_xml():
    address = re.search(r'<url type="repository">(.*)</url>', (ROOT / 'package.xml').read_text())[1]
    pages = [ROOT / 'README.md', *ROOT.glob('docs/*.md')]
    cloned = {page.name: re.findall(r'git clone (\S+)', page.read_text()) for page in pages}
    assert cloned['README.md']
    # A page may speak of the command alone.
    named = {name for found in cloned.values() for name in found if '/' in name}
    assert named == {address}


def test_the_figures_of_the_readme_are_those_of_the_pages_that_it_names():
    text = (ROOT / 'README.md').read_text()
    for name, page in (
        ('speed', 'docs/performance.md'),
        ('truth', 'picosam_ros/models/MODEL_CARD.md'),
    ):
        [row] = re.findall(rf'^\| {name} \|.*$', text, re.M)
        figures = re.findall(r'\*\*(.+?)\*\*', row)
        assert figures
        assert page in row
        missing = [figure for figure in figures if figure not in (ROOT / page).read_text()]
        assert missing == [], f'{page} was measured anew'


def has_heading(target, page, fragment):
    """Tell whether a page has the heading that a link points at."""
    if not fragment:
        return True
    text = (page if target.is_dir() else target).read_text()
    anchors = {
        re.sub(r'[^\w\- ]', '', heading.lower()).strip().replace(' ', '-')
        for heading in re.findall(r'^#+ (.+)$', text, re.M)
    }
    return fragment[1:] in anchors


def test_every_page_is_reached_from_the_start_page_and_from_the_readme():
    named = {path.name for path in (ROOT / 'docs').glob('*.md')} - {'index.md'}
    for start in (ROOT / 'README.md', ROOT / 'docs' / 'index.md'):
        linked = {Path(target).name for target in re.findall(r'\]\(([^)#\s]*)', start.read_text())}
        assert named <= linked, f'{start} does not link to {named - linked}'
