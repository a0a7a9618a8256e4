"""Builds of the consumer that call whom they should not, wait for whom they should not, or keep what they get."""

from typing import Any

from tests.security.weakened.registry import Build, weakens

_OUTBOUND = "consumer/test_outbound_addresses.py"


@weakens(
    f"{_OUTBOUND}::test_listening_private_machine_hears_nothing[127.0.0.1:{{port}}]",
    f"{_OUTBOUND}::test_listening_private_machine_hears_nothing[2130706433:{{port}}]",
)
def consumer_any_machine_is_called(build: Build) -> None:
    """No address is too private to be called."""
    build.replace("outbound_http.transport.check_address", lambda *_args, **_named: None)


@weakens(f"{_OUTBOUND}::test_secret_of_a_request_does_not_follow_a_redirect[307-/userinfo]",
         "consumer/test_refresh_abuse.py::test_token_does_not_follow_a_redirect_elsewhere[307]")  # fmt: skip
def consumer_redirects_lead_anywhere(build: Build) -> None:
    """Redirects are followed to every origin, with the headers of the first request."""

    def crossing(original: Any, self: Any, **named: Any) -> None:
        original(self, **named | {"cross_origin": True})

    def keep(_self: Any, _prepared: Any, _response: Any) -> None: ...

    build.wrap("consumer_site.http.OutboundSession.__init__", crossing)
    build.replace("requests.Session.rebuild_auth", keep)

    def always(original: Any, self: Any, method: Any, url: Any, *args: Any, **named: Any) -> Any:
        return original(self, method, url, *args, **named | {"allow_redirects": True})

    build.wrap("outbound_http.session.GuardedSession.request", always)


@weakens(
    "consumer/test_avatar_in_private_networks.py::test_picture_elsewhere_in_the_network_is_not_asked_for"
    "[https://10.1.2.30/x.png]"
)
def consumer_pictures_may_be_anywhere(build: Build) -> None:
    """A picture is asked for wherever the site may call a provider."""
    build.replace("consumer_site.calendar.avatar._is_issuers_own", lambda *_args: True)
    build.replace("consumer_site.http.public_policy", _open_policy)
    build.replace("socket.socket.connect", _refused)


def _open_policy() -> Any:
    from consumer_site.http import policy

    return policy()


def _refused(_self: Any, _address: Any) -> None:
    # Nobody is there; that somebody was looked for is what the attack sees.
    raise ConnectionRefusedError


@weakens(
    "consumer/test_avatar_proxy.py::test_picture_that_is_also_a_script_is_a_picture_and_nothing_else[text/html-png]",
    "consumer/test_avatar_proxy.py::test_what_is_no_picture_is_not_kept[%PDF-1.7]",
)
def consumer_pictures_are_kept_as_they_come(build: Build) -> None:
    """The bytes of a picture are served again as they came."""
    build.replace("consumer_site.calendar.avatar.redrawn", lambda content: content)


@weakens("consumer/test_hanging_issuer.py::test_one_worker_waits_for_a_provider_that_failed_and_the_others_go_on")
def consumer_every_worker_waits(build: Build) -> None:
    """Each request asks the provider anew, however it hangs."""
    from consumer_site.openid.issuer import fetch_json

    build.replace("consumer_site.openid.issuer._fetch_sparingly", fetch_json)


@weakens("consumer/test_slow_hosts.py::test_redirects_share_one_total_time")
def consumer_every_redirect_has_its_own_time(build: Build) -> None:
    """Each hop may last as long as a whole call."""

    class NoDeadline:
        def set(self, _end: float) -> None: ...

        def reset(self, _token: None) -> None: ...

        def get(self) -> None: ...

    build.replace("outbound_http.session.deadline", NoDeadline())
    build.replace("outbound_http.transport.deadline", NoDeadline())
