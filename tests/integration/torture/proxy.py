"""A TCP proxy on loopback that breaks the network between two processes on demand.

Every link is a port of its own: one client's way to one server. Bytes pass through as they are, so
mutual TLS reaches from end to end, and certificates for 127.0.0.1 verify. What it can do to a link:

- hold one direction or both: connections stay, nothing arrives until the direction is released, and
  then everything does, in order, as TCP repeats what a partition swallowed;
- delay both directions;
- cut: every connection is reset now; new ones are taken;
- lose: every connection swallows both directions for good and tells neither end, as when a router
  forgets it; new ones are taken.

All coroutines and methods belong to the loop that runs them; nothing here is thread-safe.
"""

import asyncio

CHUNK_BYTES = 1 << 16
CHUNKS_WAITING_MAX = 64  # of a direction; a sender waits when its bytes are held
TO_SERVER, TO_CLIENT = "to-server", "to-client"
DIRECTIONS = (TO_SERVER, TO_CLIENT)


class Link:
    """One way from a client to a server: its state now, and its connections."""

    def __init__(self, name, target):
        self.name = name
        self._target = target  # () -> (host, port), or None while there is nobody
        self._server = None
        self._holds = dict.fromkeys(DIRECTIONS, 0)
        self._open = {direction: asyncio.Event() for direction in DIRECTIONS}
        for event in self._open.values():
            event.set()
        self.delay_ms = 0
        self._connections = set()
        self.taken = 0

    async def start(self):
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)

    @property
    def address(self):
        """That the client is to use."""
        return "127.0.0.1:%d" % self._server.sockets[0].getsockname()[1]

    async def stop(self):
        self._server.close()
        self.cut()
        await self._server.wait_closed()

    def hold(self, *directions):
        """Holds add up: a direction is open again when each has been released."""
        for direction in directions:
            self._holds[direction] += 1
            self._open[direction].clear()

    def release(self, *directions):
        for direction in directions:
            self._holds[direction] -= 1
            if self._holds[direction] == 0:
                self._open[direction].set()

    def cut(self):
        for connection in list(self._connections):
            connection.reset()

    def lose(self):
        for connection in self._connections:
            connection.lost = True

    async def wait_open(self, direction):
        await self._open[direction].wait()

    async def _take(self, reader, writer):
        self.taken += 1
        connection = Connection(self, reader, writer)
        self._connections.add(connection)
        try:
            await connection.run(self._target())
        finally:
            self._connections.discard(connection)


class Connection:
    """Two directions, each a reader and a writer with a queue of chunks and their due times between
    them."""

    def __init__(self, link, reader, writer):
        self.link, self.lost = link, False
        self._client = (reader, writer)
        self._writers = [writer]
        self._reset = asyncio.Event()

    def reset(self):
        """Both ends see the connection reset."""
        self._reset.set()
        for writer in self._writers:
            writer.transport.abort()

    async def run(self, target):
        pumps = []
        try:
            if target is None:
                return
            server = await asyncio.open_connection(*target)
            self._writers.append(server[1])
            if self._reset.is_set():
                return
            pumps = [asyncio.ensure_future(self._direction(TO_SERVER, self._client[0], server[1])),
                     asyncio.ensure_future(self._direction(TO_CLIENT, server[0], self._client[1]))]
            # Until one side has closed or failed: half-open connections serve nobody here.
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        except OSError:
            pass  # nobody listens: the client sees its connection end
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self.reset()

    async def _direction(self, direction, reader, writer):
        chunks = asyncio.Queue(CHUNKS_WAITING_MAX)
        filler = asyncio.ensure_future(self._fill(reader, chunks))
        try:
            while True:
                due, data = await chunks.get()
                await asyncio.sleep(due - asyncio.get_running_loop().time())
                await self.link.wait_open(direction)
                if not data:
                    return
                if not self.lost:
                    writer.write(data)
                    await writer.drain()
        except OSError:
            return
        finally:
            filler.cancel()
            await asyncio.gather(filler, return_exceptions=True)

    async def _fill(self, reader, chunks):
        """Ends with an empty chunk."""
        data = b"more"
        while data:
            try:
                data = await reader.read(CHUNK_BYTES)
            except OSError:
                data = b""
            await chunks.put((asyncio.get_running_loop().time() + self.link.delay_ms / 1000,
                              data))
