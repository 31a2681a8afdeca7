"""Requests that another web page made the browser send are recognised by their headers."""

import pytest

from picosam_ros.viewer.auth import AccessControl, is_loopback


@pytest.mark.parametrize(
    ('address', 'alone'),
    [
        ('127.0.0.1', True),
        ('127.8.8.8', True),
        ('::1', True),
        ('localhost', True),
        ('0.0.0.0', False),
        ('::', False),
        ('192.168.1.7', False),
        ('robot', False),
    ],
)
def test_only_addresses_of_this_machine_alone_need_no_token(address, alone):
    assert is_loopback(address) == alone
    assert bool(AccessControl(address).token) != alone


@pytest.mark.parametrize('host', ['127.0.0.1:8080', 'localhost:8080', '[::1]:8080', 'LOCALHOST'])
def test_this_machine_may_be_called_by_its_local_names(host):
    assert not AccessControl('127.0.0.1').header_error({'Host': host})


@pytest.mark.parametrize(
    'host',
    [
        '',
        'evil.example',
        '127.0.0.1.evil.example',
        'localhost.',
        '192.168.1.7:8080',
        'a@localhost',
        'localhost:',
        'localhost:8080/x',
        'local host',
        'localhost\r\nX: y',
    ],
)
def test_a_name_of_the_web_is_refused_because_it_may_be_bound_to_this_machine(host):
    assert 'Host' in AccessControl('127.0.0.1').header_error({'Host': host})


def test_with_a_token_any_number_and_the_machines_own_name_will_do(monkeypatch):
    monkeypatch.setattr('socket.gethostname', lambda: 'Robot')
    monkeypatch.setattr('socket.getfqdn', lambda: 'robot.lab.example')
    access = AccessControl('0.0.0.0')
    for host in ('10.0.0.5:8080', '[fe80::1]:8080', 'robot:8080', 'robot.local', 'localhost'):
        assert not access.header_error({'Host': host}), host
    assert not access.header_error({'Host': 'robot.lab.example:8080'})
    assert 'evil.example' in access.header_error({'Host': 'evil.example:8080'})


@pytest.mark.parametrize(
    'origin',
    [
        'http://evil.example',
        'http://127.0.0.1:9999',
        'null',
        '',
        'http://',
        'http://[',
        'file://',
        'http://127.0.0.1:8080.evil.example',
        'http://127.0.0.1:8080/x',
    ],
)
def test_another_origin_is_refused(origin):
    headers = {'Host': '127.0.0.1:8080', 'Origin': origin}
    assert 'Origin' in AccessControl('127.0.0.1').header_error(headers)


def test_its_own_origin_and_none_at_all_are_not():
    access = AccessControl('127.0.0.1')
    assert not access.header_error({'Host': 'localhost:80', 'Origin': 'http://localhost:80'})
    assert not access.header_error({'Host': 'localhost:80'})


def test_every_token_is_new_long_and_the_only_one_that_is_accepted():
    first, second = AccessControl('0.0.0.0'), AccessControl('0.0.0.0')
    assert first.token != second.token
    assert len(first.token) >= 32
    assert first.accepts_token(first.token)
    for wrong in ('', second.token, first.token[:-1], first.token + 'x', 'ü', '\ud800'):
        assert not first.accepts_token(wrong)
