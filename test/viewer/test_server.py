"""A server on a real socket: good clients are served, bad ones get a reason."""

import asyncio
import contextlib
import socket
import threading
from pathlib import Path

import aiohttp
import pytest
from helpers.viewer_server import disc_mask, make_frame, on_a_loop, until, upgraded

from picosam_ros.drawing.overlay import PALETTE
from picosam_ros.errors import ImageError, ViewerError
from picosam_ros.latency import Timing
from picosam_ros.results import Answer, PromptState
from picosam_ros.viewer import auth, connections, pending, rate_limits, site, statistics
from picosam_ros.viewer import client as client_module
from picosam_ros.viewer.hub import Hub
from picosam_ros.viewer.messages import Component
from picosam_ros.viewer.server import Server


def stopped():
    """Tell the time of a clock that stands: however long a test takes, all is sent at once."""
    return 0.0


@on_a_loop
async def test_the_page_comes_with_all_its_files_and_lets_no_other_code_in(served):
    async with aiohttp.ClientSession(served.base) as session:
        response = await session.get('/')
        assert response.status == 200
        policy = response.headers['Content-Security-Policy']
        assert "default-src 'none'; script-src 'self'; style-src 'self'" in policy
        assert 'unsafe' not in policy
        text = await response.text()
        assert '<script type="module" src="main.js">' in text
        page = Path(site.__file__).with_name('page')
        for name in sorted({file.name for file in page.iterdir()} - {'index.html'}):
            response = await session.get(f'/{name}')
            assert response.status == 200, name
            assert await response.read() == (page / name).read_bytes()
            assert response.headers['X-Content-Type-Options'] == 'nosniff'


@pytest.mark.parametrize(
    'path',
    [
        '/../server.py',
        '/%2e%2e/server.py',
        '/page/../server.py',
        '//etc/passwd',
        '/index.html',
        '/main.js/',
        '/style.css%00.js',
        '/__init__.py',
    ],
)
@on_a_loop
async def test_no_path_reaches_a_file(path, served):
    reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port)
    writer.write(f'GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n'.encode())
    assert (await reader.readline()).split()[1] in (b'404', b'400')
    writer.close()


@on_a_loop
async def test_a_client_is_greeted_and_gets_the_newest_frame(served):
    async with served.client() as first:
        hello = await first.text('hello')
        assert (hello['node'], hello['title'], hello['version']) == ('camera', 'robot', 1)
        assert hello['prompt_topic'] == ''
        assert hello['palette'] == [list(colour) for colour in PALETTE]
        served.show(make_frame(4, masks=(disc_mask(2),)))
        header, jpeg = await first.frame()
        assert header['number'] == 4
        assert jpeg[:2] == b'\xff\xd8'
        async with served.client() as second:
            assert (await second.frame())[0]['number'] == 4


@on_a_loop
async def test_without_clients_nothing_is_streamed_or_encoded(served):
    served.show(make_frame(1))
    await until(lambda: served.server.hub._frame)
    assert served.backend.streaming == []
    assert served.server.site.encoder.encoded == 0
    async with served.client():
        await until(lambda: served.backend.streaming == [True])
    await until(lambda: served.backend.streaming == [True, False])


@on_a_loop
async def test_prompts_reach_the_backend_and_answers_their_sender(served):
    async with served.client() as asking, served.client() as other:
        await asking.send('point', tag=7, x=10, y=20, stamp='1001')
        await until(lambda: served.backend.prompts)
        [prompt] = served.backend.prompts
        assert (prompt.object_id, prompt.points[0].x, prompt.stamp_ns) == (1, 10.0, 1001)
        served.call('broadcast_answer', Answer(1, PromptState.ACCEPTED, '', 3))
        message = await asking.text('answer')
        assert (message['tag'], message['object'], message['generation']) == (7, 1, 3)
        message = await other.text('answer')
        assert (message['tag'], message['object']) == (None, 1)


@on_a_loop
async def test_new_objects_get_ids_that_are_free_also_between_two_clients(served):
    async with served.client() as one, served.client() as two:
        served.show(make_frame(1, masks=(disc_mask(1),), unanswered=((3, 'hidden'),)))
        await one.frame()
        await one.send('point', tag=1, x=10, y=20)
        await two.send('box', tag=1, x0=10, y0=20, x1=30, y1=40)
        await until(lambda: len(served.backend.prompts) == 2)
        assert {prompt.object_id for prompt in served.backend.prompts} == {2, 4}


