import pytest
import yaml
from rclpy.exceptions import InvalidParameterValueException
from rclpy.node import Node
from rclpy.parameter import Parameter as RosParameter

from picosam_ros.nodes import camera, cloud, segmenter, viewer
from picosam_ros.ros.parameters import Parameter, Parameters, to_markdown, to_yaml

TABLE = (
    Parameter('engine', 'auto', 'Who computes.', choices=('auto', 'host')),
    Parameter('rate', 30.0, 'Frames per second.', low=0.5, high=240.0),
    Parameter('roi_size', 0, 'Side of the square.', low=0, high=8192),
    Parameter('source', '', 'Device or file.', read_only=True),
    Parameter('track', True, 'Follow the object.'),
)
NODES = pytest.mark.parametrize(
    'table',
    [camera.PARAMETERS, segmenter.PARAMETERS, cloud.PARAMETERS, viewer.PARAMETERS],
)


@pytest.fixture
def parameters(node):
    return Parameters(node, TABLE)


def set_(node, name, value):
    return node.set_parameters([RosParameter(name, value=value)])[0]


def test_the_defaults_hold_until_they_are_set(node, parameters):
    assert {p.name: parameters[p.name] for p in TABLE} == {p.name: p.default for p in TABLE}
    assert set_(node, 'roi_size', 128).successful
    assert parameters['roi_size'] == 128


@pytest.mark.parametrize(
    ('name', 'value'), [('roi_size', -1), ('roi_size', 8193), ('rate', 0.4), ('rate', 241.0)]
)
def test_a_number_out_of_range_is_refused(node, parameters, name, value):
    before = parameters[name]
    assert not set_(node, name, value).successful
    assert parameters[name] == before


@pytest.mark.parametrize(('name', 'value'), [('roi_size', 8192), ('rate', 0.5), ('rate', 240.0)])
def test_both_ends_of_a_range_are_allowed(node, parameters, name, value):
    assert set_(node, name, value).successful
    assert parameters[name] == value


def test_a_text_that_is_no_choice_is_refused_with_the_choices(node, parameters):
    result = set_(node, 'engine', 'gpu')
    assert not result.successful
    assert result.reason == "parameter 'engine' was set to 'gpu'; allowed are auto, host"
    assert parameters['engine'] == 'auto'
    assert set_(node, 'engine', 'host').successful


def test_a_value_of_another_type_is_refused(node, parameters):
    assert not set_(node, 'roi_size', 'large').successful


def test_a_read_only_parameter_stays_what_it_was_at_the_start(node, parameters):
    assert not set_(node, 'source', '/dev/video1').successful
    assert parameters['source'] == ''


@pytest.mark.parametrize(('name', 'value'), [('engine', 'gpu'), ('roi_size', -1)])
def test_a_wrong_value_at_the_start_stops_the_node(name, value):
    node = Node('wrong', parameter_overrides=[RosParameter(name, value=value)])
    try:
        with pytest.raises(InvalidParameterValueException, match=name):
            Parameters(node, TABLE)
    finally:
        node.destroy_node()


@pytest.mark.usefixtures('parameters')
def test_describe_shows_the_sentence_and_what_is_allowed(node):
    engine, rate, roi_size, source, _ = node.describe_parameters([p.name for p in TABLE])
    assert (engine.description, engine.additional_constraints) == (
        'Who computes.',
        'one of: auto, host',
    )
    [floats], [integers] = rate.floating_point_range, roi_size.integer_range
    assert (floats.from_value, floats.to_value) == (0.5, 240.0)
    assert (integers.from_value, integers.to_value, integers.step) == (0, 8192, 1)
    assert source.read_only
    assert not rate.read_only


@NODES
def test_the_parameters_of_a_node_have_names_of_their_own_and_sentences(table):
    assert len({p.name for p in table}) == len(table)
    assert all(p.description.endswith('.') for p in table)
    assert not any(p.complaint(p.default) for p in table)


@NODES
def test_the_documentation_has_a_line_for_each_parameter(table):
    head, rule, *rows = to_markdown(table).splitlines()
    assert head.count('|') == rule.count('|')
    assert len(rows) == len(table)
    for row, parameter in zip(rows, table, strict=True):
        assert row.count('|') == head.count('|')
        for part in (f'`{parameter.name}`', parameter.type, parameter.description):
            assert part in row
        assert parameter.allowed in row


def test_the_documentation_tells_default_range_and_when_it_may_change():
    rows = to_markdown(TABLE).splitlines()[2:]
    assert rows[0] == '| `engine` | string | `auto` | auto, host | changes | Who computes. |'
    assert rows[1] == '| `rate` | double | `30.0` | 0.5 to 240 | changes | Frames per second. |'
    assert rows[3] == '| `source` | string | empty | any | fixed | Device or file. |'
    assert rows[4] == '| `track` | bool | `true` | true, false | changes | Follow the object. |'


@NODES
def test_the_example_file_is_yaml_that_holds_every_default_with_its_type(table):
    read = yaml.safe_load(to_yaml('name', table))
    values = read['/**/name']['ros__parameters']
    assert values == {p.name: p.default for p in table}
    assert [type(value) for value in values.values()] == [type(p.default) for p in table]


def test_a_node_takes_the_example_file(tmp_path):
    changed = [
        Parameter(p.name, default, p.description, p.low, p.high, p.choices)
        for p, default in zip(TABLE, ('host', 12.0, 64, 'film.mp4', False), strict=True)
    ]
    path = tmp_path / 'example.yaml'
    path.write_text(to_yaml('from_file', changed), encoding='utf-8')
    node = Node('from_file', cli_args=['--ros-args', '--params-file', str(path)])
    try:
        parameters = Parameters(node, TABLE)
        assert [parameters[p.name] for p in TABLE] == [p.default for p in changed]
    finally:
        node.destroy_node()
