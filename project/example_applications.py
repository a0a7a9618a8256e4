"""Applications of the demonstration's developer, one in each state of its life.

Each is made once, through the services that the pages use. One that is there is left as it is, whatever became of it.
Only where the provider is served: this module imports it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import transaction
from django.urls import reverse

from project.avatars import draw_logo
from provider_site.models import Consent, Member
from provider_site.policy import consent as policy
from provider_site.policy import grants
from provider_site.policy.durations import Duration
from provider_site.policy.facts import ScopeRequest
from provider_site.services import (
    applications,
    authorization_requests,
    consents,
    facts,
    logos,
    members,
    reviews,
    roles,
    secrets,
)

GROUPS = {"reviewer": roles.REVIEWERS, "operator": roles.OPERATORS, "auditor": roles.AUDITORS}
SIGNS_IN = {"openid": ScopeRequest(required=True)}


@dataclass(frozen=True)
class Example:
    """An application to register, and ``live``, which takes it from draft to where it is shown."""

    client_id: str
    name: str
    live: Callable[[Any], None]
    description: str = ""
    scopes: Mapping[str, ScopeRequest] = field(default_factory=lambda: SIGNS_IN)
    client_type: str = "confidential"
    logo: Mapping[str, str] = field(default_factory=dict)
    is_complete: bool = True
    owner: str = "developer"
    subject_type: str = "public"
    grant: str = grants.AUTHORIZATION_CODE
    id_token_alg: str = "RS256"
    access_token_format: str = "opaque"

    @property
    def home(self) -> str:
        """The site of its own that it claims to have, under a name that nobody can own (RFC 2606)."""
        return f"https://{self.client_id}.example"


def join_group(user: Any) -> None:
    """Put a new member of the staff into the group of the role that the account is named for."""
    user.groups.add(*Group.objects.filter(name=GROUPS[user.get_username()]))


def seed_applications(examples: Iterable[Example], known: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Make the applications that are missing; return what demo.json holds of each. ``known`` is it by client ID."""
    return [_seed(example, known.get(example.client_id, {})) for example in examples]


@transaction.atomic
def _seed(example: Example, known: Mapping[str, Any]) -> dict[str, Any]:
    application = applications.application_model().objects.filter(client_id=example.client_id).first()
    secret = known.get("client_secret")
    if application is None:
        registered = _register(example)
        application, secret = registered.application, registered.client_secret
        if example.logo:
            logo = logos.store(application=application, upload=draw_logo(**example.logo))
            asked = replace(facts.read(application=application), logo=logo.key)
            reviews.change(application=application, actor=person(example.owner), asked=asked)
        example.live(application)
        application.registration.refresh_from_db()
    elif application.client_type == "confidential" and not secret:
        secret = secrets.issue_secret(application=application, name="demo", tell_owners=False)
    return _told(application, secret)


def _register(example: Example) -> applications.RegisteredApplication:
    # Not services.developers, which the site's own settings may close or bound; the rest is what it does.
    return applications.register_application(
        name=example.name,
        owner=person(example.owner),
        client_id=example.client_id,
        client_type=example.client_type,
        authorization_grant_type=example.grant,
        redirect_uris=[f"{example.home}/callback"] if grants.needs_redirect_uri(example.grant) else [],
        scopes={name: scope.required for name, scope in example.scopes.items()},
        justifications={name: scope.justification for name, scope in example.scopes.items()},
        description=example.description,
        subject_type=example.subject_type,
        id_token_alg=example.id_token_alg,
        access_token_format=example.access_token_format,
        homepage_url=f"{example.home}/",
        privacy_policy_url=f"{example.home}/privacy" if example.is_complete else "",
        terms_url=f"{example.home}/terms" if example.is_complete else "",
    )


def _told(application: Any, secret: str | None) -> dict[str, Any]:
    registration = application.registration
    page = reverse("provider_site:developer-application", args=[application.pk], urlconf="project.urls_provider")
    return {
        "name": application.name,
        "client_id": application.client_id,
        "client_secret": secret,
        "redirect_uris": application.redirect_uris.split(),
        "public": application.client_type == "public",
        "owner": registration.owner.get_username() if registration.owner is not None else "",
        "status": registration.status,
        "status_reason": registration.status_reason,
        "change_waits": registration.status == "approved" and reviews.waiting(application=application) is not None,
        "testers": list(_testers(application)),
        "developer_url": f"{settings.PROVIDER_URL}{page}",
    }