@on_a_loop
async def test_an_image_without_masks_makes_no_id_free_and_one_without_objects_does(served):
    async with served.client() as client:
        served.show(make_frame(1, masks=(disc_mask(1),), segmented=True))
        served.show(make_frame(2))
        await client.send('point', tag=1, x=10, y=20)
        await until(lambda: served.backend.prompts)
        served.show(make_frame(3, segmented=True))
        await client.send('point', tag=2, x=10, y=20)
        await until(lambda: len(served.backend.prompts) == 2)
        assert [prompt.object_id for prompt in served.backend.prompts] == [2, 1]


@on_a_loop
async def test_an_object_that_somebody_else_made_keeps_its_id_before_it_is_in_a_frame(
    served, monkeypatch
):
    monkeypatch.setattr(pending, 'RESERVE_S', 3600.0)
    async with served.client() as client:
        served.call('broadcast_answer', Answer(1, PromptState.ACCEPTED, '', 7))
        served.call('broadcast_answer', Answer(2, PromptState.ACCEPTED, 'removed', 5))
        served.show(make_frame(1, segmented=True))
        for tag in (1, 2):
            await client.send('point', tag=tag, x=10, y=20)
        await until(lambda: len(served.backend.prompts) == 2)
        assert [prompt.object_id for prompt in served.backend.prompts] == [2, 3]


@on_a_loop
async def test_remove_and_clear_reach_the_backend(served):
    async with served.client() as client:
        await client.send('remove', tag=1, object=9)
        await client.send('clear')
        await until(lambda: served.backend.cleared)
        assert served.backend.removed == [9]


@on_a_loop
async def test_a_prompt_without_an_answer_is_reported_to_its_sender(served, monkeypatch):
    monkeypatch.setattr(pending, 'ANSWER_TIMEOUT_S', 0.1)
    async with served.client() as client:
        await client.send('point', tag=5, x=1, y=2)
        message = await client.text('notice')
        assert message['tag'] == 5
        assert 'no answer from camera: is the node running' in message['text']


@on_a_loop
async def test_a_lost_object_is_reported_to_all_and_answers_no_prompt(served):
    async with served.client() as client:
        await client.send('point', tag=5, x=1, y=2, object=4)
        await until(lambda: served.backend.prompts)
        served.call('broadcast_answer', Answer(4, PromptState.LOST, 'left the image', 2))
        served.call('broadcast_answer', Answer(4, PromptState.ACCEPTED, '', 3))
        lost, accepted = [await client.text('answer') for _ in range(2)]
        assert (lost['state'], lost['tag'], lost['reason']) == ('lost', None, 'left the image')
        assert (accepted['state'], accepted['tag']) == ('accepted', 5)


@on_a_loop
async def test_statistics_diagnostics_and_the_link_are_sent(serve, monkeypatch):
    monkeypatch.setattr(statistics, '_RATE_WINDOW_S', 3600.0)
    served = serve()
    async with served.client() as client:
        served.call('record_timing', Timing(inference=6.0, total=20.0), 3)
        message = await client.text('statistics', lambda message: message['stages'])
        assert message['stages'] == {'inference': 6.0, 'total': 20.0}
        assert message['skipped'] == 0
        served.call(
            'broadcast_diagnostics', [Component('camera: input', 1, 'slow', {'rate Hz': '3'})]
        )
        [component] = (await client.text('diagnostics'))['components']
        assert (component['name'], component['level'], component['message']) == (
            'camera: input',
            1,
            'slow',
        )
        assert (await client.text('link'))['clients'] == 1


@on_a_loop
async def test_a_client_that_draws_nothing_gets_two_frames_and_no_queue_grows(served):
    async with served.client() as stalled, served.client() as good:
        for number in range(1, 31):
            served.show(make_frame(number))
            header, _ = await good.frame()
            assert header['number'] == number
            await good.send('ack', number=number)
        received = [(await stalled.frame())[0]['number'] for _ in range(2)]
        assert received[0] == 1
        # The others are dropped, and the newest is what it gets next.
        await stalled.send('ack', number=received[1])
        assert (await stalled.frame())[0]['number'] == 30


