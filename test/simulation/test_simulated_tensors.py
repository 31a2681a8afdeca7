import struct

import numpy as np
import pytest

from picosam_ros.simulation.network import (
    EngineNetwork,
    RecordedNetwork,
    make_network,
    pack,
    quantised,
    shapes,
    unpack,
)
from picosam_ros.simulation.settings import Settings

LOGITS = np.arange(6, dtype=np.float32).reshape(2, 3)


def test_logits_are_rounded_and_clipped_to_int8_eighths():
    given = np.float32([-99, -16.1, -0.07, 0, 0.05, 0.07, 1.3, 15.9, 99])
    expected = np.float32([-16, -16, -0.125, 0, 0, 0.125, 1.25, 15.875, 15.875])
    np.testing.assert_array_equal(quantised(given), expected)
    assert quantised(given).dtype == np.float32


def test_a_mask_travels_column_by_column_as_pythons_floats():
    values = pack(LOGITS, 'net', 0)['CnnOutputTensor']
    assert values == (0.0, 3.0, 1.0, 4.0, 2.0, 5.0)
    assert {type(value) for value in values} == {float}


def test_the_struct_has_name_sizes_and_frame_counter_where_libcamera_puts_them():
    info = bytes(pack(LOGITS, 'net', 258)['CnnOutputTensorInfo'])
    assert len(info) == 712
    assert info[:4] == b'net\0'
    assert struct.unpack_from('<III4H', info, 64) == (1, 6, 3, 1, 2, 3, 0)
    assert info[708] == 2, 'a byte counts the frames'


def test_what_was_packed_is_unpacked_in_fortran_order():
    [tensor] = unpack(pack(LOGITS, 'net', 0))
    np.testing.assert_array_equal(tensor, LOGITS[np.newaxis])
    assert tensor.dtype == np.float32
    assert tensor.flags.f_contiguous
    assert not tensor.flags.c_contiguous


def test_metadata_without_a_tensor_give_none():
    assert unpack({}) is None
    assert unpack({'CnnOutputTensor': ()}) is None
    assert unpack({'CnnOutputTensor': (1.0,)}) == []


def test_a_struct_of_another_length_is_refused():
    with pytest.raises(ValueError, match='length 3 does not match expected size 712'):
        shapes((1, 2, 3))


def test_recorded_tensors_are_replayed_in_turn_and_nobody_looks():
    def look():
        raise AssertionError('looked')

    replay = make_network(Settings(None, replay=(LOGITS, LOGITS + 1)), 'any')
    assert isinstance(replay, RecordedNetwork)
    firsts = [float(replay.infer(look)[0, 0]) for _ in range(3)]
    assert firsts == [0, 1, 0]


def test_the_packages_network_gets_exactly_what_the_roi_shows(tiny_network):
    square = np.random.default_rng(2).integers(0, 256, (96, 96, 3), np.uint8)
    network = EngineNetwork(tiny_network(), threads=1)
    network.open()
    logits = network.infer(lambda: square)
    np.testing.assert_array_equal(logits, (square[..., 0].astype(np.float32) - 128) / 16)
