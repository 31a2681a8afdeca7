"""Network files built byte by byte, as picamera2 and the kernel's driver read them.

The reader is held against picamera2's own where picamera2 is installed, or where PICAMERA2_SOURCE
names a checkout of it, and libarchive-c is installed.
"""

import contextlib
import importlib.util
import os
import re
import struct
import zipfile
from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers import fake_libcamera
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from picosam_ros.cameras.picamera import camera, imx500, network_file
from picosam_ros.cameras.picamera.camera import FAULTS
from picosam_ros.cameras.picamera.imx500 import Imx500Camera
from picosam_ros.cameras.picamera.network_file import check_network_file
from picosam_ros.errors import CameraError

BOTH = r'`imxconv-pt -i \S+ -o build --no-input-persistency`.*`imx500-package -i \S+ -o \S+`'
PACKAGE = r'`imx500-package -i build/packerOut.zip -o build`'


def block(body=b'\x5a' * 40, *, encrypted=False):
    """Return a block of firmware: 32 bytes of header, a body, 64 of footer."""
    header = b'9464' + struct.pack('>I8B', 32 + len(body), 0, 0, 0, 0, 0, 0, encrypted, 0)
    key = b'\x11' * 32 if encrypted else b''
    return header.ljust(32, b'\0') + body + b'\0' * 60 + b'3695' + key


def entry(name, content=b''):
    """Return one file of a cpio archive of the format newc (cpio(5))."""
    fields = [0] * 13
    fields[1], fields[4] = 0o100644, 1
    fields[6], fields[11] = len(content), len(name) + 1
    head = b'070701' + b''.join(b'%08X' % field for field in fields) + name.encode() + b'\0'
    return padded(head) + padded(content)


def padded(data):
    return data + b'\0' * (-len(data) % 4)


def archive(**files):
    named = ((name.replace('__', '.'), content) for name, content in files.items())
    return b''.join(entry(*file) for file in named) + entry('TRAILER!!!')


def info(width=96, height=96, order='RGB', **more):
    """Return a network_info.txt as the converter writes it."""
    norms = {f'inputTensorNorm_K{k}': '0x0000' for k in ('02', '03', '13', '20', '23')}
    norms |= {f'inputTensorNorm_K{k}': '0x0400' for k in ('00', '11', '22')}
    shape = {'inputTensorWidth': width, 'inputTensorHeight': height, 'inputTensorFormat': order}
    lines = {
        'networkID': '000001',
        'apParamSize': 128,
        'networkNum': 1,
        'networkOrdinal': 0,
        'dnnHeaderSize': 12,
        **shape,
        **norms,
        **more,
    }
    return ''.join(f'{key}={value}\n' for key, value in lines.items()).encode()


BLOCKS = (block(), block(b''))


def rpk(network_info=None, *, blocks=BLOCKS):
    files = {'imx500_regs': b'\0' * 7, 'network_info__txt': network_info or info()}
    return b''.join(blocks) + archive(**files, network_intrinsics=b'{}')


WHOLE = rpk()


@pytest.fixture
def write(tmp_path):
    def write(data, name='network.rpk'):
        path = tmp_path / name
        path.write_bytes(data)
        return path

    return write


def refusal(path, **options):
    """Return the one sentence with which a file is refused."""
    with pytest.raises(CameraError) as caught:
        check_network_file(path, **options)
    text = str(caught.value)
    assert str(path) in text
    assert '\n' not in text
    assert '. ' not in text
    return text


def test_a_network_for_the_engine_passes(write):
    path = write(WHOLE)
    check_network_file(path)
    check_network_file(str(path))


@pytest.mark.parametrize(
    'blocks', [[block()], [block(encrypted=True)], [block(b'\1' * 3), block(encrypted=True)]]
)
def test_encrypted_and_odd_blocks_are_passed_over(blocks, write):
    check_network_file(write(rpk(blocks=blocks)))


def test_an_archive_may_be_followed_by_padding(write):
    check_network_file(write(WHOLE + b'\0' * 300))


def test_a_missing_file_is_told_with_both_commands(tmp_path):
    text = refusal(tmp_path / 'network.rpk')
    assert 'does not exist' in text
    assert 'sensor_network' in text
    assert re.search(BOTH, text)


