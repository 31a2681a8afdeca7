import threading

from picosam_ros.commands.doctor import examine
from picosam_ros.commands.doctor.finding import Finding, FindingState

NAMES = set()


def thread_of_this_check():
    NAMES.add(threading.current_thread().name.rpartition('_')[0])
    raise TypeError('of the thread')


def fine():
    return Finding('fine', FindingState.OK, '1.0')


def test_a_check_that_fails_is_a_finding_and_the_others_are_made():
    broken, other = examine({'group': (thread_of_this_check, fine)})
    assert broken == Finding(
        'thread of this check',
        FindingState.BROKEN,
        "the check failed: TypeError('of the thread')",
        group='group',
    )
    assert (other.name, other.state) == ('fine', FindingState.OK)
    assert {'picosam_doctor'} == NAMES
