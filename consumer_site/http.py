"""Make every outbound HTTP call: bounded in time and size, guarded against SSRF, logged without secrets.

`OutboundSession()` is a requests.Session. Its failures are `errors.OutboundError`s, which are RequestExceptions.
The address that was checked is the one connected to, so a name that changes its answer in between gains nothing.
"""

from __future__ import annotations

import json
import logging
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool, PoolManager
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import DecodeError, HTTPError, ProtocolError
from urllib3.util import create_urllib3_context

from consumer_site.conf import consumer_settings
from consumer_site.errors import (
    AnswerNotJSON,
    AnswerTooLarge,
    CallFailed,
    CallTimeout,
    DestinationRefused,
    OutboundError,
    RedirectRefused,
)

logger = logging.getLogger("consumer_site.http")

Address = IPv4Address | IPv6Address
Clock = Callable[[], float]

CHUNK = 16 * 1024
_GLOBAL_UNICAST = IPv6Network("2000::/3")
# Relays of 6to4 (RFC 7526), and what protocols reserved for themselves (RFC 6890): Python calls parts of it global.
_RESERVED = (IPv4Network("192.88.99.0/24"), IPv4Network("192.0.0.0/24"))
MAX_REDIRECTS = 3
USER_AGENT = "django-oauth-sites"


class _Call:
    """The time left of the call that this thread is making."""

    def __init__(self, *, clock: Clock, deadline: float, read: float) -> None:
        self.clock = clock
        self.read = read
        self.started = clock()
        self.deadline = deadline

    def remaining(self) -> float:
        left = self.deadline - self.clock()
        if left <= 0:
            raise TimeoutError("total time exceeded")
        return left


_call: ContextVar[_Call | None] = ContextVar("consumer_site_http_call", default=None)
# When the whole request ends, its redirects included.
_deadline: ContextVar[float | None] = ContextVar("consumer_site_http_deadline", default=None)


class _DeadlineReads:
    """Cut every read short at the call's deadline, so that a slow drip ends too."""

    def recv_into(self, *args: Any, **kwargs: Any) -> int:
        call = _call.get()
        if call is not None:
            self.settimeout(min(call.read, call.remaining()))  # type: ignore[attr-defined]  # the socket's
        return super().recv_into(*args, **kwargs)  # type: ignore[misc, no-any-return]  # a mixin


class _DeadlineSocket(_DeadlineReads, socket.socket):
    pass


class _DeadlineTLSSocket(_DeadlineReads, ssl.SSLSocket):
    pass


def is_loopback_host(host: str | None) -> bool:
    """Return whether `host` is literally this machine: localhost, 127.0.0.0/8 or ::1, unresolved."""
    if not host:
        return False
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def check_address(address: Address, *, encrypted: bool) -> None:
    """Raise DestinationRefused unless `address` may be called.

    Public addresses are called over TLS only. Loopback needs ALLOW_LOOPBACK_HTTP; private networks need to be listed
    in ALLOWED_NETWORKS. Everything else that is special (link-local, metadata, multicast, reserved) is refused.
    """
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    address = mapped or address
    if address.is_loopback:
        if not consumer_settings.ALLOW_LOOPBACK_HTTP:
            raise DestinationRefused('loopback address refused; CONSUMER_SITE["ALLOW_LOOPBACK_HTTP"] is off')
        return
    if not encrypted:
        raise DestinationRefused("plain http refused")
    if any(address in network for network in consumer_settings.ALLOWED_NETWORKS):
        return
    # is_global is False for private, link-local, shared and reserved ranges.
    if not address.is_global or address.is_multicast or not _is_direct(address):
        raise DestinationRefused(f"address {address} is not public")


def _is_direct(address: Address) -> bool:
    """Return whether `address` is itself the one reached: no tunnel or translator, which could smuggle another in.

    For IPv6 that is global unicast (RFC 4291 section 2.4) without 6to4 and Teredo; NAT64, ::a.b.c.d and the site-local
    range, which Python calls global, lie outside it.
    """
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _RESERVED)
    return address in _GLOBAL_UNICAST and not address.sixtofour and not address.teredo


def _connect(connection: HTTPConnection, *, encrypted: bool) -> socket.socket:
    """Resolve, check every address, and connect to a checked one."""
    call = _call.get()
    host, port = connection.host.strip("[]"), connection.port or (443 if encrypted else 80)
    infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    for info in infos:
        check_address(ip_address(info[4][0]), encrypted=encrypted)
    timeout = consumer_settings.HTTP_CONNECT_TIMEOUT
    last: OSError = OSError("name has no address")
    for family, kind, proto, _name, address in infos:
        sock = _DeadlineSocket(family, kind, proto)
        try:
            sock.settimeout(min(timeout, call.remaining()) if call else timeout)
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


