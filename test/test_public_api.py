import subprocess
import sys
import textwrap

import numpy as np
import pytest

import picosam_ros


def python(root, code):
    """Run it in a Python of its own, as a user would in this folder; return what it prints."""
    ran = subprocess.run(
        [sys.executable, '-c', textwrap.dedent(code)],
        cwd=root,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout.strip()


def test_the_example_of_the_package_runs():
    indented = picosam_ros.__doc__.split('::\n', 1)[1]
    rgb = np.zeros((120, 160, 3), np.uint8)
    names = {'rgb': rgb, 'x': 80, 'y': 60}
    exec(textwrap.dedent(indented), names)
    assert isinstance(names['mask'], picosam_ros.Mask)
    assert names['mask'].to_image().shape == (120, 160)


@pytest.mark.parametrize('name', picosam_ros.__all__)
def test_every_public_name_is_there_under_its_own_name(name):
    assert getattr(picosam_ros, name).__name__ == name


def test_another_name_is_an_attribute_error_that_names_it():
    with pytest.raises(AttributeError, match="'picosam_ros' has no attribute 'Robot'"):
        picosam_ros.Robot  # noqa: B018
    assert not hasattr(picosam_ros, '__wrapped__')


def test_importing_the_package_alone_loads_neither_opencv_nor_onnx_runtime_nor_numpy(root):
    loaded = python(
        root,
        """
        import sys
        import picosam_ros
        print(sorted({'cv2', 'onnxruntime', 'numpy', 'yaml', 'rclpy'} & set(sys.modules)))
        """,
    )
    assert loaded == '[]'


def test_a_prompt_needs_no_onnx_runtime_and_no_opencv(root):
    loaded = python(
        root,
        """
        import sys
        from picosam_ros import Frame, Prompt
        Prompt.from_point(1, 2)
        print(sorted({'cv2', 'onnxruntime', 'rclpy'} & set(sys.modules)))
        """,
    )
    assert loaded == '[]'


def test_everything_may_be_imported_at_once(root):
    names = python(root, 'from picosam_ros import *; print(Prompt.__name__, open_engine.__name__)')
    assert names == 'Prompt open_engine'


def test_the_version_is_the_packages(root):
    assert f'<version>{picosam_ros.__version__}</version>' in (root / 'package.xml').read_text()
