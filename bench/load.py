"""Load over loopback: a few client processes, each with several keep-alive connections that send without a pause."""

import json
import socket
import time
from collections.abc import Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

CLIENT_PROCESSES = 2
CONNECTIONS_EACH = 8
CONNECTIONS = CLIENT_PROCESSES * CONNECTIONS_EACH
ANSWER_SECONDS_MAX = 20

# What one connection sends, one after the other: requests, or a request and the one that follows from its answer,
# which says HOLD_ID where the id in that answer is to stand.
Requests = Sequence[bytes | tuple[bytes, bytes]]
HOLD_ID = b"{hold id}"
SUCCESSES = (b" 200 ", b" 201 ", b" 304 ")


@dataclass(frozen=True)
class Burst:
    """What became of a load: how long each answer took, and from when to when they came (monotonic seconds).

    A request and the one that follows from its answer count as one.
    """

    took: list[float]
    began_at: float
    ended_at: float

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.took) / (self.ended_at - self.began_at)

    @property
    def p99(self) -> float:
        """The milliseconds in which 99 of 100 were answered."""
        return sorted(self.took)[int(len(self.took) * 0.99)] * 1000


class Connection:
    """One keep-alive connection. http.client would cost as much CPU a request as the apps that are measured."""

    def __init__(self, port: int, seconds_max: float = ANSWER_SECONDS_MAX) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=seconds_max)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._stream = self._socket.makefile("rb")

    def send(self, request: bytes) -> bytes:
        """Send one request and return the body of its answer. Raises AssertionError unless it is a success."""
        self._socket.sendall(request)
        status = self._stream.readline()
        length = 0
        while (line := self._stream.readline()) not in (b"\r\n", b""):
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        body = self._stream.read(length)
        assert any(success in status for success in SUCCESSES), f"{status!r}: {body[:300]!r}"
        return body

    def close(self) -> None:
        self._stream.close()
        self._socket.close()


def apply_load(clients: Executor, port: int, batches: Sequence[Requests], seconds: float) -> Burst:
    """Send each of the CONNECTIONS batches over a connection of its own, for `seconds` or until all is sent.

    Raises AssertionError at the first answer that is no success, TimeoutError when none comes.
    """
    shares = [batches[first::CLIENT_PROCESSES] for first in range(CLIENT_PROCESSES)]
    work = clients.map(
        _send_share,
        [port] * len(shares),
        shares,
        [seconds] * len(shares),
        timeout=seconds + 2 * ANSWER_SECONDS_MAX,
    )
    bursts = list(work)
    return Burst(
        [seconds for burst in bursts for seconds in burst.took],
        min(burst.began_at for burst in bursts),
        max(burst.ended_at for burst in bursts),
    )


def _send_share(port: int, batches: Sequence[Requests], seconds: float) -> Burst:
    """Run in a client process: one thread a connection, all opened before the clock starts."""
    connections = [Connection(port) for _ in batches]
    began_at = time.monotonic()
    try:
        with ThreadPoolExecutor(len(connections)) as threads:
            took = threads.map(_send_batch, connections, batches, [began_at + seconds] * len(batches))
            return Burst([each for batch in took for each in batch], began_at, time.monotonic())
    finally:
        for connection in connections:
            connection.close()


def _send_batch(connection: Connection, requests: Requests, deadline: float) -> list[float]:
    took: list[float] = []
    sent_at = time.monotonic()
    for request in requests:
        if sent_at >= deadline:
            break
        exchange(connection, request)
        answered_at = time.monotonic()
        took.append(answered_at - sent_at)
        sent_at = answered_at
    return took


def exchange(connection: Connection, request: bytes | tuple[bytes, bytes]) -> None:
    """Send a request, and the one that follows from its answer. Raises AssertionError at one that is no success."""
    if isinstance(request, bytes):
        connection.send(request)
        return
    first, following = request
    hold = json.loads(connection.send(first))
    connection.send(following.replace(HOLD_ID, str(hold["id"]).encode()))


def render_request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """Return the bytes of a request for localhost."""
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + body
