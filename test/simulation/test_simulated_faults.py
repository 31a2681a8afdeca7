import pytest

from picosam_ros.errors import CameraError
from picosam_ros.simulation import Faults, Settings


def test_faults_are_read_from_a_short_text():
    faults = Faults.parse('missing=0.3, roi_lag=2,int8=off')
    assert faults == Faults(missing=0.3, roi_lag=2, int8=False)


@pytest.mark.parametrize('text', ['', ' ', ','])
def test_an_empty_text_is_no_fault(text):
    assert Faults.parse(text) == Faults()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('mising=1', "'mising' was given; known are missing"),
        ('missing', 'missing= was given; it needs a number'),
        ('late=1.5', r'late=1.5 was given; it needs a number \(int\)'),
        ('int8=maybe', 'int8=maybe was given; it needs true or false'),
        ('missing=1.5', 'missing=1.5 was given; allowed is 0 to 1'),
        ('missing=nan', 'missing=nan was given'),
        ('late=-1', 'late=-1 was given; allowed is 0 and more'),
        ('tensor_every=0', 'tensor_every=0 was given; allowed is 1 and more'),
        ('unreadable=2', 'unreadable=2.0 was given; allowed is 0 to 1'),
        ('restart_s=-1', 'restart_s=-1.0 was given; allowed is 0 and more'),
        ('failing_starts=-1', 'failing_starts=-1 was given; allowed is 0 and more'),
        ('lost_starts=-1', 'lost_starts=-1 was given; allowed is 0 and more'),
        ('lose_network_after=-2', 'lose_network_after=-2 was given; allowed is -1 and more'),
        ('timeout_at=-2', 'timeout_at=-2 was given; allowed is -1 and more'),
        ('timeout_s=-1', 'timeout_s=-1.0 was given; allowed is 0 and more'),
        ('vanish_at=1', "'vanish_at' was given; known are missing"),
    ],
)
def test_what_is_no_fault_is_refused_with_what_is_allowed(text, message):
    with pytest.raises(CameraError, match=message):
        Faults.parse(text)


def test_a_seed_repeats_itself_and_another_one_differs():
    def strikes(seed):
        return [Faults(seed=seed).strikes('missing', 0.3, count) for count in range(2000)]

    assert strikes(1) == strikes(1) != strikes(2)
    assert 0.25 < sum(strikes(1)) / 2000 < 0.35


def test_faults_strike_independently_of_each_other():
    faults = Faults()
    missing, refused = (
        [faults.strikes(fault, 0.5, count) for count in range(100)]
        for fault in ('missing', 'refuse_roi')
    )
    assert missing != refused


def test_a_speed_that_cannot_be_is_refused():
    with pytest.raises(CameraError, match='speed 0 was given'):
        Settings(None, speed=0)