class _GuardedAdapter(HTTPAdapter):
    """Send one request and read its whole answer within the bounds."""

    def __init__(self, *, clock: Clock) -> None:
        self.clock = clock
        super().__init__(max_retries=0)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:
        context = create_urllib3_context()
        context.sslsocket_class = _DeadlineTLSSocket
        super().init_poolmanager(*args, ssl_context=context, **kwargs)
        manager: PoolManager = self.poolmanager
        manager.pool_classes_by_scheme = {"http": _Pool, "https": _TLSPool}

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> requests.Response:
        """Return the answer, read to its end; raise OutboundError for whatever prevents that."""
        read = consumer_settings.HTTP_READ_TIMEOUT
        deadline = _deadline.get()
        if deadline is None:
            deadline = self.clock() + consumer_settings.HTTP_TOTAL_TIMEOUT
        call = _Call(clock=self.clock, deadline=deadline, read=read)
        token = _call.set(call)
        where = _redacted(request)
        outcome = "failed"
        try:
            kwargs |= {"stream": True, "timeout": (consumer_settings.HTTP_CONNECT_TIMEOUT, read)}
            response = super().send(request, **kwargs)
            self._read(response, consumer_settings.HTTP_MAX_BYTES)
            outcome = str(response.status_code)
        except Exception as error:  # noqa: BLE001 - whatever it is, its words quote the query; unknown kinds pass on
            refused = _translate(error, where)
            outcome = refused.code
            # The original names the full address with its query, so it is not chained.
            raise refused from None
        finally:
            _call.reset(token)
            logger.info("%s %s %.3fs", where, outcome, self.clock() - call.started)
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


def _redacted(request: requests.PreparedRequest) -> str:
    parts = urlsplit(request.url or "")
    return f"{request.method} {parts.hostname}{parts.path}"


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


class OutboundSession(requests.Session):
    """A requests.Session for calls to other sites.

    Takes no proxy, .netrc or CA bundle from the environment, keeps no cookies, and follows at most three redirects,
    within the same origin unless `cross_origin` is set. Every hop is guarded anew. `clock` is monotonic seconds.
    """

    def __init__(self, *, cross_origin: bool = False, clock: Clock = time.monotonic) -> None:
        super().__init__()
        self.cross_origin = cross_origin
        self.clock = clock
        self.trust_env = False
        self.max_redirects = MAX_REDIRECTS
        self.headers = CaseInsensitiveDict({"User-Agent": USER_AGENT, "Accept-Encoding": "identity", "Accept": "*/*"})
        self.verify = consumer_settings.HTTP_CA_BUNDLE or True
        self.adapters.clear()
        self.mount("https://", _GuardedAdapter(clock=clock))
        self.mount("http://", _GuardedAdapter(clock=clock))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; raise OutboundError for anything but an answer."""
        self.cookies.clear()
        token = _deadline.set(self.clock() + consumer_settings.HTTP_TOTAL_TIMEOUT)
        try:
            return super().request(method, url, *args, **kwargs)
        except OutboundError:
            raise
        except requests.TooManyRedirects:
            raise RedirectRefused("too many redirects") from None
        except (requests.exceptions.InvalidSchema, requests.exceptions.MissingSchema):
            raise DestinationRefused("only http and https addresses are called") from None
        except (requests.RequestException, ValueError) as error:
            raise CallFailed(f"request could not be sent: {type(error).__name__}") from None
        finally:
            _deadline.reset(token)

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Return where to go next; raise RedirectRefused when that is another origin and may not be."""
        target = super().get_redirect_target(resp)
        if target is None or self.cross_origin:
            return target
        absolute = requests.compat.urljoin(resp.url, target)
        if _origin(absolute) != _origin(resp.url):
            raise RedirectRefused(f"redirect from {urlsplit(resp.url).hostname} to another origin")
        return target


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"https": 443, "http": 80}.get(parts.scheme)


def json_object(response: requests.Response) -> Mapping[str, Any]:
    """Return the JSON object in an answer's body, whatever its content type says; raise AnswerNotJSON otherwise."""
    try:
        value = json.loads(response.content, parse_constant=_refuse_constant)
        json.dumps(value, ensure_ascii=False).encode()  # a lone surrogate can't be stored or shown
    except (ValueError, RecursionError):
        raise AnswerNotJSON("answer is not JSON") from None
    if not isinstance(value, dict):
        raise AnswerNotJSON("answer is JSON but not an object")
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


class _QueryFilter(logging.Filter):
    """Keep queries out of urllib3's debug lines while one of our calls runs: some providers put secrets there."""

    def filter(self, record: logging.LogRecord) -> bool:
        if _call.get() is not None and isinstance(record.args, tuple):
            record.args = tuple(arg.partition("?")[0] if isinstance(arg, str) else arg for arg in record.args)
        return True


logging.getLogger("urllib3.connectionpool").addFilter(_QueryFilter())
