"""The notebook runs from its first cell to its last, and shows what is stored in it."""

import json
import re

import pytest

from scripts.write_notebook import NOTEBOOK, run

NUMBER = re.compile(r'-?\d+(?:\.\d+)?')


@pytest.fixture(scope='module')
def written():
    return json.loads(NOTEBOOK.read_text())


@pytest.fixture(scope='module')
def outputs_of(written):
    """Return the outputs of all code cells, as stored and as run now."""

    def outputs(notebook):
        return [cell['outputs'] for cell in notebook['cells'] if cell['cell_type'] == 'code']

    return list(zip(outputs(written), outputs(run(written)), strict=True))


def text_of(output):
    return ''.join(output.get('text', ()) or output['data']['text/plain'])


def test_every_cell_shows_what_is_stored(outputs_of):
    for stored, now in outputs_of:
        assert [o['output_type'] for o in now] == [o['output_type'] for o in stored]
        for before, after in zip(stored, now, strict=True):
            assert set(after.get('data', ())) == set(before.get('data', ()))
            assert NUMBER.sub('N', text_of(after)) == NUMBER.sub('N', text_of(before))
            # Another processor, or another ONNX Runtime, moves an outline by a little.
            numbers, expected = (
                [float(number) for number in NUMBER.findall(text_of(output))]
                for output in (after, before)
            )
            assert numbers == pytest.approx(expected, rel=0.1, abs=3), (
                'run scripts/write_notebook.py'
            )


def test_it_has_pictures_and_is_small_enough_to_be_read(written):
    cells = [cell for cell in written['cells'] if cell['cell_type'] == 'code']
    pictures = [o for cell in cells for o in cell['outputs'] if 'image/png' in o.get('data', ())]
    assert len(pictures) >= 4
    assert NOTEBOOK.stat().st_size < 1_000_000


def test_a_cell_that_fails_is_not_passed_over(written):
    broken = {'cell_type': 'code', 'metadata': {}, 'outputs': [], 'source': ['1 / 0\n']}
    with pytest.raises(ZeroDivisionError):
        run({**written, 'cells': [broken]})
