"""HTTP requests, WebSocket frames and messages of the viewer that are not what they should be."""

from __future__ import annotations

import json
import random
import struct

_METHODS = (b'GET', b'POST', b'HEAD', b'OPTIONS', b'PUT', b'CONNECT', b'G\0T', b'', b'x' * 9000)
_PATHS = (
    b'/', b'/socket', b'/main.js', b'/../../etc/passwd', b'/%2e%2e/x', b'//x', b'*', b'', b'http://[',
    b'/?token=wrong', b'/\xff\xfe', b'/' + b'y' * 9000,
)  # fmt: skip
_VERSIONS = (b'HTTP/1.1', b'HTTP/1.0', b'HTTP/2.0', b'HTTP/9.9', b'', b'SPDY/1')
_HEADERS = (
    b'Host: evil.example', b'Host: 127.0.0.1:99999', b'Origin: http://evil.example',
    b'Origin: null', b'Sec-WebSocket-Key: \xff',
    b'X-Forwarded-Host: evil.example', b'X-Forwarded-Proto: gopher', b'Content-Length: -1',
    b'Content-Length: 999999999', b'Transfer-Encoding: chunked', b'Transfer-Encoding: chunked, x',
    b'Connection: Upgrade', b'Upgrade: websocket', b'Upgrade: h2c', b'Sec-WebSocket-Version: 7',
    b'Sec-WebSocket-Key: x', b'Cookie: ' + b'a=b; ' * 500, b'Cookie: =;;=\xff', b'no colon', b': x',
    b'X: ' + b'z' * 20_000, b'Expect: 100-continue', b' folded', b'X\0: y',
)  # fmt: skip
_TEXTS = (
    b'', b'[]', b'null', b'{"type":"point"}', b'{"type":[]}', b'\xff\xfe', b'[' * 4000,
    b'{"type":"ack","number":1e400}', b'{"type":"point","tag":1,"x":1e308,"y":1,"stamp":"9"}',
    b'{"type":"clear"', b'x' * 5000,
)  # fmt: skip


def upgrade(port: int) -> bytes:
    """Return the request that opens a socket."""
    return (
        f'GET /socket HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nUpgrade: websocket\r\n'
        'Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n'
        'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n'
    ).encode()


def broken_request(port: int, chance: random.Random) -> bytes:
    """Return a request of random parts, cut off or with random bytes in it; or only bytes."""
    kind = chance.randrange(4)
    if kind == 0:
        return chance.randbytes(chance.randint(1, 2000))
    if kind == 1:
        return _damaged(upgrade(port), chance)
    line = b' '.join(map(chance.choice, (_METHODS, _PATHS, _VERSIONS)))
    headers = chance.sample(_HEADERS, chance.randint(0, 6))
    if chance.random() < 0.5:
        headers.insert(0, b'Host: 127.0.0.1:%d' % port)
    request = b'\r\n'.join((line, *headers, b'', chance.randbytes(chance.randint(0, 50))))
    return _damaged(request, chance) if kind == 3 else request


def broken_frame(chance: random.Random) -> bytes:
    """Return a WebSocket frame that breaks the protocol, or whose message the viewer refuses."""
    kind = chance.randrange(3)
    if kind == 0:
        return chance.randbytes(chance.randint(1, 300))
    text = chance.choice(_TEXTS) if chance.random() < 0.7 else _prompt(chance)
    framed = frame(text, chance.choice((1, 1, 1, 2, 3, 8, 9, 11)), chance)
    return _damaged(framed, chance) if kind == 2 else framed


def frame(payload: bytes, opcode: int, chance: random.Random) -> bytes:
    """Return a payload as a client's frame, masked."""
    key = chance.randbytes(4)
    masked = bytes(byte ^ key[index % 4] for index, byte in enumerate(payload))
    size = len(payload)
    length = bytes([0x80 | size]) if size < 126 else b'\xfe' + struct.pack('>H', size)
    return bytes([0x80 | opcode]) + length + key + masked


def _prompt(chance: random.Random) -> bytes:
    numbers = (0, -1, 3, 300, 2**53, 1e308, '1', None, True, [], {})
    names = ('tag', 'x', 'y', 'x0', 'object', 'step', 'stamp', 'number', 'positive', 'refine')
    kind = chance.choice(('ack', 'point', 'box', 'size', 'remove', 'clear'))
    return json.dumps({'type': kind} | {name: chance.choice(numbers) for name in names}).encode()


def _damaged(data: bytes, chance: random.Random) -> bytes:
    place = chance.randrange(len(data)) if data else 0
    cut = data[:place]
    return cut if chance.random() < 0.3 else cut + chance.randbytes(3) + data[place + 3 :]
