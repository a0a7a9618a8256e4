"""One request and its answer: connected to a checked address, read within the bounds.

The address that was checked is the one connected to, so a name that changes its answer in between gains nothing.
"""

from __future__ import annotations

import logging
import socket
import ssl
from collections.abc import Callable
from contextvars import ContextVar
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError
from urllib3.util import create_urllib3_context

from outbound_http import observing
from outbound_http.errors import AnswerTooLarge, CallFailed, CallTimeout, DestinationRefused, OutboundError
from outbound_http.guard import check_address
from outbound_http.policy import Policy

Clock = Callable[[], float]

CHUNK = 16 * 1024


class _Call:
    """The rules of the call that this thread is making, and the time left."""

    def __init__(self, *, clock: Clock, deadline: float, policy: Policy) -> None:
        self.clock = clock
        self.policy = policy
        self.started = clock()
        self.deadline = deadline

    def remaining(self) -> float:
        left = self.deadline - self.clock()
        if left <= 0:
            raise TimeoutError("total time exceeded")
        return left


_call: ContextVar[_Call | None] = ContextVar("outbound_http_call", default=None)
# When the whole request ends, its redirects included.
deadline: ContextVar[float | None] = ContextVar("outbound_http_deadline", default=None)


class _DeadlineReads:
    """Cut every read short at the call's deadline, so that a slow drip ends too."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        call = _call.get()
        if call is not None:
            timeout = min(call.policy.read_timeout, call.remaining())
            self.settimeout(timeout)  # type: ignore[attr-defined]  # the socket's
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]  # a mixin


class _DeadlineSocket(_DeadlineReads, socket.socket):
    pass


class _DeadlineTLSSocket(_DeadlineReads, ssl.SSLSocket):
    pass


def _connect(connection: HTTPConnection, *, encrypted: bool) -> socket.socket:
    """Resolve, check every address, and connect to a checked one."""
    call = _call.get()
    if call is None:
        raise DestinationRefused("a connection that no call makes")
    host, port = connection.host.strip("[]"), connection.port or (443 if encrypted else 80)
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for info in infos:
        check_address(ip_address(info[4][0]), encrypted=encrypted, policy=call.policy)
    last: OSError = OSError("name has no address")
    for family, kind, proto, _name, address in infos:
        sock = _DeadlineSocket(family, kind, proto)
        try:
            sock.settimeout(min(call.policy.connect_timeout, call.remaining()))
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.connect(address)
        except OSError as error:
            sock.close()
            last = error
        except BaseException:
            sock.close()
            raise
        else:
            return sock
    raise last


class _Connection(HTTPConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, encrypted=False)


class _TLSConnection(HTTPSConnection):
    def _new_conn(self) -> socket.socket:
        return _connect(self, encrypted=True)


class _Pool(HTTPConnectionPool):
    ConnectionCls = _Connection


class _TLSPool(HTTPSConnectionPool):
    ConnectionCls = _TLSConnection


class GuardedAdapter(HTTPAdapter):
    """Send one request and read its whole answer within the bounds; `policy` is asked anew for each."""

    def __init__(self, *, policy: Callable[[], Policy], clock: Clock) -> None:
        self.policy = policy
        self.clock = clock
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        """Make connections of the guarded kind."""
        context = create_urllib3_context()
        context.sslsocket_class = _DeadlineTLSSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Return the answer, read to its end; raise OutboundError for whatever prevents that."""
        policy, end = self.policy(), deadline.get()
        if end is None:
            end = self.clock() + policy.total_timeout
        call = _Call(clock=self.clock, deadline=end, policy=policy)
        token = _call.set(call)
        where = _redacted(request, policy)
        outcome = "failed"
        span = observing.begin(str(request.method), urlsplit(request.url or "").hostname or "")
        try:
            kwargs |= {"stream": True, "timeout": (policy.connect_timeout, policy.read_timeout)}
            response = super().send(request, **kwargs)
            self._read(response, policy.max_bytes)
            outcome = str(response.status_code)
        except Exception as error:  # noqa: BLE001 - whatever it is, its words quote the query; unknown kinds pass on
            refused = _translate(error, where)
            outcome = refused.code
            # The original names the full address with its query, so it is not chained.
            raise refused from None
        finally:
            _call.reset(token)
            span(outcome)
            policy.logger.info("%s %s %.3fs", where, outcome, self.clock() - call.started)
        response.url = response.url.partition("?")[0]  # raise_for_status() quotes it
        return response

    @staticmethod
    def _read(response: requests.Response, limit: int) -> None:
        try:
            declared = response.headers.get("Content-Length", "")
            if declared.isdigit() and int(declared[:20]) > limit:
                raise AnswerTooLarge(f"answer declares more than {limit} bytes")
            body = bytearray()
            for chunk in response.raw.stream(CHUNK, decode_content=True):
                body += chunk
                if len(body) > limit:
                    raise AnswerTooLarge(f"answer exceeds {limit} bytes")
            # What Response.content would set had it read the body itself, without a bound.
            vars(response).update(_content=bytes(body), _content_consumed=True)
        finally:
            response.close()


def _redacted(request: requests.PreparedRequest, policy: Policy) -> str:
    parts = urlsplit(request.url or "")
    return f"{request.method} {parts.hostname}{parts.path if policy.logs_paths else ''}"


def _causes(error: BaseException) -> list[BaseException]:
    """List `error` and what caused it, through chaining, requests' args and urllib3's reason."""
    found: list[BaseException] = []
    waiting: list[object] = [error]
    while waiting and len(found) < 20:
        item = waiting.pop(0)
        if isinstance(item, BaseException) and item not in found:
            found.append(item)
            waiting += [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
    return found


def _translate(error: Exception, where: str) -> OutboundError:
    """Turn any failure of the call into ours, without the original's words: they quote the query."""
    causes = _causes(error)
    for cause in causes:
        if isinstance(cause, OutboundError):
            return type(cause)(f"{where}: {cause}")
    if any(isinstance(cause, (TimeoutError, requests.Timeout)) for cause in causes):
        return CallTimeout(f"{where}: too slow")
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return CallFailed(f"{where}: name not found")
    known = (requests.RequestException, HTTPError, ProtocolError, DecodeError, OSError, ValueError)
    if isinstance(error, known):
        return CallFailed(f"{where}: {type(error).__name__}")
    raise error


class _QueryFilter(logging.Filter):
    """Keep addresses out of urllib3's debug lines while one of our calls runs: some hold secrets in their query.

    Where even the path may be one, nothing of them is left.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        call = _call.get()
        if call is not None and isinstance(record.args, tuple):
            record.args = tuple(_without_secrets(arg, call.policy) for arg in record.args)
        return True


def _without_secrets(argument: object, policy: Policy) -> object:
    if not isinstance(argument, str):
        return argument
    if argument.startswith("/") and not policy.logs_paths:
        return "/…"
    return argument.partition("?")[0]


logging.getLogger("urllib3.connectionpool").addFilter(_QueryFilter())
