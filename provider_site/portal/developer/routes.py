"""Addresses of the developer pages, of invitations and of logos."""

from django.urls import URLPattern, path

from provider_site.portal.page_views import PageView

_LIST = "o/developer/"
_ONE = f"{_LIST}<str:application_id>/"

# The addresses without an application come first: "new" is no application's key.
developer_urls: list[URLPattern] = [
    path(_LIST, PageView("developer.applications.ApplicationsView"), name="developer-applications"),
    path(f"{_LIST}new/", PageView("developer.applications.CreateView"), name="developer-create"),
    path(f"{_LIST}check-uri/", PageView("developer.redirect_uris.CheckUriView"), name="developer-check-uri"),
    path(f"{_LIST}try/callback/", PageView("developer.try_it.TryCallbackView"), name="developer-try-callback"),
    path(_ONE, PageView("developer.overview.OverviewView"), name="developer-application"),
    path(f"{_ONE}edit/", PageView("developer.editing.EditView"), name="developer-edit"),
    path(f"{_ONE}submit/", PageView("developer.lifecycle.SubmitView"), name="developer-submit"),
    path(f"{_ONE}withdraw/", PageView("developer.lifecycle.WithdrawView"), name="developer-withdraw"),
    path(f"{_ONE}delete/", PageView("developer.lifecycle.DeleteView"), name="developer-delete"),
    path(f"{_ONE}events/test/", PageView("developer.events.SendTestEventView"), name="developer-event-test"),
    path(f"{_ONE}members/", PageView("developer.members.MembersView"), name="developer-members"),
    path(f"{_ONE}members/invite/", PageView("developer.members.InviteView"), name="developer-invite"),
    path(
        f"{_ONE}members/<int:member_id>/remove/",
        PageView("developer.members.RemoveMemberView"),
        name="developer-member-remove",
    ),
    path(f"{_ONE}secrets/", PageView("developer.secrets.SecretsView"), name="developer-secrets"),
    path(f"{_ONE}secrets/issue/", PageView("developer.secrets.IssueSecretView"), name="developer-secret-issue"),
    path(f"{_ONE}secrets/rotate/", PageView("developer.secrets.RotateSecretsView"), name="developer-secrets-rotate"),
    path(
        f"{_ONE}secrets/legacy/revoke/",
        PageView("developer.secrets.RevokeLegacySecretView"),
        name="developer-secret-revoke-legacy",
    ),
    path(
        f"{_ONE}secrets/<int:secret_id>/revoke/",
        PageView("developer.secrets.RevokeSecretView"),
        name="developer-secret-revoke",
    ),
    path(f"{_ONE}try/", PageView("developer.try_it.TryView"), name="developer-try"),
    path(f"{_ONE}tokens/", PageView("developer.tokens.TokensView"), name="developer-tokens"),
    path(f"{_ONE}settings/", PageView("developer.snippets.SnippetsView"), name="developer-settings"),
    path(f"{_ONE}usage/", PageView("developer.usage.UsageView"), name="developer-usage"),
    path("o/invitations/", PageView("developer.invitations.InvitationsView"), name="invitations"),
    path(
        "o/invitations/<int:member_id>/answer/",
        PageView("developer.invitations.InvitationAnswerView"),
        name="invitation-answer",
    ),
    path("o/logo/<slug:key>.png", PageView("developer.logos.LogoView"), name="logo"),
]
