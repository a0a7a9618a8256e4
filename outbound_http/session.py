"""A requests.Session for calls to other sites. Its failures are OutboundErrors, which are RequestExceptions."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.structures import CaseInsensitiveDict

from outbound_http.errors import CallFailed, DestinationRefused, OutboundError, RedirectRefused
from outbound_http.policy import Policy
from outbound_http.transport import Clock, GuardedAdapter, deadline


class GuardedSession(requests.Session):
    """Send requests by the rules that `policy` returns; it is asked anew for each hop.

    Takes no proxy, .netrc or CA bundle from the environment, keeps no cookies, and follows redirects within the same
    origin alone unless `cross_origin` is set. Every hop is guarded anew. `clock` is monotonic seconds.
    """

    def __init__(
        self, *, policy: Callable[[], Policy], cross_origin: bool = False, clock: Clock = time.monotonic
    ) -> None:
        super().__init__()
        rules = policy()
        self.policy = policy
        self.cross_origin = cross_origin
        self.clock = clock
        self.trust_env = False
        self.max_redirects = rules.max_redirects
        self.headers = CaseInsensitiveDict(
            {"User-Agent": rules.user_agent, "Accept-Encoding": "identity", "Accept": "*/*"}
        )
        self.verify = rules.ca_bundle or True
        self.adapters.clear()
        self.mount("https://", GuardedAdapter(policy=policy, clock=clock))
        self.mount("http://", GuardedAdapter(policy=policy, clock=clock))

    def request(self, method: str | bytes, url: str | bytes, *args: Any, **kwargs: Any) -> requests.Response:
        """Send a request; raise OutboundError for anything but an answer."""
        self.cookies.clear()
        token = deadline.set(self.clock() + self.policy().total_timeout)
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
            deadline.reset(token)

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