def test_a_folder_is_told(tmp_path):
    assert 'is a folder' in refusal(tmp_path)


def test_what_is_no_regular_file_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / 'pipe')
    assert 'no regular file' in refusal(tmp_path / 'pipe')


def test_an_empty_file_is_told(write):
    text = refusal(write(b''))
    assert 'is empty' in text
    assert re.search(PACKAGE, text)


def test_a_file_that_cannot_be_read_is_told():
    # Root may read every file, but not this one at its beginning.
    assert 'cannot be read' in refusal(Path('/proc/self/mem'))


def test_the_converters_zip_is_told_with_the_command_that_packages_it(tmp_path):
    path = tmp_path / 'packer Out.zip'
    with zipfile.ZipFile(path, 'w') as made:
        made.writestr('dnnParams.xml', '<xml/>')
    assert f"`imx500-package -i '{path}' -o {tmp_path}`" in refusal(path)


def test_an_onnx_file_is_told_with_both_commands_for_it(write):
    path = write(b'\x08\x09\x12\x07pytorch', 'picosam2-96-imx500.onnx')
    text = refusal(path)
    assert 'an ONNX file' in text
    assert f'imxconv-pt -i {path} ' in text
    assert re.search(BOTH, text)


@pytest.mark.parametrize('data', [b'hello', b'946', b'\0' * 100, archive()])
def test_any_other_file_is_told_with_both_commands(data, write):
    text = refusal(write(data))
    assert 'no network of the IMX500' in text
    assert re.search(BOTH, text)


@pytest.mark.parametrize('data', [block(), block() + archive(imx500_regs=b'\0' * 7)])
def test_firmware_without_a_description_is_told(data, write):
    text = refusal(write(data))
    assert 'there is no network_info.txt in it' in text
    assert re.search(PACKAGE, text)


def test_a_block_that_does_not_end_is_told(write):
    assert 'does not end as it should' in refusal(write(WHOLE.replace(b'3695', b'3696', 1)))


def test_an_archive_of_another_format_is_told(write):
    data = WHOLE.replace(entry('TRAILER!!!'), b'070707' + b'0' * 104)
    assert 'not of the form newc' in refusal(write(data))


@pytest.mark.parametrize(
    'described',
    [
        b'networkNum=0\n',
        info().replace(b'networkOrdinal=0', b'networkOrdinal=1'),
        info().replace(b'inputTensorWidth', b'width'),
        info(width='wide'),
        info().replace(b'inputTensorFormat=', b'inputTensorFormat'),
        info(dnnHeaderSize='1=2'),
        b'\xff' + info(),
        b'networkOrdinal=',
    ],
)
def test_a_description_that_picamera2_cannot_read_is_told(described, write):
    text = refusal(write(rpk(described)))
    assert 'network_info.txt in it' in text
    assert re.search(PACKAGE, text)


@pytest.mark.parametrize('size', [(640, 640), (96, 128), (128, 96)])
def test_another_input_size_is_told_with_the_right_one(size, write):
    text = refusal(write(rpk(info(*size))))
    assert f'takes {size[0]}x{size[1]} pixels' in text
    assert 'needs one that takes 96x96 pixels' in text
    assert re.search(BOTH, text)
    check_network_file(write(rpk(info(*size))), input_size=size)


@pytest.mark.parametrize('order', ['BGR', 'Y', 'YUV444', 'rgb'])
def test_another_order_of_colours_is_told(order, write):
    text = refusal(write(rpk(info(order=order))))
    assert f"takes '{order}' pixels" in text
    assert 'takes RGB pixels' in text


def test_a_file_too_large_for_the_sensor_is_told_without_being_read_whole(tmp_path):
    path = tmp_path / 'network.rpk'
    with path.open('wb') as file:
        file.write(WHOLE)
        file.truncate(1 << 40)
    text = refusal(path)
    assert 'more than 32 MiB' in text
    assert re.search(BOTH, text)


def test_every_file_that_is_cut_short_is_refused(write):
    for length in range(len(WHOLE)):
        text = refusal(write(WHOLE[:length]))
        assert re.search('cut short|no network|is empty|there is no network_info', text)


