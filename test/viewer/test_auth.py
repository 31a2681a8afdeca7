"""Requests that another web page made the browser send are recognised by their headers."""

import pytest

from picosam_ros.errors import ViewerError
from picosam_ros.viewer.auth import AccessControl, is_loopback, page_origin


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
        'localhost:65536',
        '[::1',
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
        'https://127.0.0.1:8080',
        'ws://127.0.0.1:8080',
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


def test_behind_a_proxy_that_ends_tls_the_origin_has_the_proxys_scheme():
    access = AccessControl('127.0.0.1')
    headers = {'Host': 'localhost', 'X-Forwarded-Proto': 'https'}
    assert not access.header_error(headers | {'Origin': 'https://localhost'})
    assert 'Origin' in access.header_error(headers | {'Origin': 'http://localhost'})
    assert page_origin(headers) == 'https://localhost'


def test_a_proxy_may_tell_the_host_it_was_asked_for_if_that_is_one_of_this_machines():
    access = AccessControl('127.0.0.1')
    headers = {'Host': '127.0.0.1:8080', 'X-Forwarded-Host': 'localhost:9000, 127.0.0.1:8081'}
    assert not access.header_error(headers | {'Origin': 'http://localhost:9000'})
    assert 'Origin' in access.header_error(headers | {'Origin': 'http://127.0.0.1:8080'})
    for hosts in ('evil.example', 'localhost, evil.example', 'evil.example, localhost', ','):
        error = access.header_error({'Host': '127.0.0.1:8080', 'X-Forwarded-Host': hosts})
        assert error.startswith('X-Forwarded-Host')
        assert 'public_url' in error


def test_a_proxy_that_hides_the_host_is_told_what_to_set():
    headers = {'Host': '127.0.0.1:8080', 'Origin': 'http://localhost:9000'}
    error = AccessControl('127.0.0.1').header_error(headers)
    assert "this request came to 'http://127.0.0.1:8080'" in error
    assert 'proxy_set_header Host $http_host' in error
    assert 'public_url' in error


@pytest.mark.parametrize(
    ('public_url', 'origin'),
    [
        ('https://Robot.example/viewer/', 'https://robot.example'),
        ('https://robot.example:443', 'https://robot.example'),
        ('http://robot.example:80/', 'http://robot.example'),
        ('https://robot.example:8443/', 'https://robot.example:8443'),
    ],
)
def test_the_public_url_is_the_one_name_and_origin_more_and_asks_for_the_token(public_url, origin):
    access = AccessControl('127.0.0.1', public_url)
    assert access.token
    for host in ('127.0.0.1:8080', 'robot.example'):
        assert not access.header_error({'Host': host, 'Origin': origin})
        assert 'Origin' in access.header_error({'Host': host, 'Origin': 'https://evil.example'})
    assert 'Host' in access.header_error({'Host': 'evil.example'})


def test_a_public_url_of_this_machine_alone_needs_no_token():
    assert not AccessControl('127.0.0.1', 'http://localhost:9000/robot1/').token


@pytest.mark.parametrize(
    'public_url',
    ['robot.example', 'ftp://robot.example/', 'https://', 'https://a b/', 'https://robot:99999/',
     'https://robot/?x=1', 'https://user@robot/', 'https://['],
)  # fmt: skip
def test_a_public_url_that_is_none_is_refused_with_an_example(public_url):
    with pytest.raises(ViewerError, match=r'like https://robot\.example/viewer/') as refused:
        AccessControl('127.0.0.1', public_url)
    assert repr(public_url) in str(refused.value)