@on_a_loop
async def test_a_client_that_reads_nothing_delays_nobody(served):
    reader, writer = await upgraded(served)
    reader._transport.pause_reading()
    async with served.client() as good:
        for number in range(1, 31):
            served.show(make_frame(number, width=1280, height=960))
            assert (await good.frame())[0]['number'] == number
            await good.send('ack', number=number)
        # At most what was in flight before the socket was full.
        clients = list(served.server.hub)
        assert min(client.flow_control.acknowledged for client in clients) == 0
        assert all(len(client._texts) <= 4 for client in clients)
    writer.transport.abort()


@on_a_loop
async def test_an_image_that_cannot_be_converted_is_reported(served):
    def fail():
        raise ImageError("encoding 'x' was given")

    async with served.client() as client:
        served.show(make_frame(1, pixels=fail))
        assert (await client.text('notice'))['text'] == "encoding 'x' was given"
        served.show(make_frame(2))
        assert (await client.frame())[0]['number'] == 2


@pytest.mark.parametrize('text', ['', 'no', '[]', '{"type":"point"}', '{"type":"rm -rf"}'])
@on_a_loop
async def test_a_malformed_message_is_refused_with_a_reason_and_counted(text, served):
    async with served.client() as client:
        await client.socket.send_str(text)
        assert (await client.text('notice'))['text']
        assert served.refused['malformed messages'] == 1
        assert served.backend.prompts == []
        # It may go on.
        await client.send('clear')
        await until(lambda: served.backend.cleared)


@on_a_loop
async def test_binary_is_refused(served):
    async with served.client() as client:
        await client.socket.send_bytes(b'\0' * 100)
        assert (await client.text('notice'))['text'] == 'message is binary; send JSON as text'
        assert served.refused['malformed messages'] == 1


MALFORMED = [
    b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n',  # TLS
    b'GET\r\n\r\n',
    b'GET / HTTP/9.9\r\nHost: 127.0.0.1\r\n\r\n',
    b'G\0T / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost 127.0.0.1\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ' + b'x' * 20_000 + b'\r\n\r\n',
    b'GET /' + b'x' * 20_000 + b' HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    b'GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n',
    b'GET http://[ HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n',
    b'POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n',
    b'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    b'Sec-WebSocket-Version: 7\r\nSec-WebSocket-Key: x\r\n\r\n',
    b'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: \xff\xfe\r\n\r\n',
    b'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n',
    b'GET /socket HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n'
    b'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'
    b'Sec-WebSocket-Protocol: chat\r\n\r\n',
]


@pytest.mark.parametrize('request_bytes', MALFORMED, ids=range(len(MALFORMED)))
@on_a_loop
async def test_a_malformed_request_is_counted_and_not_printed(request_bytes, served, caplog, capfd):
    reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port)
    writer.write(request_bytes)
    answer = await reader.readline()
    assert answer.split()[1][:1] == b'4', answer
    await until(lambda: sum(served.refused.values()))
    assert set(served.refused) <= {'malformed requests', 'unknown paths'}
    assert (caplog.text, capfd.readouterr().err) == ('', '')
    writer.close()
    async with served.client() as client:
        await client.text('hello')


@on_a_loop
async def test_a_socket_that_breaks_the_protocol_is_closed_counted_and_not_printed(
    served, caplog, capfd
):
    for frame in (b'\xff\xff\xff\xff', b'\x81\x05hello', b'\x83\x80\0\0\0\0', b'\x89\xfe\x7f\xff'):
        reader, writer = await upgraded(served)
        writer.write(frame)
        await reader.read(65536)
        writer.close()
    await until(lambda: not len(served.server.hub))
    assert served.refused['broken connections'] >= 1
    assert (caplog.text, capfd.readouterr().err) == ('', '')


@on_a_loop
async def test_what_is_refused_closes_its_connection(serve):
    served = serve(address='0.0.0.0')
    for path, host in (('/', '127.0.0.1'), ('/', 'evil.example'), ('/socket?token=x', 'localhost')):
        reader, writer = await asyncio.open_connection('127.0.0.1', served.server.port)
        writer.write(f'GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n'.encode())
        assert b'onnection: close' in await reader.read()
        writer.close()


@on_a_loop
async def test_wrong_tokens_are_limited_and_the_right_one_is_let_in_all_the_same(
    serve, monkeypatch
):
    monkeypatch.setattr(auth, 'WrongTokens', lambda: rate_limits.WrongTokens(stopped))
    served = serve(address='0.0.0.0')
    async with aiohttp.ClientSession(served.base) as session:
        codes = [(await session.get(f'/?token={number}')).status for number in range(30)]
        assert codes[0] == 401
        assert codes[-1] == 429
        # A page that has no token yet is no guess.
        assert (await session.get('/')).status == 401
        assert (await session.get(f'/main.js?token={served.server.token}')).status == 200
    limited = served.refused['token (too many wrong ones)']
    assert limited == codes.count(429)


