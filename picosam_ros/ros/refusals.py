"""What ROS refuses at the start, as a sentence: what was given, what is allowed, what to do.

rcl tells it in the words of its parser. Its texts of Humble to Kilted are known here by their
beginnings; of any other the first line is passed on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from pathlib import Path

from picosam_ros.errors import YamlError
from picosam_ros.files.yaml import compose

_NAME = 'letters, digits and _ are allowed, not a digit first'
_DOMAIN, _LAST_DOMAIN = 'ROS_DOMAIN_ID', 232
_ENABLED = 'ROS_SECURITY_ENABLE'
_LEVELS = 'debug, info, warn, error, fatal'
_LAYOUT = 'NODE: {ros__parameters: {NAME: VALUE}}'
# Where rcl tells in which of its lines it was.
_PLACE = re.compile(r',? at \S+\.(c|cpp):\d+|failed to initialize \w+: |error creating node: ')


def explain(text: str, environment: Mapping[str, str] = os.environ) -> str:
    """Return the sentence for a text of rcl, rclpy or the middleware."""
    for pattern, sentence in _SENTENCES.items():
        if found := re.search(pattern, text):
            return sentence(found)
    for name, complaint in _SETTINGS.items():
        if name in environment and (refused := complaint(environment[name])):
            return f'{name} is {environment[name]!r}: {refused}'
    plain = ' '.join(_PLACE.sub('', text).split())
    return f'ROS refuses to start: {plain}'


def settings_error(environment: Mapping[str, str] = os.environ) -> str:
    """Return the sentence about a setting that ROS passes over or ends the process for; or ''."""
    domain, security = (environment.get(name, '') for name in (_DOMAIN, _ENABLED))
    if domain.isdigit() and int(domain) > _LAST_DOMAIN:
        return f'{_DOMAIN} is {domain!r}: {_domain(domain)}'
    if security not in ('', 'true', 'false'):
        return (
            f"{_ENABLED} is {security!r}: ROS takes anything but 'true' for no security; set it to "
            'true or false'
        )
    return ''


def _domain(value: str) -> str:
    if value.isdigit() and int(value) <= _LAST_DOMAIN:
        return ''
    return f'0 to {_LAST_DOMAIN} are allowed, 0 to 101 on every system; unset it for 0'


def _keystore(value: str) -> str:
    if Path(value, 'enclaves').is_dir():
        return ''
    return 'that is no keystore; make one with: ros2 security create_keystore'


def _security(value: str) -> str:
    if value != 'true':
        return ''
    return (
        'the files of the enclave are not found or do not fit; set ROS_SECURITY_KEYSTORE to the '
        'keystore and give the enclave with --ros-args --enclave /NAME'
    )


# Environment variables that are to blame where the text does not tell: their complaints.
_SETTINGS: dict[str, Callable[[str], str]] = {
    _DOMAIN: _domain,
    'ROS_SECURITY_KEYSTORE': _keystore,
    _ENABLED: _security,
}


def _remap(found: re.Match[str]) -> str:
    given = found[1]
    source, rule, target = given.rpartition(':=')
    if source.endswith('__ns'):
        return (
            f'namespace {target!r} is refused: it begins with /, and between slashes {_NAME}; '
            f'try {_like_a_namespace(target)!r}'
        )
    if source.endswith(('__node', '__name')):
        return f'node name {target!r} is refused: {_NAME}; try {_like_a_name(target)!r}'
    if not rule:
        return f'remap rule {given!r} is refused: its form is FROM:=TO, as in image:=/camera/image'
    return f'remap rule {given!r} is refused: between the slashes of a name {_NAME}'


def _like_a_name(text: str) -> str:
    name = re.sub(r'\W', '_', text, flags=re.ASCII).strip('_')
    return f'n{name}' if not name or name[0].isdigit() else name


def _like_a_namespace(text: str) -> str:
    return '/' + '/'.join(_like_a_name(part) for part in text.split('/') if part)


def _created(found: re.Match[str]) -> str:
    return (
        f'the {found[1]} of the node is refused: {found[2]}; give another one with '
        '-r __node:=NAME or -r __ns:=/NAME'
    )


def _parameter_file(found: re.Match[str]) -> str:
    name, path = found[1], Path(found[1])
    if path.is_dir():
        return f'parameter file {name!r} is a folder; give a YAML file of it'
    if not path.exists():
        return f'parameter file {name!r} is not there; give the path of a YAML file'
    try:
        compose(path)
    except YamlError as error:
        return f'parameter file {name!r} is refused: {error}; its form is {_LAYOUT}'
    why = ' '.join(_PLACE.sub('', found[2]).split())
    return f'parameter file {name!r} is refused: {why}; its form is {_LAYOUT}'


def _parameter(found: re.Match[str]) -> str:
    return f'parameter {found[1]!r} is refused: the form is NAME:=VALUE, the value as in YAML'


def _log_level(found: re.Match[str]) -> str:
    return f'log level {found[1]!r} is refused: allowed are {_LEVELS}, for one logger NAME:=LEVEL'


def _trailing(found: re.Match[str]) -> str:
    return f'nothing follows {found[1]}; give its value after it, or leave it out'


def _enclave(found: re.Match[str]) -> str:
    return f'the enclave is refused: {found[1]}; one begins with /, as in --enclave /picosam/camera'


def _log_folder(found: re.Match[str]) -> str:
    return f'log folder {found[1]!r} cannot be made; set ROS_LOG_DIR to one that you may write to'


def _log(found: re.Match[str]) -> str:
    return (
        'there is no folder to log to, or none that you may write to; set HOME, or ROS_LOG_DIR to '
        'a folder that you may write to'
    )


def _unknown(found: re.Match[str]) -> str:
    return (
        f'ROS does not know {found[1]}; after --ros-args it takes -r FROM:=TO, -p NAME:=VALUE, '
        '--params-file FILE, --log-level LEVEL, --enclave /NAME'
    )


def _peer(found: re.Match[str]) -> str:
    return (
        f'ROS_STATIC_PEERS names {found[1]!r}, which has no address; give IPv4 addresses or names '
        'that resolve, with ; between them'
    )


def _no_security(found: re.Match[str]) -> str:
    return (
        'security is on (ROS_SECURITY_ENABLE), and the middleware here was built without it; use '
        'ROS 2 from apt, or unset ROS_SECURITY_ENABLE'
    )


_WRITE = {
    'DOUBLE': 'with a point, as in {0}:=30.0',
    'STRING': 'in quotes within quotes, as in -p "{0}:=\'{1}\'"',
    'BOOL': 'as true or false',
    'INTEGER': 'as a whole number',
}


def _type(found: re.Match[str]) -> str:
    name, value, wanted = found[1], found[2], found[3]
    how = _WRITE.get(wanted, 'as a {2}').format(name, value, wanted)
    return f'{found[0]}; write it {how}'


_SENTENCES: dict[str, Callable[[re.Match[str]], str]] = {
    r"(?s)parse remap rule: '\S+ (.*?)'\. Error": _remap,
    r"(?s)parse params file: '\S+ (.*?)'\. Error: (.*)": _parameter_file,
    r"(?s)parse parameter override rule: '\S+ (.*?)'\. Error": _parameter,
    r"(?s)parse log level: '\S+ (.*?)'\. Error": _log_level,
    r'parse trailing (\S+) flag': _trailing,
    r"Enclave name is not valid: '(.*)'\.": _enclave,
    r'invalid node (name|namespace): ([^\n]*?)(?:, at |$)': _created,
    r"Failed to create log directory '(.*)'": _log_folder,
    r'failed to initialize logging': _log,
    r'Unable to resolve peer (\S+)': _peer,
    r"doesn't have the security libraries": _no_security,
    r'^\[(.*)\]$': _unknown,
    r"Trying to set parameter '(.+?)' to '(.*)' of type '\w+', expecting type '(\w+)'": _type,
}
