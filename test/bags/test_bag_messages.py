import json
import sys
from pathlib import Path

import pytest

pytest.importorskip('rosbags.typesys', reason='pip brings rosbags')

from picosam_ros.bags.messages import message_folder, typestore
from picosam_ros.errors import BagError


def test_our_messages_are_those_that_ros_generates(root):
    generated = pytest.importorskip('picosam_ros.msg', reason='the messages are not built')
    share = Path(generated.__file__).parents[5] / 'share' / 'picosam_ros' / 'msg'
    if not (share / 'Mask.json').is_file():
        pytest.skip('this release of ROS has no type hashes')
    for path in sorted((root / 'msg').glob('*.msg')):
        kind = f'picosam_ros/msg/{path.stem}'
        described = json.loads((share / f'{path.stem}.json').read_text())
        hashes = {each['type_name']: each['hash_string'] for each in described['type_hashes']}
        assert typestore().hash_rihs01(kind) == hashes[kind]


def test_an_installed_package_finds_them_in_share(tmp_path):
    package = tmp_path / 'lib' / 'python3.12' / 'site-packages' / 'picosam_ros'
    package.mkdir(parents=True)
    share = tmp_path / 'share' / 'picosam_ros' / 'msg'
    with pytest.raises(BagError, match='were not found in any folder above'):
        message_folder(package)
    share.mkdir(parents=True)
    (share / 'MaskArray.msg').touch()
    assert message_folder(package) == share


def test_without_the_library_the_way_to_it_is_told(monkeypatch):
    monkeypatch.setitem(sys.modules, 'rosbags.typesys', None)
    with pytest.raises(BagError, match='install it with: pip install "rosbags'):
        typestore.__wrapped__()
