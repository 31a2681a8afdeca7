import socket

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from helpers.harness import serve_until
from rclpy.executors import SingleThreadedExecutor

from picosam_ros.ros.diagnostics import ERROR, OK, Diagnostics, Status


def test_each_component_is_a_status_of_its_own_once_a_second(node):
    report = {'input': Status(OK, 'fine', {'images': 3}), 'engine': Status(ERROR, 'mend it')}
    diagnostics = Diagnostics(node, lambda: report)
    [timer] = node.timers
    assert timer.timer_period_ns == 1_000_000_000
    executor = SingleThreadedExecutor()
    executor.add_node(node)
    heard = []
    node.create_subscription(DiagnosticArray, '/diagnostics', heard.append, 10)
    array = serve_until(
        executor, lambda: next((a for a in heard if a.status[0].name == 'tested: input'), None)
    )
    executor.shutdown()
    assert diagnostics
    first, second = array.status
    assert (first.name, first.level, first.message) == (
        'tested: input',
        DiagnosticStatus.OK,
        'fine',
    )
    assert [(value.key, value.value) for value in first.values] == [('images', '3')]
    assert (second.name, second.level, second.message) == (
        'tested: engine',
        DiagnosticStatus.ERROR,
        'mend it',
    )
    assert not second.values
    assert first.hardware_id == socket.gethostname()
    assert array.header.stamp.sec > 0
