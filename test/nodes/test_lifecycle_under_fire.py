"""Nodes go round and round while images and prompts come, and work afterwards."""

import pytest

from benchmarks.rigs.lifecycle import NODES, run

CYCLES = 10


@pytest.mark.parametrize('node', NODES)
@pytest.mark.timeout(300)
def test_cycles_under_fire_leave_a_node_that_answers_and_works(node):
    facts = run(node, CYCLES)
    assert facts.cycles == CYCLES, facts.output
    assert facts.alive, facts.output
    assert facts.wrong == []
    assert facts.works, facts.output
    assert facts.code == 0
    assert 'Traceback' not in facts.output, facts.output
    assert min(facts.threads[-3:]) <= min(facts.threads[:3])
    assert min(facts.files[-3:]) <= min(facts.files[:3])
