"""What RViz, Foxglove and Nav2 are told to show and take, against what the nodes publish."""

import json
import re
from pathlib import Path

import pytest
import yaml
from helpers.launch_recording import Recording

from picosam_ros.latency import STAGES
from picosam_ros.ros.cloud.parameters import PARAMETERS
from picosam_ros.stages import LABELS

ROOT = Path(__file__).parents[1]
NODES = ('camera', 'segmenter', 'cloud')
# Absolute names of the ROS world, and inputs and outputs relative to the namespace.
NAME = re.compile(r'`(~?/?[a-z_/]+)`')


def documented():
    """Give every name that docs/interfaces.md lists, as it stands there."""
    rows = [row for row in read('docs/interfaces.md').splitlines() if row.startswith('|')]
    return {name for row in rows for name in NAME.findall(row.split('|')[1])}


def read(path):
    return (ROOT / path).read_text(encoding='utf-8')


def as_documented(topic):
    """Turn /camera/overlay into ~/overlay, and /clicked_point into clicked_point."""
    _, first, *rest = topic.split('/')
    if first in NODES and rest:
        return '/'.join(('~', *rest))
    return topic if topic in documented() else first


def values(tree, keys):
    """Give what stands under any of the keys, however deep."""
    if isinstance(tree, dict):
        for key, value in tree.items():
            if key in keys and isinstance(value, str):
                yield value
            else:
                yield from values(value, keys)
    elif isinstance(tree, list):
        for value in tree:
            yield from values(value, keys)


@pytest.fixture(scope='module')
def rviz():
    return yaml.safe_load(read('rviz/picosam.rviz'))


@pytest.fixture(scope='module')
def foxglove():
    return json.loads(read('foxglove/picosam.json'))


@pytest.fixture(params=['obstacles', 'semantic', 'follow'])
def nav2(request):
    return yaml.safe_load(read(f'config/nav2_{request.param}.yaml'))


def panels(foxglove, kind):
    named = foxglove['configById'].items()
    return [panel for name, panel in named if name.startswith(f'{kind}!')]


def test_every_topic_of_rviz_is_one_of_ours(rviz):
    manager = rviz['Visualization Manager']
    shown = [display['Topic']['Value'] for display in manager['Displays'] if 'Topic' in display]
    sent = [tool['Topic']['Value'] for tool in manager['Tools'] if 'Topic' in tool]
    assert sent == ['/clicked_point']
    assert len(shown) >= 5
    assert {as_documented(topic) for topic in (*shown, *sent)} <= documented()


def test_rviz_shows_overlay_mask_cloud_markers_and_tf(rviz):
    displays = {d['Class'].split('/')[1] for d in rviz['Visualization Manager']['Displays']}
    assert {'Image', 'PointCloud2', 'MarkerArray', 'Pose', 'TF'} <= displays
    [cloud] = [d for d in rviz['Visualization Manager']['Displays'] if d['Name'] == 'Objects']
    assert (cloud['Color Transformer'], cloud['Channel Name']) == ('Intensity', 'id')


def test_no_view_shows_ids_as_grey_values(rviz, foxglove):
    shown = [d['Topic']['Value'] for d in rviz['Visualization Manager']['Displays'] if 'Topic' in d]
    shown += [panel['imageMode']['imageTopic'] for panel in panels(foxglove, 'Image')]
    assert shown.count('/camera/label_mask/color') == 2
    assert '/camera/label_mask' not in shown


def test_every_topic_of_foxglove_is_one_of_ours(foxglove):
    topics = [*values(foxglove, {'imageTopic', 'pointTopic', 'topicToRender'})]
    topics += [topic for scene in panels(foxglove, '3D') for topic in scene['topics']]
    topics += [path.partition('.')[0] for path in plotted(foxglove)]
    assert len(topics) >= 8
    assert {as_documented(topic) for topic in topics} <= documented()


def plotted(foxglove):
    return [path['value'] for plot in panels(foxglove, 'Plot') for path in plot['paths']]


def test_foxglove_plots_every_field_of_the_latency_message_by_its_label(foxglove):
    fields = re.findall(r'^float32 (\w+)', read('msg/Latency.msg'), re.MULTILINE)
    assert fields == list(STAGES)
    assert {path.split('.')[1] for path in plotted(foxglove)} == set(fields)
    for path in plotted(foxglove):
        assert as_documented(path.split('.')[0]) == '~/latency'
    labels = [path['label'] for plot in panels(foxglove, 'Plot') for path in plot['paths']]
    assert sorted(labels) == sorted(LABELS.values())


def test_foxglove_lays_out_every_panel_once(foxglove):
    def leaves(tree):
        if isinstance(tree, str):
            return [tree]
        return [*leaves(tree['first']), *leaves(tree['second'])]

    assert sorted(leaves(foxglove['layout'])) == sorted(foxglove['configById'])


def test_every_topic_that_nav2_takes_is_one_of_ours(nav2):
    keys = {'topic', 'segmentation_topic', 'confidence_topic', 'labels_topic', 'pointcloud_topic'}
    assert {as_documented(topic) for topic in values(nav2, keys)} <= documented()


def costmap(name):
    parameters = yaml.safe_load(read(f'config/nav2_{name}.yaml'))
    return parameters['local_costmap']['local_costmap']['ros__parameters']


def test_the_object_cloud_marks_and_what_the_camera_sees_clears():
    layer = costmap('obstacles')['picosam_layer']
    sources = {name: layer[name] for name in layer['observation_sources'].split()}
    assert [s['topic'] for s in sources.values() if s['marking']] == ['/cloud/cloud']
    assert [s['topic'] for s in sources.values() if s['clearing']] == ['/cloud/aligned_cloud']


def test_the_semantic_layer_gets_four_topics_and_knows_every_class_that_is_announced():
    layer = costmap('semantic')['semantic_layer']
    source = layer[layer['observation_sources']]
    assert {
        key: as_documented(value) for key, value in source.items() if key.endswith('topic')
    } == {
        'segmentation_topic': '~/label_mask',
        'confidence_topic': '~/confidence',
        'labels_topic': '~/label_info',
        'pointcloud_topic': '~/aligned_cloud',
    }
    classes = [name for kind in source['class_types'] for name in source[kind]['classes']]
    assert sorted(classes) == sorted(['nothing', *(f'object_{i}' for i in range(1, 255))])


def test_the_page_about_nav2_names_arguments_and_parameters_that_exist():
    page = read('docs/nav2.md')
    files = [
        ROOT / 'launch' / f'{name}.launch.py' for name in ('nav2', 'camera', 'segmenter', 'cloud')
    ]
    declared = {name for path in files for name in Recording(path).arguments}
    for name in re.findall(r'\b(\w+):=', re.sub(r'--ros-args -r \S+|align_depth\S+', '', page)):
        assert name in declared
    rows = {row.name for row in PARAMETERS}
    assert {'object_id', 'standing', 'base_frame'} <= rows
