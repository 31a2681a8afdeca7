"""A reverse proxy that serves a server in a folder, as nginx does."""

import asyncio
import contextlib
import re
import threading


class FolderProxy:
    """Passes http://127.0.0.1:PORT/FOLDER/… on to a port of this machine, without the folder.

    Args:
        port: of the server.
        folder: its name here.
        keeps_host: whether the server gets the browser's `Host`, or that of its own address.

    Attributes:
        url: of the folder.
        strays: paths outside of the folder that were asked for.

    """

    def __init__(self, port, folder, *, keeps_host):
        self.url = ''
        self.strays = []
        self._port = port
        self._prefix = f'/{folder}/'.encode()
        self._keeps_host = keeps_host
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._started = threading.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=[self._run()])

    def __enter__(self):
        self._thread.start()
        self._started.wait()
        return self

    def __exit__(self, *_):
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    async def _run(self):
        server = await asyncio.start_server(self._serve, '127.0.0.1', 0)
        port = server.sockets[0].getsockname()[1]
        self.url = f'http://127.0.0.1:{port}{self._prefix.decode()}'
        self._started.set()
        await self._stop.wait()
        server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        with contextlib.closing(writer), contextlib.suppress(OSError, asyncio.IncompleteReadError):
            head = await reader.readuntil(b'\r\n\r\n')
            method, path, rest = head.split(b' ', 2)
            if not path.startswith(self._prefix):
                self.strays.append(path.decode())
                writer.write(b'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n')
                return
            if not self._keeps_host:
                own = b'\r\nHost: 127.0.0.1:%d\r\n' % self._port
                rest = re.sub(rb'(?i)\r\nHost: .*?\r\n', own, rest)
            if b'upgrade: websocket' not in rest.lower():
                # One request for each connection: the path of each is changed.
                rest = re.sub(rb'(?i)\r\nConnection: .*?\r\n', b'\r\nConnection: close\r\n', rest)
            inner, outer = await asyncio.open_connection('127.0.0.1', self._port)
            with contextlib.closing(outer):
                outer.write(b' '.join((method, path[len(self._prefix) - 1 :], rest)))
                await asyncio.gather(_pump(reader, outer), _pump(inner, writer))


async def _pump(source, sink):
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            sink.write(data)
            await sink.drain()
    sink.close()
