"""No two rooms of the package import each other in a circle, and no two of its files do.

A room is a folder, without the folders in it; a module at the package's top is a room of its own.
"""

from collections import defaultdict
from graphlib import CycleError, TopologicalSorter
from itertools import pairwise

from helpers.imports import imported_names, module_name, python_files

FILES = {module_name(path): path for path in python_files('picosam_ros')}
# The build generates them: they import nothing of ours.
GENERATED = ('picosam_ros.msg', 'picosam_ros.srv')


def module_of(name):
    """Return the module that has a dotted name, or '' where it is not ours."""
    if name.startswith(GENERATED):
        return ''
    while name and name not in FILES:
        name = name.rpartition('.')[0]
    return name


def room_of(module):
    folder = module.rpartition('.')[0]
    return module if FILES[module].name == '__init__.py' or '.' not in folder else folder


IMPORTS = [
    (module, module_of(name))
    for module, path in FILES.items()
    for name in imported_names(path)
    if module_of(name)
]


def circle(imports, place_of):
    """Return the imports that make a circle of places; none where there is no circle."""
    crossing = defaultdict(list)
    graph = defaultdict(set)
    for importer, imported in imports:
        here, there = place_of(importer), place_of(imported)
        if here != there:
            crossing[here, there].append(f'{importer} imports {imported}')
            graph[here].add(there)
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        # Each place of the circle is imported by the next.
        steps = pairwise(error.args[1])
        return [line for there, here in steps for line in sorted(set(crossing[here, there]))]
    return []


def test_no_rooms_import_each_other_in_a_circle():
    found = circle(IMPORTS, room_of)
    assert not found, '\n'.join(found)


def test_no_files_import_each_other_in_a_circle():
    found = circle(IMPORTS, lambda module: module)
    assert not found, '\n'.join(found)


def test_a_circle_of_two_rooms_is_found_and_named():
    cameras, engines = 'picosam_ros.cameras.base', 'picosam_ros.engines.base'
    assert circle([(cameras, engines)], room_of) == []
    assert sorted(circle([(cameras, engines), (engines, cameras)], room_of)) == [
        f'{cameras} imports {engines}',
        f'{engines} imports {cameras}',
    ]