def _testers(application: Any) -> Iterator[str]:
    for row in members.listed(application=application):
        if row.role == Member.Role.TESTER and row.accepted_at is not None and row.user is not None:
            yield row.user.get_username()


def person(username: str) -> Any:
    """Return one of the demonstration's people."""
    return get_user_model()._default_manager.get(username=username)


# --- Their lives --------------------------------------------------------------------------------------------------


def _is_drafted(application: Any) -> None:
    """Stay a draft that lacks what a reviewer needs, with an invitation that alice has not answered."""
    members.invite(application=application, identifier="alice", role="tester", actor=person("developer"))


def _is_submitted(application: Any) -> None:
    """Wait for review, tried meanwhile by xiaoming."""
    developer, tester = person("developer"), person("xiaoming")
    member = members.invite(application=application, identifier="xiaoming", role="tester", actor=developer)
    if member.user_id is not None:
        members.accept(member_id=member.pk, user=tester)
    reviews.submit(application=application, actor=developer, note="首次申请上架。Our first submission.")


def is_approved(application: Any) -> None:
    """Be in use."""
    reviews.submit(application=application, actor=application.registration.owner)
    reviews.approve(application=application, actor=person("reviewer"))


def _is_changed(application: Any) -> None:
    """Be approved, and then ask for more."""
    developer = person("developer")
    is_approved(application)
    approved = facts.read(application=application)
    mail = ScopeRequest(justification="每天早上把预报发到邮箱。To mail the forecast every morning.")
    asked = replace(
        approved,
        description="今天要带伞吗？每天早上告诉你 · Every morning: do you need an umbrella today?",
        redirect_uris=(*approved.redirect_uris, "https://app.morning-weather.example/signed-in"),
        scopes={**approved.scopes, "email": mail},
    )
    note = "新增网页版和邮件预报。A web version, and forecasts by e-mail."
    reviews.change(application=application, actor=developer, asked=asked, note=note)


def _is_suspended(application: Any) -> None:
    """Be approved, allowed by alice, and switched off."""
    is_approved(application)
    allow(application, person("alice"), requested=facts.read(application=application).scopes, duration=365)
    reason = "未经同意向用户发送广告邮件。It sent its users advertising that they had not asked for."
    reviews.suspend(application=application, actor=person("operator"), reason=reason)


def allow(
    application: Any,
    user: Any,
    *,
    requested: Iterable[str],
    duration: Duration,
    declined: frozenset[str] = frozenset(),
    settled: frozenset[str] = frozenset(),
) -> Consent:
    """Say yes as on the consent page, less what is declined; ``settled`` is what the page knew before."""
    handle = authorization_requests.keep(application=application, user=user, parameters={})
    waiting = authorization_requests.find(handle=handle, user=user)
    asked = frozenset(requested)
    required = applications.required_scopes(application=application)
    consent = consents.allow(
        authorization_request=waiting,
        user=user,
        requested=asked,
        required=required,
        ticked=policy.choices(requested=asked, required=required) - declined,
        duration=duration,
        offered=[duration],
        settled=settled,
    )
    authorization_requests.mark_answered(authorization_request=waiting)
    return consent


EXAMPLES = [
    Example(
        client_id="recipe-box",
        name="家常菜谱 Recipe Box",
        client_type="public",
        is_complete=False,
        live=_is_drafted,
    ),
    Example(
        client_id="reading-notes",
        name="读书笔记 Reading Notes",
        description="记下读过的每一页 · Notes on every page you read",
        scopes={
            **SIGNS_IN,
            "nickname": ScopeRequest(True, "显示在你的笔记上。Shown on your notes."),
            "avatar": ScopeRequest(justification="显示在昵称旁边。Shown beside the nickname."),
        },
        logo={"background": "#6b4f9e", "figure": "book"},
        live=_is_submitted,
    ),
    Example(
        client_id="morning-weather",
        name="晨间天气 Morning Weather",
        description="今天要带伞吗？· Do you need an umbrella today?",
        scopes={**SIGNS_IN, "nickname": ScopeRequest(justification="用来问候你。To greet you.")},
        logo={"background": "#1f78b4", "figure": "sun"},
        live=_is_changed,
    ),
    Example(
        client_id="lucky-draw",
        name="天天抽奖 Lucky Draw",
        description="每天一次好运 · A little luck every day",
        scopes={**SIGNS_IN, "email": ScopeRequest(justification="通知中奖结果。To tell you what you won.")},
        live=_is_suspended,
    ),
]
