from collections import Counter

import pytest

from picosam_ros.datasets.split import note_on_split, split_of

NAMES = [f'2024-05-{day:02d}' for day in range(1, 21)]


def counts(recordings, share):
    return Counter(split_of(recordings, share).values())


def test_the_share_of_whole_recordings_validates():
    assert counts(NAMES, 0.2) == {'train': 16, 'val': 4}
    assert list(split_of(NAMES, 0.2)) == NAMES


def test_the_order_of_the_recordings_changes_nothing():
    assert split_of(NAMES[::-1], 0.2) == split_of(NAMES, 0.2)


def test_which_ones_validate_follows_from_their_names_alone():
    chosen = [name for name, split in split_of(NAMES, 0.2).items() if split == 'val']
    assert chosen == [f'2024-05-{day:02d}' for day in (2, 8, 15, 19)]


def test_those_that_validate_are_not_the_first_or_last_days():
    chosen = [NAMES.index(name) for name, split in split_of(NAMES, 0.3).items() if split == 'val']
    assert chosen not in (list(range(6)), list(range(14, 20)))


def test_a_new_recording_moves_no_more_than_one_other():
    before, after = split_of(NAMES, 0.2), split_of([*NAMES, 'later'], 0.2)
    assert sum(before[name] != after[name] for name in NAMES) <= 1


@pytest.mark.parametrize('count', [2, 3, 4])
@pytest.mark.parametrize('share', [0.01, 0.5, 0.99, 1.0])
def test_of_several_at_least_one_trains_and_one_validates(count, share):
    assert set(split_of(NAMES[:count], share).values()) == {'train', 'val'}


def test_a_share_of_nothing_lets_all_of_them_train():
    assert set(split_of(NAMES, 0).values()) == {'train'}
    assert note_on_split(NAMES[:1], 0) == ''


def test_the_only_recording_trains_which_is_told():
    assert split_of(['kitchen'], 0.5) == {'kitchen': 'train'}
    assert note_on_split(['kitchen'], 0.5).startswith('all images of kitchen are in train: it is')
    assert note_on_split(NAMES, 0.5) == ''


def test_no_recording_is_none_in_either():
    assert split_of([], 0.2) == {}
