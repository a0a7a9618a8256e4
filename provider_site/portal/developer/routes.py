"""Addresses of the developer pages, of invitations and of logos."""

from django.urls import URLPattern, path

from provider_site.portal.developer import (
    applications,
    editing,
    events,
    invitations,
    lifecycle,
    logos,
    members,
    overview,
    redirect_uris,
    secrets,
    snippets,
    tokens,
    try_it,
    usage,
)

_LIST = "o/developer/"
_ONE = f"{_LIST}<str:application_id>/"

# The addresses without an application come first: "new" is no application's key.
developer_urls: list[URLPattern] = [
    path(_LIST, applications.ApplicationsView.as_view(), name="developer-applications"),
    path(f"{_LIST}new/", applications.CreateView.as_view(), name="developer-create"),
    path(f"{_LIST}check-uri/", redirect_uris.CheckUriView.as_view(), name="developer-check-uri"),
    path(f"{_LIST}try/callback/", try_it.TryCallbackView.as_view(), name="developer-try-callback"),
    path(_ONE, overview.OverviewView.as_view(), name="developer-application"),
    path(f"{_ONE}edit/", editing.EditView.as_view(), name="developer-edit"),
    path(f"{_ONE}submit/", lifecycle.SubmitView.as_view(), name="developer-submit"),
    path(f"{_ONE}withdraw/", lifecycle.WithdrawView.as_view(), name="developer-withdraw"),
    path(f"{_ONE}delete/", lifecycle.DeleteView.as_view(), name="developer-delete"),
    path(f"{_ONE}events/test/", events.SendTestEventView.as_view(), name="developer-event-test"),
    path(f"{_ONE}members/", members.MembersView.as_view(), name="developer-members"),
    path(f"{_ONE}members/invite/", members.InviteView.as_view(), name="developer-invite"),
    path(f"{_ONE}members/<int:member_id>/remove/", members.RemoveMemberView.as_view(), name="developer-member-remove"),
    path(f"{_ONE}secrets/", secrets.SecretsView.as_view(), name="developer-secrets"),
    path(f"{_ONE}secrets/issue/", secrets.IssueSecretView.as_view(), name="developer-secret-issue"),
    path(f"{_ONE}secrets/rotate/", secrets.RotateSecretsView.as_view(), name="developer-secrets-rotate"),
    path(
        f"{_ONE}secrets/legacy/revoke/",
        secrets.RevokeLegacySecretView.as_view(),
        name="developer-secret-revoke-legacy",
    ),
    path(f"{_ONE}secrets/<int:secret_id>/revoke/", secrets.RevokeSecretView.as_view(), name="developer-secret-revoke"),
    path(f"{_ONE}try/", try_it.TryView.as_view(), name="developer-try"),
    path(f"{_ONE}tokens/", tokens.TokensView.as_view(), name="developer-tokens"),
    path(f"{_ONE}settings/", snippets.SnippetsView.as_view(), name="developer-settings"),
    path(f"{_ONE}usage/", usage.UsageView.as_view(), name="developer-usage"),
    path("o/invitations/", invitations.InvitationsView.as_view(), name="invitations"),
    path("o/invitations/<int:member_id>/answer/", invitations.InvitationAnswerView.as_view(), name="invitation-answer"),
    path("o/logo/<slug:key>.png", logos.LogoView.as_view(), name="logo"),
]
