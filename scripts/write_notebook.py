"""Run the cells of docs/tutorial.ipynb, and write what they show into it.

A cell shows what it prints and the value of its last line, as in Jupyter: a Pillow image as a PNG,
anything else by its repr. Jupyter itself is not needed.
"""

from __future__ import annotations

import ast
import base64
import contextlib
import io
import itertools
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
NOTEBOOK = ROOT / 'docs' / 'tutorial.ipynb'


def run(notebook: dict[str, Any]) -> dict[str, Any]:
    """Return a notebook with the outputs of its code cells, run one after another.

    Raises:
        Exception: whatever a cell raises.

    """
    names: dict[str, Any] = {'__name__': '__main__'}
    counts = itertools.count(1)
    return {**notebook, 'cells': [_run_cell(cell, names, counts) for cell in notebook['cells']]}


def _run_cell(cell: dict[str, Any], names: dict[str, Any], counts: Iterator[int]) -> dict[str, Any]:
    if cell['cell_type'] != 'code':
        return cell
    count = next(counts)
    outputs = _outputs(''.join(cell['source']), names, count)
    return {**cell, 'execution_count': count, 'outputs': outputs}


def _outputs(source: str, names: dict[str, Any], count: int) -> list[dict[str, Any]]:
    body = ast.parse(source).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    value, printed = None, io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(ast.Module(body, []), 'cell', 'exec'), names)
        if last is not None:
            value = eval(compile(ast.Expression(last.value), 'cell', 'eval'), names)
    outputs: list[dict[str, Any]] = []
    if printed.getvalue():
        text = printed.getvalue().splitlines(keepends=True)
        outputs.append({'output_type': 'stream', 'name': 'stdout', 'text': text})
    if value is not None:
        data = {'text/plain': _description(value).splitlines(keepends=True)}
        if hasattr(value, '_repr_png_'):
            data['image/png'] = base64.b64encode(value._repr_png_()).decode()
        outputs.append(
            {
                'output_type': 'execute_result',
                'execution_count': count,
                'data': data,
                'metadata': {},
            }
        )
    return outputs


def _description(value: object) -> str:
    # The repr of an image has its address in memory, which would change with every run.
    size = getattr(value, 'size', None)
    return f'image of {size[0]}×{size[1]} pixels' if hasattr(value, '_repr_png_') else repr(value)


if __name__ == '__main__':
    done = run(json.loads(NOTEBOOK.read_text(encoding='utf-8')))
    NOTEBOOK.write_text(json.dumps(done, indent=1, ensure_ascii=False) + '\n', encoding='utf-8')
