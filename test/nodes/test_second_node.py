"""A launch file that was started twice."""

import pytest
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from helpers.harness import Client, Process


@pytest.mark.parametrize('executable', ['segmenter', 'cloud'])
def test_two_nodes_of_one_name_are_an_error_until_one_of_them_is_gone(red_network, executable):
    parameters = {'model': red_network, 'threads': 1} if executable == 'segmenter' else {}
    with Process(executable, parameters) as first:
        client = Client(first)
        diagnostics = client.subscribe(DiagnosticArray, '/diagnostics')
        full = f'{first.name.lstrip("/")}: topics'

        def topics(level, begin=''):
            statuses = [s for array in diagnostics for s in array.status if s.name == full]
            right = (s for s in statuses if s.level == level and s.message.startswith(begin))
            return next(right, None)

        client.wait_for(lambda: topics(DiagnosticStatus.OK))
        with Process(executable, parameters, namespace=first.namespace) as second:
            same_name = f'2 nodes are named {first.name}: they get the same prompts'
            told = client.wait_for(lambda: topics(DiagnosticStatus.ERROR, same_name)).message
            assert 'stop all but one, or start each under a name or a namespace' in told
            client.wait_for(lambda: 'nodes are named' in first.stderr + second.stderr)
            second.stop()
        diagnostics.clear()
        client.wait_for(lambda: topics(DiagnosticStatus.OK))
        client.close()
        first.stop()
