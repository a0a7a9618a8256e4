"""Run python-social-auth's backends as they are: a library of others that knew the real services."""

import re
import warnings
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

import requests

with warnings.catch_warnings():
    # python3-openid, which social-core imports, still asks for a module that defusedxml has deprecated.
    warnings.simplefilter("ignore", DeprecationWarning)
    from social_core.backends.oauth import BaseOAuth2
    from social_core.storage import BaseStorage, NonceMixin
    from social_core.strategy import BaseStrategy


class MemoryNonce(NonceMixin):
    """Keep the library's one-use values in memory."""

    unused: ClassVar[set[tuple[str, int, str]]] = set()

    @classmethod
    def use(cls, server_url: str, timestamp: int, salt: str) -> bool:
        cls.unused.add((server_url, timestamp, salt))
        return True

    @classmethod
    def consume(cls, server_url: str, timestamp: int, salt: str) -> bool:
        known = (server_url, timestamp, salt) in cls.unused
        cls.unused.discard((server_url, timestamp, salt))
        return known


class MemoryStorage(BaseStorage):
    """Replace the only table that signing in needs before it knows the person."""

    nonce = MemoryNonce


class MemoryStrategy(BaseStrategy):
    """Keep the library's session and request in memory, and end its pipeline at the person's uid and details."""

    def __init__(self, backend: str, key: str, secret: str, **settings: Any) -> None:
        super().__init__(storage=MemoryStorage)
        prefix = f"SOCIAL_AUTH_{backend.upper()}_"
        self.settings = {"KEY": key, "SECRET": secret} | settings
        self.settings = {prefix + name: value for name, value in self.settings.items()}
        self.session: dict[str, Any] = {}
        self.query: dict[str, str] = {}

    def redirect(self, url: str) -> str:
        return url

    def get_setting(self, name: str) -> Any:
        return self.settings[name]

    def get_pipeline(self, backend: Any = None) -> Any:
        return ("social_core.pipeline.social_auth.social_details", "social_core.pipeline.social_auth.social_uid", SEEN)

    def request_data(self, merge: bool = True) -> Any:
        return self.query

    def session_get(self, name: str, default: Any = None) -> Any:
        return self.session.get(name, default)

    def session_set(self, name: str, value: Any) -> None:
        self.session[name] = value

    def session_pop(self, name: str) -> Any:
        return self.session.pop(name, None)

    def build_absolute_uri(self, path: str | None = None) -> str:
        return path or ""


SEEN = "tests.consumer.sandbox.social.remember"


def remember(strategy: MemoryStrategy, uid: str, details: dict[str, Any], response: Any, **kwargs: Any) -> Any:
    """End the library's pipeline."""
    strategy.session["seen"] = {"uid": uid, "details": details, "response": response}
    return {"user": None}


def moved(backend: type[BaseOAuth2[Any]], hosts: dict[str, str]) -> type[BaseOAuth2[Any]]:
    """Return the library's backend with the service's hosts replaced, and nothing else."""

    def elsewhere(address: str) -> str:
        for real, ours in hosts.items():
            address = address.replace(real, ours)
        return address

    class MovedBackend(backend):  # type: ignore[misc, valid-type]  # chosen by the test
        AUTHORIZATION_URL = elsewhere(backend.AUTHORIZATION_URL)

        def request(self, url: str, *args: Any, **kwargs: Any) -> Any:
            return super().request(elsewhere(url), *args, **kwargs)

    return MovedBackend


def choose(address: str, person: str, decision: str = "allow", agent: str = "tests") -> str:
    """Answer the authorization page as a browser without JavaScript does, and return where it leads."""
    with requests.Session() as browser:
        browser.headers["User-Agent"] = agent
        # A browser keeps what follows # to itself.
        page = browser.get(address.partition("#")[0], timeout=10)
        (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text)
        form = {"csrfmiddlewaretoken": token, "person": person, "decision": decision}
        return browser.post(page.url, form, allow_redirects=False, timeout=10).headers["Location"]


def sign_in(
    backend: type[BaseOAuth2[Any]],
    strategy: MemoryStrategy,
    callback: str,
    person: str,
    decision: str = "allow",
    agent: str = "tests",
) -> dict[str, Any]:
    """Walk the whole sign-in and return what the library learnt: uid, details and response."""
    client = backend(strategy, redirect_uri=callback)
    there = choose(client.start(), person, decision, agent)
    strategy.query = {name: values[0] for name, values in parse_qs(urlsplit(there).query).items()}
    client.data = strategy.query
    client.auth_complete()
    seen: dict[str, Any] = strategy.session["seen"]
    return seen
