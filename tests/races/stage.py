"""A fleet, the crowd in front of it, and an application with its person: what every kind of race begins with."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from typing import Any

from provider_site.crypto import code_challenge
from tests.factories import CALLBACK
from tests.races.crowd import Answer, Ask, Crowd
from tests.races.figures import Figures
from tests.races.switch import HEADER
from tests.scale.fleet import Fleet

# Whether each process of the fleet takes the short way of ordinary requests (FAST_LANE); in turn.
LANES = {"short": [True], "general": [False], "both at once": [True, False]}
# Seconds; longer than any round takes.
GRACE = 3600
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


class Stage:
    """What clients may ask of the fleet, and what they have to find."""

    def __init__(self, fleet: Fleet, crowd: Crowd, *, lane: str, grace: int = 0, kind: str = "person") -> None:
        self.fleet, self.crowd, self.console, self.lane = fleet, crowd, fleet.console, lane
        self.provider = fleet.sites.provider.partition("://")[2]
        self.consumer = fleet.sites.consumer.partition("://")[2]
        self.made = fleet.console(kind)
        self.who = {"client_id": self.made["client_id"], "username": self.made["username"]}
        self.verifier = secrets.token_urlsafe(32)
        self.challenge = code_challenge(self.verifier)
        fleet.console("allow", **self.who)
        lanes = LANES[lane]
        choices = [{"FAST_LANE": fast, "REFRESH_TOKEN_GRACE_SECONDS": grace} for fast in lanes]
        number = len(fleet.hosts)
        crowd.headers = [((HEADER, json.dumps(choices[at % len(lanes)])),) for at in range(number)]

    def figures(self, kind: str) -> Figures:
        """Begin to count."""
        return Figures(kind, self.lane, processes=len(self.fleet.hosts), clients=self.crowd.size)

    # --- What clients send -------------------------------------------------------------------------------------------

    def _posted(self, path: str, **form: Any) -> Ask:
        own = {"client_id": self.made["client_id"], "client_secret": self.made["secret"]}
        return Ask(self.provider, path, form | own)

    def redeem(self, code: str) -> Ask:
        """Exchange an authorization code."""
        form = {"code": code, "redirect_uri": CALLBACK, "code_verifier": self.verifier}
        return self._posted("/o/token/", grant_type="authorization_code", **form)

    def refresh(self, token: str) -> Ask:
        """Use a refresh token."""
        return self._posted("/o/token/", grant_type="refresh_token", refresh_token=token)

    def poll(self, device_code: str) -> Ask:
        """Ask for a device's tokens."""
        return self._posted("/o/token/", grant_type=DEVICE_GRANT, device_code=device_code)

    def introspect(self, token: str) -> Ask:
        """Ask whether a token works."""
        return self._posted("/o/introspect/", token=token)

    def userinfo(self, token: str) -> Ask:
        """Ask who a token is about."""
        return Ask(self.provider, "/o/userinfo/", headers=(("Authorization", f"Bearer {token}"),))

    # --- What they have ----------------------------------------------------------------------------------------------

    def codes(self, count: int) -> list[str]:
        """Return new codes."""
        made: list[str] = self.console("codes", challenge=self.challenge, count=count, **self.who)
        return made

    def stock(self, count: int) -> dict[str, dict[str, Any]]:
        """Return what new codes have bought, by the code."""
        codes = self.codes(count)
        answers = self.crowd.each([self.redeem(code) for code in codes])
        assert {answer.outcome for answer in answers} == {"200"}, {answer.outcome for answer in answers}
        return {code: answer.facts for code, answer in zip(codes, answers, strict=True)}

    # --- What they have to find --------------------------------------------------------------------------------------

    def alive(self, bought: Sequence[dict[str, Any]]) -> None:
        """Fail unless these tokens work."""
        for asks in ([self.userinfo(tokens["access_token"]) for tokens in bought],):
            found = {answer.outcome for answer in self.crowd.each(asks)}
            assert found <= {"200"}, found
        told = self.crowd.each([self.introspect(tokens["refresh_token"]) for tokens in bought])
        assert all(answer.facts["active"] for answer in told)

    def dead(self, bought: Sequence[dict[str, Any]]) -> None:
        """Fail unless nothing of these tokens works at any endpoint."""
        for name in ("access_token", "refresh_token"):
            told = self.crowd.each([self.introspect(tokens[name]) for tokens in bought])
            assert all(answer.facts == {"active": False} for answer in told), [answer.body for answer in told]
        found = {answer.outcome for answer in self.crowd.each([self.userinfo(one["access_token"]) for one in bought])}
        assert found <= {"401"} or all(name.startswith("401") for name in found), found
        found = {answer.outcome for answer in self.crowd.each([self.refresh(one["refresh_token"]) for one in bought])}
        assert found <= {"400 invalid_grant"}, found

    def settled(self) -> None:
        """Fail where a process has met something it did not expect, a deadlock for example."""
        for host in self.fleet.hosts:
            said = (host.directory / "server.log").read_text(encoding="utf-8", errors="replace")
            at = said.find("Traceback")
            assert at < 0, said[max(0, at - 500) : at + 3000]
            assert host.process.poll() is None


def at_most_one(answers: Sequence[Answer], *, refused: set[str]) -> list[dict[str, Any]]:
    """Return the tokens of the one who got some, if any; fail where more did, or another was not refused as it must."""
    won = [answer.facts for answer in answers if answer.status == 200]
    assert len(won) <= 1, f"{len(won)} sets of tokens"
    others = {answer.outcome for answer in answers if answer.status != 200}
    assert others <= refused, others
    return won


def batches(rounds: int, size: int = 50) -> Iterator[int]:
    """Yield how many rounds to prepare at a time."""
    for start in range(0, rounds, size):
        yield min(size, rounds - start)