@on_a_loop
async def test_a_path_that_is_not_served_is_refused_with_what_a_proxy_has_to_do(served):
    async with aiohttp.ClientSession(served.base) as session:
        for request in (session.get('/robot1/'), session.post('/'), session.get('/favicon.ico')):
            response = await request
            assert response.status in (404, 405)
            assert 'has to leave the folder out' in await response.text()
            assert "default-src 'none'" in response.headers['Content-Security-Policy']
    assert served.refused['unknown paths'] == 3


@on_a_loop
async def test_prompts_beyond_the_rate_are_refused_each_with_its_tag_and_the_rest_goes_on(
    served, monkeypatch
):
    monkeypatch.setattr(client_module, 'RateLimiter', lambda: rate_limits.RateLimiter(stopped))
    async with served.client() as client:
        for tag in range(1, 61):
            await client.send('point', tag=tag, x=1, y=2, object=1, refine=True)
        notice = await client.text('notice')
        assert notice['text'].startswith('more than 10 prompts per second')
        assert notice['tag'] == len(served.backend.prompts) + 1
        served.show(make_frame(1))
        assert (await client.frame())[0]['number'] == 1
        await client.send('ack', number=1)
        await until(lambda: [one.flow_control.acknowledged for one in served.server.hub] == [1])
    assert served.refused['prompt rate'] >= 30
    assert len(served.backend.prompts) < 30


@on_a_loop
async def test_an_oversized_message_ends_the_connection(served):
    async with served.client() as client:
        await client.socket.send_str('x' * 100_000)
        assert await client.closed() == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
    await until(lambda: served.refused['oversized messages'] == 1)


@on_a_loop
async def test_a_thousand_messages_at_once_are_refused_and_who_goes_on_is_disconnected(
    served, monkeypatch
):
    monkeypatch.setattr(client_module, 'RateLimiter', lambda: rate_limits.RateLimiter(stopped))
    async with served.client() as good, served.client() as flood:

        async def send() -> None:
            # Disconnected before the end, it can send no more.
            with contextlib.suppress(ConnectionError):
                for _ in range(1000):
                    await flood.send('point', tag=1, x=1, y=2, object=1)

        # It reads meanwhile, as browsers do: a client that does not is cut off without a reason.
        sending = asyncio.create_task(send())
        message = await flood.text('notice')
        assert (message['tag'], message['text'].partition(';')[0]) == (
            1,
            'more than 10 prompts per second',
        )
        await flood.text('notice', lambda message: 'more than 120 messages' in message['text'])
        assert await flood.closed() == aiohttp.WSCloseCode.POLICY_VIOLATION
        await sending
        assert len(served.backend.prompts) < rate_limits.PROMPT_BURST + 100
        assert served.refused['prompt rate'] > 100
        assert served.refused['rate limit'] > rate_limits.MAX_REFUSED
        assert served.refused['disconnected clients'] == 1
        served.show(make_frame(1))
        assert (await good.frame())[0]['number'] == 1


@on_a_loop
async def test_browsers_beyond_the_limit_are_refused_until_one_leaves(serve):
    served = serve(max_clients=2)
    async with served.client(), served.client(), aiohttp.ClientSession(served.base) as session:
        response = await session.get('/socket')
        assert response.status == 503
        assert await response.text() == '2 browsers are connected, the limit is max_clients\n'
    await until(lambda: len(served.server.hub) == 0)
    async with served.client() as client:
        await client.text('hello')


@pytest.mark.parametrize(
    'headers', [{'Host': 'evil.example'}, {'Origin': 'http://evil.example'}, {'Origin': 'null'}]
)
@on_a_loop
async def test_another_web_page_gets_neither_the_page_nor_a_socket(headers, served):
    async with aiohttp.ClientSession(served.base) as session:
        response = await session.get('/', headers=headers)
        assert response.status == 403
        assert 'is not allowed' in await response.text()
        with pytest.raises(aiohttp.WSServerHandshakeError) as refusal:
            await session.ws_connect('/socket', headers=headers)
        assert refusal.value.status == 403
    assert served.refused['Host or Origin'] == 2


