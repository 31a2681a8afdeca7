import pytest

from picosam_ros.notice import Notice


class Log:
    """A clock that stands, and what was told."""

    def __init__(self):
        self.now = 0.0
        self.warnings, self.infos = [], []
        self.notice = Notice(
            self.warnings.append, self.infos.append, after_s=5.0, clock=lambda: self.now
        )

    def see(self, now, complaint):
        self.now = now
        self.notice.update(complaint, 'well')


@pytest.fixture
def log():
    return Log()


def test_a_complaint_is_told_once_when_it_has_lasted(log):
    for now in range(5):
        log.see(now, 'dark')
    assert log.warnings == []
    for now in range(5, 20):
        log.see(now, 'dark')
    assert log.warnings == ['dark']


def test_another_complaint_is_told_too(log):
    for now, complaint in ((0, 'dark'), (5, 'dark'), (6, 'cold'), (7, 'cold')):
        log.see(now, complaint)
    assert log.warnings == ['dark', 'cold']


def test_the_end_of_a_complaint_is_told_if_the_complaint_was(log):
    log.see(0, 'dark')
    log.see(1, '')
    assert (log.warnings, log.infos) == ([], [])
    for now, complaint in ((2, 'dark'), (7, 'dark'), (8, ''), (9, '')):
        log.see(now, complaint)
    assert (log.warnings, log.infos) == (['dark'], ['well'])


def test_what_was_cleared_is_forgotten(log):
    for now in (0, 5):
        log.see(now, 'dark')
    log.notice.clear()
    log.see(6, '')
    log.see(7, 'dark')
    assert (log.warnings, log.infos) == (['dark'], [])
