import pytest

from picosam_ros.prompt import LAST_ID, Box
from picosam_ros.prompts.box_ids import BoxIds

BOX = Box(10, 10, 50, 50)
ELSEWHERE = Box(200, 100, 260, 140)


def boxes(count):
    return [Box(100.0 * index, 0, 100.0 * index + 50, 50) for index in range(count)]


def assign(ids, names, found=None, taken=()):
    return ids.assign(names, found or boxes(len(names)), taken)


def test_a_name_that_is_a_number_is_the_id():
    assert assign(BoxIds(), ['7', '254', '1', '042']) == (7, 254, 1, 42)


@pytest.mark.parametrize('name', ['0', '255', '-3', '1.5', 'person', '9' * 30])
def test_any_other_name_gets_an_id_and_keeps_it(name):
    ids = BoxIds()
    assert assign(ids, ['2', name]) == (2, 1)
    assert assign(ids, [name, '9', 'another']) == (1, 9, 2)
    assert assign(ids, []) == ()
    assert assign(ids, ['third', name]) == (3, 1)


def test_an_id_that_others_use_is_not_given():
    assert assign(BoxIds(), ['cup', ''], taken={1, 2, 4}) == (3, 5)


def test_a_name_whose_id_is_used_by_others_now_gets_another():
    ids = BoxIds()
    assert assign(ids, ['cup']) == (1,)
    assert assign(ids, ['cup', '1']) == (2, 1)
    assert assign(ids, ['cup']) == (2,)


def test_boxes_without_names_keep_their_ids_by_overlap_and_not_by_order():
    ids = BoxIds()
    assert assign(ids, ['', ''], [BOX, ELSEWHERE]) == (1, 2)
    moved = Box(12, 11, 53, 50)
    assert assign(ids, ['', '', ''], [Box(400, 0, 440, 40), ELSEWHERE, moved]) == (3, 2, 1)


def test_the_best_overlap_goes_on_where_two_boxes_cover_an_old_one():
    ids = BoxIds()
    assign(ids, [''], [BOX])
    assert assign(ids, ['', ''], [Box(20, 10, 60, 50), Box(11, 10, 50, 50)]) == (2, 1)


def test_a_box_of_nonsense_overlaps_nothing():
    ids = BoxIds()
    nonsense = Box(float('nan'), 0, 9, 9)
    assign(ids, [''], [nonsense])
    assert assign(ids, [''], [nonsense]) == (1,)


def test_names_that_are_gone_give_their_ids_back_when_all_are_used():
    ids = BoxIds()
    everybody = [f'track {number}' for number in range(LAST_ID)]
    assert sorted(assign(ids, everybody)) == list(range(1, LAST_ID + 1))
    assert assign(ids, ['new', 'track 5']) == (1, 6)


def test_where_no_id_is_free_a_box_gets_none():
    everything = set(range(1, LAST_ID + 1))
    assert assign(BoxIds(), ['cup', ''], taken=everything) == (0, 0)
