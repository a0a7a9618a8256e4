"""The table of situations and their named outcomes: read by a test, and written out as docs/consent-decisions.md."""

from dataclasses import dataclass, replace
from pathlib import Path

from provider_site.policy.consent import Closed, Outcome, PastConsent, Situation

DOCUMENT = Path(__file__).parents[3] / "docs" / "consent-decisions.md"


@dataclass(frozen=True)
class Row:
    """One situation in words and as data, and what comes of it."""

    words: str
    situation: Situation
    outcome: Outcome


def names(text: str) -> frozenset[str]:
    """Return scopes written with spaces."""
    return frozenset(text.split())


REMEMBERED = PastConsent(granted=names("openid nickname"), declined=names("email"))
# What most rows differ from in one thing: asked for what was allowed and declined before.
PLAIN = Situation(requested=names("openid nickname email"), required=names("openid"), past=REMEMBERED)
OWN = replace(PLAIN, first_party=True)
PAY = replace(PLAIN, requested=names("openid pay"), sensitive=names("pay"))
PAID = replace(PAY, past=replace(REMEMBERED, granted=names("openid pay")))


def past(situation: Situation = PLAIN, /, **changes: object) -> Situation:
    """Return the situation with something else remembered."""
    return replace(situation, past=replace(situation.past or PastConsent(), **changes))  # type: ignore[arg-type]  # any field


O = Outcome  # noqa: E741 - a column of a table
TABLE = [
    Row("everything asked for was allowed or declined before", PLAIN, O.GRANTED),
    Row("nothing is remembered", replace(PLAIN, past=None), O.FIRST_TIME),
    Row("the person took everything back", past(closed=Closed.WITHDRAWN), O.WITHDRAWN),
    Row("an administrator ended the consent", past(closed=Closed.ADMINISTRATOR), O.WITHDRAWN),
    Row("the consent's time is over", past(closed=Closed.ENDED), O.ENDED),
    Row("all that is missing had its own end", past(granted=names("openid"), ended=names("nickname")), O.ENDED),
    Row("the consent was closed because nothing used it", past(closed=Closed.UNUSED), O.UNUSED),
    Row("an administrator had allowed it, and no longer does", past(unasked=names("nickname")), O.NEVER_ASKED),
    Row("the application is another to the person now", past(facts_changed=True), O.FACTS_CHANGED),
    Row("the words of a scope mean something else now", past(old_wording=names("nickname")), O.WORDING_CHANGED),
    Row("other words of a scope that is not asked for", past(old_wording=names("avatar")), O.GRANTED),
    Row("a scope nobody has asked about", replace(PLAIN, requested=names("openid avatar")), O.NEW_SCOPE),
    Row(
        "a new scope, and one that has ended",
        past(replace(PLAIN, requested=names("nickname avatar")), granted=names("openid"), ended=names("nickname")),
        O.NEW_SCOPE,
    ),
    Row("a scope was allowed for one sign-in", past(once=names("nickname")), O.ONCE),
    Row(
        "a scope is allowed for this very sign-in",
        past(replace(PLAIN, decided_for_this_request=True), once=names("nickname")),
        O.GRANTED,
    ),
    Row("a declined scope has become required", replace(PLAIN, required=names("openid email")), O.REQUIRED_DECLINED),
    Row(
        "only declined scopes are asked for",
        replace(PLAIN, requested=names("email"), required=names("")),
        O.ALL_DECLINED,
    ),
    Row("`prompt=consent`", replace(PLAIN, prompt_consent=True), O.PROMPT),
    Row("`prompt=consent`, answered", replace(PLAIN, prompt_consent=True, decided_for_this_request=True), O.GRANTED),
    Row("a sensitive scope, allowed before", PAID, O.SENSITIVE),
    Row("a sensitive scope, declined before", past(PAY, declined=names("pay")), O.GRANTED),
    Row("a sensitive scope, allowed for this request", replace(PAID, decided_for_this_request=True), O.GRANTED),
    Row("`prompt=select_account`", replace(PLAIN, prompt_select_account=True), O.SELECT_ACCOUNT),
    Row("a public client on the person's own device", replace(PLAIN, client_unproven=True), O.CLIENT_UNPROVEN),
    Row(
        "the same, and the person has answered",
        replace(PLAIN, client_unproven=True, decided_for_this_request=True),
        O.GRANTED,
    ),
    Row(
        "both withdrawn and `prompt=consent`",
        past(replace(PLAIN, prompt_consent=True), closed=Closed.WITHDRAWN),
        O.WITHDRAWN,
    ),
    Row("first party; nothing is remembered", replace(OWN, past=None), O.NOT_ASKED),
    Row("first party; an administrator had allowed it before", past(OWN, unasked=names("nickname")), O.GRANTED),
    Row("first party; the person took everything back", past(OWN, closed=Closed.WITHDRAWN), O.WITHDRAWN),
    Row("first party; an administrator ended the consent", past(OWN, closed=Closed.ADMINISTRATOR), O.WITHDRAWN),
    Row("first party; the consent's time is over", past(OWN, closed=Closed.ENDED), O.NOT_ASKED),
    Row("first party; nothing used it", past(OWN, closed=Closed.UNUSED), O.NOT_ASKED),
    Row("first party; the application is another now", past(OWN, facts_changed=True), O.NOT_ASKED),
    Row("first party; other words", past(OWN, old_wording=names("nickname")), O.NOT_ASKED),
    Row("first party; a new scope", replace(OWN, requested=names("openid avatar")), O.NOT_ASKED),
    Row("first party; allowed for one sign-in", past(OWN, once=names("nickname")), O.NOT_ASKED),
    Row("first party; a required scope is declined", replace(OWN, required=names("openid email")), O.REQUIRED_DECLINED),
    Row(
        "first party; over, and a required scope was declined",
        past(replace(OWN, required=names("openid email")), closed=Closed.ENDED),
        O.ENDED,
    ),
    Row("first party; `prompt=consent`", replace(OWN, past=None, prompt_consent=True), O.FIRST_TIME),
    Row("first party; a sensitive scope", replace(PAY, first_party=True), O.NEW_SCOPE),
    Row("first party; a sensitive scope, allowed before", replace(PAID, first_party=True), O.SENSITIVE),
    Row("first party; `prompt=select_account`", replace(OWN, prompt_select_account=True), O.SELECT_ACCOUNT),
    Row("first party; on the person's own device", replace(OWN, client_unproven=True), O.CLIENT_UNPROVEN),
]


def rendered() -> str:
    """Return the table as the document people read."""
    lines = [
        "# When a person is asked",
        "",
        "What `policy/consent.py` decides about an authorization request, and the name of the reason. The order is",
        "that of the checks: of several reasons the first is named. This page is written from the test's table:",
        "`python -m tests.provider.policy.consent_table`.",
        "",
        "| situation | outcome | the person is |",
        "|---|---|---|",
    ]
    for row in TABLE:
        asked = "not asked" if row.outcome in {O.GRANTED, O.NOT_ASKED} else "asked"
        lines.append(f"| {row.words} | `{row.outcome}` | {asked} |")
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(rendered(), encoding="utf-8")