def test_a_size_beyond_the_file_is_cut_short(write):
    assert 'cut short' in refusal(write(b'9464\xff\xff\xff\xff' + WHOLE[8:]))
    at = WHOLE.index(b'070701') + 6 + 8 * 6
    assert 'cut short' in refusal(write(WHOLE[:at] + b'FFFFFFFF' + WHOLE[at + 8 :]))


def in_one_file(function):
    return settings(
        deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=100
    )(function)


def accepted(path):
    """Whether a file is taken; whatever else than CameraError it raises fails the test."""
    try:
        check_network_file(path)
    except CameraError:
        return False
    return True


@in_one_file
@given(changes=st.dictionaries(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), max_size=4))
def test_flipped_bytes_raise_nothing_but_the_cameras_error(changes, write):
    data = bytearray(WHOLE)
    for at, value in changes.items():
        data[at] = value
    accepted(write(data))


@in_one_file
@given(tail=st.binary(max_size=300))
def test_any_bytes_after_the_blocks_raise_nothing_but_the_cameras_error(tail, write):
    assert not accepted(write(block() + b'070701' + tail))
    assert not accepted(write(b'9464' + tail))


@in_one_file
@given(text=st.text(st.sampled_from('=\n\r 0123456789inputTensorWidthworkOrdinal'), max_size=80))
def test_any_description_raises_nothing_but_the_cameras_error(text, write):
    accepted(write(rpk(info() + text.encode())))


def test_the_camera_checks_the_file_before_it_asks_for_the_sensor(monkeypatch, tmp_path, write):
    monkeypatch.setattr(camera, 'import_picamera2', lambda: SimpleNamespace(Picamera2=None))
    path = tmp_path / 'network.rpk'
    imx500 = Imx500Camera(sensor_network=str(path), source='', rate=30, frame_id='')
    with pytest.raises(CameraError, match='does not exist'):
        imx500.open()
    write(WHOLE)
    with pytest.raises(AttributeError, match='global_camera_info'):
        imx500.open()


def test_the_commands_stand_in_one_place():
    assert imx500.NO_NETWORK is network_file.NO_NETWORK
    assert re.search(BOTH, imx500.NO_NETWORK)


@pytest.fixture(scope='module')
def picamera2_reads(tmp_path_factory):
    """Return what reads a file as picamera2 does: its width, height and order of colours."""
    libarchive = pytest.importorskip('libarchive.read')
    if 'PICAMERA2_SOURCE' in os.environ:
        folder = Path(os.environ['PICAMERA2_SOURCE'])
    else:
        installed = importlib.util.find_spec('picamera2')
        if installed is None:
            pytest.skip('picamera2 is not installed, and PICAMERA2_SOURCE names no checkout of it')
        folder = Path(installed.submodule_search_locations[0]).parent
    module = fake_libcamera.load(folder, tmp_path_factory.mktemp('root')).imx500
    module.fd_reader = libarchive.fd_reader

    def read(path):
        reader = module.IMX500.__new__(module.IMX500)
        reader.device_fd, reader._IMX500__cfg = None, {'input_tensor': {}}
        reader._IMX500__ni_from_network(str(path))
        if 'input_tensor_size' not in reader.config:
            raise LookupError(network_file.INFO)
        return (*reader.config['input_tensor_size'], reader.config['input_tensor']['input_format'])

    return read


def test_picamera2_reads_the_files_of_these_tests(picamera2_reads, write):
    assert picamera2_reads(write(WHOLE)) == (96, 96, 'RGB')
    assert picamera2_reads(write(rpk(info(64, 32, 'BGR')))) == (64, 32, 'BGR')
    path = write(rpk(blocks=[block(), block(encrypted=True)]))
    assert picamera2_reads(path) == (96, 96, 'RGB')


@in_one_file
@given(changes=st.dictionaries(st.integers(0, len(WHOLE) - 1), st.integers(0, 255), max_size=2))
def test_what_is_accepted_picamera2_reads_as_the_same(picamera2_reads, changes, write):
    """Or it finds a fault in what is of no concern here, which the camera tells."""
    data = bytearray(WHOLE)
    for at, value in changes.items():
        data[at] = value
    path = write(data)
    if accepted(path):
        read = (96, 96, 'RGB')
        with contextlib.suppress(*FAULTS):
            read = picamera2_reads(path)
        assert read == (96, 96, 'RGB')
