"""A network whose answers can be worked out on paper, and a picture to crop from.

Nothing here needs a newer pytest than 6.2, which comes with ROS 2 Humble.
"""

import os
import sys
from pathlib import Path

import numpy as np
import pytest
from helpers.shared_memory import remove_abandoned
from hypothesis import HealthCheck, settings

try:
    import onnx
    from onnx import TensorProto, helper, numpy_helper
except ModuleNotFoundError:
    pytest.exit(
        'the tests need the Python package onnx, which no package of ROS brings: '
        'python3 -m pip install -r requirements/base.lock, in a virtual environment',
        returncode=4,
    )

# The folders of this checkout; pytest itself adds that of this file.
sys.path.insert(0, str(Path(__file__).parents[1]))

# What the tests say stays on this machine, and ROS checks what is assigned to a message's fields:
# Humble always does.
HUMBLE = os.environ.get('ROS_DISTRO') == 'humble'
os.environ.update(
    {'ROS_LOCALHOST_ONLY': '1'} if HUMBLE else {'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST'}
)
os.environ['ROS_PYTHON_CHECK_FIELDS'] = '1'

# A busy machine may take its time to make an example, and over it. All runs have the same ones.
settings.register_profile(
    'picosam',
    deadline=None,
    max_examples=60,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile('picosam')


@pytest.fixture(scope='session', autouse=True)
def own_cache(tmp_path_factory):
    """Give the networks that passed a trial a folder that is not the user's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv('XDG_CACHE_HOME', str(tmp_path_factory.mktemp('cache')))
        yield


# Not longer: while its driver runs, there can be no other event loop.
@pytest.fixture(scope='module')
def browser():
    from helpers.chromium import chromium

    with chromium() as browser:
        yield browser


@pytest.fixture(scope='session', autouse=True)
def no_shared_memory_left():
    """Free what the processes held that tests have killed."""
    yield
    remove_abandoned()


# The innermost wrapper: pytest-cov combines the files in one further out.
@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtestloop(session):
    yield
    if session.config.pluginmanager.hasplugin('_cov'):
        from helpers.coverage_files import drop_unfinished

        drop_unfinished(session.config.rootpath)


@pytest.fixture(scope='session')
def tiny_network(tmp_path_factory):
    """Return a function that writes a network: logits = (red - 128) / 16, exact in float32.

    Without arguments it has the signature that the engine needs, at 96×96; `quality` adds the
    mean of the logits as its rating, `fall` lets them fall by so much for each network pixel from
    the middle, the other arguments make networks that it must refuse.
    """

    def write(
        shape=('N', 96, 96, 3),
        *,
        channel_axis=3,
        input_type=TensorProto.UINT8,
        outputs=1,
        quality=False,
        fall=0.0,
        name='tiny.onnx',
    ) -> str:
        mask_shape = [side for axis, side in enumerate(shape) if axis != channel_axis]
        nodes = [
            helper.make_node('Cast', ['image'], ['float'], to=TensorProto.FLOAT),
            helper.make_node('Gather', ['float', 'red'], ['red_channel'], axis=channel_axis),
            helper.make_node('Sub', ['red_channel', 'threshold'], ['above']),
            helper.make_node('Sub', ['above', 'falling'], ['difference']),
        ]
        names = [f'logits{index or ""}' for index in range(outputs)]
        nodes += [helper.make_node('Div', ['difference', 'step'], [output]) for output in names]
        rows, columns = np.mgrid[: shape[1], : shape[2]] - (shape[1] - 1) / 2 if fall else (0, 0)
        falling = np.asarray(16 * fall * np.hypot(rows, columns), np.float32)
        masks = [helper.make_tensor_value_info(n, TensorProto.FLOAT, mask_shape) for n in names]
        if quality:
            nodes += [
                helper.make_node('ReduceMean', ['logits'], ['quality'], axes=[1, 2], keepdims=0)
            ]
            masks += [helper.make_tensor_value_info('quality', TensorProto.FLOAT, ['N'])]
        graph = helper.make_graph(
            nodes,
            'tiny',
            [helper.make_tensor_value_info('image', input_type, shape)],
            masks,
            [
                helper.make_tensor('red', TensorProto.INT64, [], [0]),
                helper.make_tensor('threshold', TensorProto.FLOAT, [], [128.0]),
                numpy_helper.from_array(falling, 'falling'),
                helper.make_tensor('step', TensorProto.FLOAT, [], [16.0]),
            ],
        )
        # Old versions of both formats: any ONNX Runtime of these years reads them.
        model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid('', 13)])
        path = tmp_path_factory.mktemp('network') / name
        onnx.save(model, path)
        return str(path)

    return write


@pytest.fixture
def photo() -> np.ndarray:
    """Return a 120×160 RGB picture in which no two neighbouring pixels are alike."""
    return np.random.default_rng(7).integers(0, 256, (120, 160, 3), np.uint8)


@pytest.fixture
def root() -> Path:
    """Return the repository's folder."""
    return Path(__file__).parents[1]
