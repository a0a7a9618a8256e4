"""What a consent must come to, told a second time in the plainest way: the yardstick of test_consent_life.py.

It knows no table, no policy and no service of the site; moments are seconds of the test's own clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field

DAY = 86_400
ONCE_SECONDS = 3_600
ACCESS_SECONDS = 600
CODE_SECONDS = 60
IDLE_SECONDS = 30 * DAY
NEVER = float("inf")
SENSITIVE = frozenset({"pay"})
# How often each step of ConsentLife is taken, by its weight.
STEPS_OF_LIFE: list[tuple[str, int]] = [
    ("sign_in_wholly", 30),
    ("sign_in", 6),
    ("exchange", 4),
    ("refresh", 14),
    ("narrow", 8),
    ("withdraw", 2),
    ("sign_out_of_app", 3),
    ("time_passes", 18),
    ("suspend", 2),
    ("reinstate", 4),
    ("deactivate", 2),
    ("reactivate", 5),
    ("limit", 6),
    ("first_party", 5),
    ("rename", 3),
    ("night", 3),
]
# What the lives have to come by several times, to be worth their while.
REACHED = [
    *("ask", "silent", "code", "used code", "refused code", "used refresh", "refused refresh"),
    *("access token works", "access token narrower", "access token dead"),
]
CLAIMS = {"openid": {"sub"}, "nickname": {"nickname"}, "email": {"email", "email_verified"}}


@dataclass
class Term:
    """One scope: from when, until when, on whose word."""

    given: float
    end: float
    once: bool = False
    unasked: bool = False
    outdated: bool = False


@dataclass(eq=False)
class Family:
    """What one sign-in bought: the scopes, the consent it hangs on, and whether it has been ended."""

    scopes: frozenset[str]
    consent: int
    begun: float
    dead: bool = False


@dataclass(eq=False)
class Credential:
    """A code, an access token or a refresh token that was handed out."""

    kind: str
    text: str
    family: Family
    scopes: frozenset[str]
    made: float
    expires: float
    spent: bool = False
    partner: Credential | None = None


@dataclass
class Model:
    """One person and one application."""

    now: float = 0
    terms: dict[str, Term] = field(default_factory=dict)
    declined: set[str] = field(default_factory=set)
    consent: int = 0
    open: bool = False
    ever_withdrawn: bool = False
    renamed: bool = False
    first_party: bool = False
    limit_days: int | None = None
    suspended: bool = False
    active: bool = True
    void_until: float = -1
    credentials: list[Credential] = field(default_factory=list)

    # --- What holds -------------------------------------------------------------------------------------------------

    def end_of(self, term: Term) -> float:
        """Return when a scope ends by itself, now that the limit is what it is."""
        return term.end if self.limit_days is None else min(term.end, term.given + self.limit_days * DAY)

    def held(self) -> frozenset[str]:
        """Return the scopes the person allows at this moment."""
        if not self.open:
            return frozenset()
        return frozenset(
            name
            for name, term in self.terms.items()
            if self.now < self.end_of(term) and (self.first_party or not term.unasked)
        )

    def stands(self, family: Family) -> bool:
        """Tell whether anything of a family may work."""
        if self.suspended or not self.active or family.dead or family.begun <= self.void_until:
            return False
        return self.open and family.consent == self.consent and bool(family.scopes & self.held())

    def works(self, credential: Credential) -> bool:
        """Tell whether a credential may be used."""
        if credential.spent or self.now >= credential.expires or credential.made <= self.void_until:
            return False
        return self.stands(credential.family) and bool(credential.scopes & self.held())

    def claims(self, scopes: frozenset[str]) -> set[str]:
        """Return the claims that scopes may open at the most."""
        return set().union(*(CLAIMS.get(name, set()) for name in scopes))

    # --- Whether the person is asked --------------------------------------------------------------------------------

    def outdated(self, asked: frozenset[str]) -> bool:
        """Tell whether the application was another when something of the request was allowed."""
        return self.renamed or any(self.terms[name].outdated for name in asked & self.held())

    def asked_each_time(self, asked: frozenset[str], prompt: bool) -> bool:
        """Tell whether the request is one that is asked about whatever is remembered."""
        return prompt or bool((asked & SENSITIVE) - self.declined)

    def covers(self, asked: frozenset[str]) -> bool:
        """Tell whether what is remembered answers a request by itself."""
        held = self.held()
        if not held:
            return False
        return not (
            self.outdated(asked)
            or asked - held - self.declined
            or any(self.terms[name].once for name in asked & held)
            or any(term.unasked and not self.first_party for name, term in self.terms.items() if name in asked)
        )

    def expects(self, asked: frozenset[str], *, prompt: bool) -> str:
        """Return "ask", "silent" (first party), or "code"."""
        each_time = self.asked_each_time(asked, prompt)
        if self.covers(asked) and not each_time:
            return "code"
        own = self.first_party and not self.ever_withdrawn
        return "silent" if own and not each_time else "ask"

    # --- What happens -----------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        """Begin another consent where nothing of the last holds any more."""
        if self.open and (self.held() or not self.terms):
            return
        self.terms, self.consent, self.open, self.renamed = {}, self.consent + 1, True, False
        if not self.first_party:
            self.declined = set()

    def _forget_what_is_over(self) -> None:
        held = self.held()
        self.terms = {name: term for name, term in self.terms.items() if name in held}
        for term in self.terms.values():
            term.outdated = term.outdated or self.renamed
        self.renamed = False

    def settled(self, asked: frozenset[str], *, prompt: bool) -> frozenset[str]:
        """Return what a page does not ask about."""
        if prompt or self.outdated(asked):
            return frozenset()
        known = asked & self.held() - SENSITIVE
        return frozenset(name for name in known if not (self.terms[name].once or self.terms[name].unasked))

    def decide(self, asked: frozenset[str], ticked: frozenset[str], days: int | str | None, *, prompt: bool) -> None:
        """Take a person's "Allow"."""
        settled = self.settled(asked, prompt=prompt)
        granted = frozenset({"openid"}) | (ticked & asked)
        self._renew()
        self._forget_what_is_over()
        for name in asked - granted:
            self.terms.pop(name, None)
            self.declined.add(name)
        for name in granted:
            self.declined.discard(name)
            if name not in settled or name not in self.terms:
                self.terms[name] = Term(self.now, self.now + _seconds(days), once=days == "once")

    def decide_silently(self, asked: frozenset[str], longest: int | str | None) -> None:
        """Take an administrator's decision in the person's place."""
        self._renew()
        self._forget_what_is_over()
        end = self.now + _seconds(longest)
        for name in asked - self.declined:
            old = self.terms.get(name)
            if old is None:
                self.terms[name] = Term(self.now, end, unasked=True)
            elif old.once or old.outdated:
                self.terms[name] = Term(old.given, min(old.end, end), unasked=True)

    def withdraw(self) -> None:
        """Take everything back."""
        if self.open:
            self.open, self.ever_withdrawn = False, True

    def narrow(self, name: str) -> None:
        """Take one scope back."""
        if not self.open or name not in self.terms:
            return
        left = {other for other, term in self.terms.items() if other != name and self.now < self.end_of(term)}
        if name == "openid" or not left:
            self.withdraw()
            return
        del self.terms[name]
        self.declined.add(name)

    def end_all(self) -> None:
        """End every sign-in at the application."""
        if self.open:
            for credential in self.credentials:
                credential.family.dead = True

    def issue(self, kind: str, text: str, family: Family, scopes: frozenset[str], seconds: float) -> Credential:
        """Note what was handed out."""
        credential = Credential(kind, text, family, scopes, self.now, self.now + seconds)
        self.credentials.append(credential)
        return credential

    def first_end(self, scopes: frozenset[str]) -> float:
        """Return when the first of the scopes ends by itself."""
        return min((self.end_of(self.terms[name]) for name in scopes if name in self.terms), default=NEVER)


def _seconds(days: int | str | None) -> float:
    if days is None:
        return NEVER
    return ONCE_SECONDS if isinstance(days, str) else days * DAY
