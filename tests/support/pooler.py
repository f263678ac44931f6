"""A small transaction pooler: clients share a few sessions of the server, each for one transaction.

It speaks just enough of PostgreSQL's protocol to know where a transaction ends (ReadyForQuery "I"). As
poolers do, it answers the start-up itself and hands out the session that was given back last, or with
`in_turn` the one that waits longest. Session settings of the start-up are dropped in silence, or with
`refusing` refused as PgBouncer does that is not told to ignore them. Only for servers that trust their
clients.
"""

import queue
import socket
import struct
import threading
from collections.abc import Callable
from pathlib import Path

TERMINATE, READY = b"X", b"Z"
REFUSAL = b"SFATAL\0C08P01\0Munsupported startup parameter: options\0\0"


def _receive(stream: socket.socket, count: int) -> bytes:
    data = b""
    while len(data) < count:
        part = stream.recv(count - len(data))
        if not part:
            raise ConnectionError("closed")
        data += part
    return data


def _message(stream: socket.socket) -> tuple[bytes, bytes]:
    """One message: its type, and all of its bytes."""
    head = _receive(stream, 5)
    return head[:1], head + _receive(stream, struct.unpack("!I", head[1:])[0] - 4)


class Pooler:
    """Listens on `port` of the loopback until closed; has `sessions` to the server behind it."""

    def __init__(
        self, sockets: Path, user: str, database: str, sessions: int = 2, in_turn: bool = False
    ) -> None:
        self.refusing = False
        self._idle: queue.Queue[socket.socket] = queue.Queue() if in_turn else queue.LifoQueue()
        self._greeting = b""
        for _ in range(sessions):
            session, self._greeting = self._session(sockets, user, database)
            self._idle.put(session)
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        self._start(self._accept)

    def close(self) -> None:
        self._server.close()
        while not self._idle.empty():
            self._idle.get().close()

    @staticmethod
    def _start(work: Callable[..., None], *arguments: object) -> None:
        threading.Thread(target=work, args=arguments, daemon=True).start()

    @staticmethod
    def _session(sockets: Path, user: str, database: str) -> tuple[socket.socket, bytes]:
        """A session of the server, and what it said until it was ready."""
        session = socket.socket(socket.AF_UNIX)
        session.connect(str(sockets / ".s.PGSQL.5432"))
        body = struct.pack("!I", 3 << 16) + f"user\0{user}\0database\0{database}\0\0".encode()
        session.sendall(struct.pack("!I", len(body) + 4) + body)
        greeting, kind = b"", b""
        while kind != READY:
            kind, message = _message(session)
            greeting += message
        return session, greeting

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            self._start(self._serve, client)

    def _serve(self, client: socket.socket) -> None:
        session = None
        try:
            while True:
                size = struct.unpack("!I", _receive(client, 4))[0]
                startup = _receive(client, size - 4)
                code = struct.unpack("!I", startup[:4])[0]
                if code == 3 << 16:
                    break
                client.sendall(b"N")  # neither TLS nor GSSAPI
            if self.refusing and b"\0options\0" in startup:
                client.sendall(b"E" + struct.pack("!I", len(REFUSAL) + 4) + REFUSAL)
                return
            client.sendall(self._greeting)
            while True:
                kind, message = _message(client)
                if kind == TERMINATE:
                    return
                session = session or self._idle.get(timeout=10)
                session.sendall(message)
                if kind in (b"Q", b"S") and self._until_ready(session, client):
                    self._idle.put(session)
                    session = None
        except (ConnectionError, OSError, queue.Empty):
            return
        finally:
            client.close()
            if session is not None:
                session.close()

    @staticmethod
    def _until_ready(session: socket.socket, client: socket.socket) -> bool:
        """Pass the answer on; whether the transaction is over."""
        while True:
            kind, message = _message(session)
            client.sendall(message)
            if kind == READY:
                return message[5:6] == b"I"
