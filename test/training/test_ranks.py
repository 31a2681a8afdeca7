"""Two real processes that train one network together."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

torch = pytest.importorskip('torch')

from helpers.ranked import CONFIG, three_steps  # noqa: E402

from training.data import readers, shards  # noqa: E402
from training.data.sampling import Mixture, Sampler  # noqa: E402
from training.trainer import Trainer  # noqa: E402

ROOT = Path(__file__).parents[2]
# On a busy machine two processes load PyTorch for long.
SECONDS = 180
pytestmark = pytest.mark.timeout(400)


def torchrun(*command: str) -> None:
    """Run two processes on this machine; those that wait for each other too long are stopped."""
    start = ('-m', 'torch.distributed.run', '--standalone', '--nproc-per-node=2')
    process = subprocess.Popen(
        (sys.executable, *start, *command),
        env={**os.environ, 'OMP_NUM_THREADS': '1', 'PYTHONPATH': str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        told, _ = process.communicate(timeout=SECONDS)
    finally:
        process.terminate()  # it stops its two
        process.wait()
    assert process.returncode == 0, told


@pytest.fixture
def packed(store, tmp_path):
    """A folder of crops."""
    sampler = Sampler(readers.read_source(store, 'coco_train'), {'coco_train': 1.0}, Mixture(), 0)
    about = {'seed': 0, 'size': 96, 'mixture': {'min_confidence': 0.7}}
    shards.write(sampler, None, about, 40, tmp_path, 40)
    return tmp_path


def saved(path: Path) -> dict:
    return torch.load(path, weights_only=True)


@pytest.mark.usefixtures('packed')
def test_all_have_the_same_weights_statistics_and_average_and_stop_by_the_first_ones_clock(
    tmp_path,
) -> None:
    torchrun(str(ROOT / 'test/helpers/ranked.py'), str(tmp_path), 'train')
    first, second, written = (
        saved(tmp_path / f'{name}.pt') for name in ('rank0', 'rank1', 'checkpoint')
    )
    assert first['step'] == second['step'] == written['step'] == 4
    begun = Trainer(CONFIG).network.state_dict()
    for part in ('network', 'average'):
        for name, value in first[part].items():
            assert torch.equal(value, second[part][name]), name
            assert torch.equal(value, written[part][name]), name
            if 'running' in name:
                assert not torch.equal(value, begun[name]), name
    with (tmp_path / 'log.csv').open(newline='') as file:
        rows = list(csv.DictReader(file))
    assert [int(row['crops']) for row in rows] == [8, 16, 24, 32]


def test_two_halves_of_a_batch_move_the_network_as_the_whole_does(tmp_path) -> None:
    torchrun(str(ROOT / 'test/helpers/ranked.py'), str(tmp_path), 'half')
    begun, whole = Trainer(CONFIG).network.state_dict(), three_steps(slice(None)).network
    half = saved(tmp_path / 'rank1.pt')['network']
    moved, apart = [], []
    for name, weight in whole.named_parameters():
        moved.append((weight - begun[name]).flatten())
        apart.append((weight - half[name]).flatten())
    moved, apart = torch.cat(moved).norm(), torch.cat(apart).norm()
    # What is left is the rounding of bfloat16.
    assert apart < 0.01 * moved


def test_the_command_runs_under_torchrun_and_goes_on_where_it_was(packed) -> None:
    config = packed / 'config.yaml'
    config.write_text(yaml.safe_dump({**CONFIG, 'learning_rate': 1e-3, 'mixture': {}}))
    given = ('--shards', str(packed), '--config', str(config), '--out', str(packed / 'run'))
    for steps in (2, 4):
        torchrun('-m', 'training.train', *given, '--steps', str(steps), '--threads', '1')
        assert saved(packed / 'run' / 'checkpoint.pt')['step'] == steps
