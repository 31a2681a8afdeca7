"""The rule by which a network takes the place of the shipped one, figure by figure."""

import pytest

from training.replacement import ALLOWED_TIME, comparable, deciding, mean, shortcomings, table

OLD = {('coco', 'full'): 0.5, ('coco', 'box'): 0.6, ('ecssd', 'full'): 0.7}


def changed(**by):
    """Return the figures with some of coco's changed."""
    return {(g, name): v + (by.get(name, 0) if g == 'coco' else 0) for (g, name), v in OLD.items()}


def protocols(miou, clicks=0):
    """Return the reports of one group."""
    full = {'n': 4, 'miou': miou}
    if clicks:
        full['clicks'] = {'after': [{'miou': miou + index / 100} for index in range(clicks)]}
    return {'full': full, 'box': {'n': 4, 'miou': miou}, 'crop96': {'n': 4, 'miou': miou}}


def test_what_falls_a_little_is_made_up_by_what_rises() -> None:
    assert shortcomings(OLD, changed(full=-0.009, box=0.05), 1.0) == []


def test_what_falls_by_more_is_not_made_up_by_anything() -> None:
    [said] = shortcomings(OLD, changed(full=-0.011, box=0.3), 1.0)
    assert 'coco full falls by 0.0110 to 0.4890' in said


def test_the_mean_must_rise_by_more_than_chance() -> None:
    [said] = shortcomings(OLD, changed(full=0.003), 1.0)
    assert 'the mean changes by +0.0010' in said


def test_what_the_store_cannot_measure_does_not_pass() -> None:
    new = {key: value + 0.1 for key, value in OLD.items() if key[0] == 'coco'}
    [said] = shortcomings(OLD, new, 1.0)
    assert 'ecssd full was not measured' in said


@pytest.mark.parametrize(('ratio', 'count'), [(ALLOWED_TIME, 0), (ALLOWED_TIME + 0.01, 1)])
def test_more_time_is_refused(ratio, count) -> None:
    assert len(shortcomings(OLD, changed(full=0.1), ratio)) == count


def test_with_prompts_five_clicks_decide_and_without_them_the_crop() -> None:
    metrics = {'coco': protocols(0.5, clicks=5)}
    assert deciding(metrics, True)['coco', 'five clicks'] == pytest.approx(0.54)
    assert ('coco', 'crop96') not in deciding(metrics, True)
    assert set(deciding(metrics, False)) == {('coco', n) for n in ('full', 'box', 'crop96')}


def test_figures_without_the_clicks_or_of_other_masks_are_not_comparable() -> None:
    clicked, plain = ({'coco': protocols(0.5, count)} for count in (5, 0))
    assert comparable(clicked, {'coco': protocols(0.3, 5)}, True)
    assert not comparable(plain, clicked, True)
    assert comparable(plain, clicked, False)
    fewer = {'coco': {**protocols(0.5), 'box': {'n': 3, 'miou': 0.5}}}
    assert not comparable(fewer, plain, False)


def test_the_table_shows_old_new_and_the_difference() -> None:
    lines = table(OLD, changed(box=0.05)).splitlines()
    assert lines[2].split() == ['coco', 'box', '0.6000', '0.6500', '+0.0500']
    assert lines[-1].split() == ['mean', f'{mean(OLD):.4f}', '0.6167', '+0.0167']