@on_a_loop
async def test_an_open_address_asks_for_the_token_and_keeps_it_as_a_cookie(serve):
    served = serve(address='0.0.0.0')
    token = served.server.token
    jar = aiohttp.CookieJar(unsafe=True)  # keeps cookies of numbers
    async with aiohttp.ClientSession(served.base, cookie_jar=jar) as session:
        for path in ('/', '/main.js', '/socket', '/?token=', f'/?token={token[:-1]}'):
            response = await session.get(path)
            assert response.status == 401, path
            assert token not in await response.text()
        assert served.refused['token'] == 5
        response = await session.get(f'/?token={token}')
        assert response.status == 200
        assert str(response.url) == served.server.url
        [cookie] = jar
        assert (cookie['httponly'], cookie['samesite']) == (True, 'Lax')
        async with session.ws_connect('/socket') as socket:
            assert (await socket.receive_json())['type'] == 'hello'


@on_a_loop
async def test_a_program_may_give_the_token_with_the_socket(serve):
    served = serve(address='0.0.0.0')
    async with aiohttp.ClientSession(served.base) as session:
        address = f'/socket?token={served.server.token}'
        async with session.ws_connect(address) as socket:
            assert (await socket.receive_json())['type'] == 'hello'


@on_a_loop
async def test_half_open_connections_are_closed_and_do_not_keep_others_out(served, monkeypatch):
    silent = [await asyncio.open_connection('127.0.0.1', served.server.port) for _ in range(50)]
    for _, writer in silent[::2]:
        writer.write(b'GET / HTTP/1.1\r\nHost: 127')  # and never more
    async with served.client() as client:
        await client.text('hello')
        # From here on: who has not asked for anything yet would be closed, too.
        monkeypatch.setattr(connections, 'IDLE_TIMEOUT_S', 0.0)
        ends = await asyncio.gather(
            *(reader.read() for reader, _ in silent), return_exceptions=True
        )
        assert len(ends) == 50
        of_address = served.refused['too many connections of an address']
        assert of_address >= 50 - connections.MAX_UNAUTHORIZED_PER_ADDRESS
        assert served.refused['idle connections'] + of_address == 50
        # One that has asked for something stays.
        await client.send('clear')
        await until(lambda: served.backend.cleared)
    for _, writer in silent:
        writer.close()


@on_a_loop
async def test_connections_beyond_the_limit_are_closed(served, monkeypatch):
    monkeypatch.setattr(connections, 'MAX_UNAUTHORIZED', 10)
    silent = [await asyncio.open_connection('127.0.0.1', served.server.port) for _ in range(30)]
    await until(lambda: served.refused['too many connections'] >= 20)
    async with served.client() as client:
        await client.text('hello')
    for _, writer in silent:
        writer.close()


def test_where_the_port_is_taken_the_next_free_one_is_used():
    with socket.socket() as taken:
        taken.bind(('127.0.0.1', 0))
        taken.listen()
        port = taken.getsockname()[1]
        server = Server(Hub(None, name='', title=''), port=port)
        server.start()
        assert port < server.port <= port + 50
        server.stop()


def test_an_address_that_cannot_be_bound_is_reported():
    server = Server(Hub(None, name='', title=''), address='203.0.113.7', port=0)
    with pytest.raises(ViewerError, match=r"'203\.0\.113\.7', port 0 cannot be bound"):
        server.start()


def test_a_server_that_never_served_leaves_no_event_loop_to_the_interpreter():
    # It would print a traceback where it is collected after its files.
    refused = Server(Hub(None, name='', title=''), address='203.0.113.7', port=0)
    with pytest.raises(ViewerError):
        refused.start()
    assert refused._loop.is_closed()
    unused = Server(Hub(None, name='', title=''), port=0)
    unused.stop()
    assert unused._loop.is_closed()


@on_a_loop
async def test_the_end_of_the_server_disconnects_the_clients_and_leaves_no_thread(serve):
    served = serve()
    async with served.client() as client:
        await client.text('hello')
        stopping = asyncio.get_running_loop().run_in_executor(None, served.server.stop)
        assert await client.closed() == aiohttp.WSCloseCode.GOING_AWAY
        await stopping
    assert not any(thread.name.startswith('picosam_') for thread in threading.enumerate())
    # What still comes from other threads is no error.
    served.show(make_frame(9))
