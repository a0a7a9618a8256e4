"""Addresses: the protocol under DOT's namespace, which DOT reverses by name, and the pages for people under our own.

Include them at the root of the issuer's host: ``path("", include("provider_site.urls"))``.
"""

from django.urls import include, path

from provider_site.portal.developer.routes import developer_urls
from provider_site.portal.page_views import PageView
from provider_site.protocol import (
    authorize,
    device_authorization,
    device_verification,
    introspection,
    metadata,
    token,
    userinfo,
)
from provider_site.protocol.endpoints import machine_endpoint
from provider_site.protocol.logout.routes import logout_urls

protocol_urls = [
    path(
        ".well-known/openid-configuration",
        machine_endpoint(metadata.MetadataView.as_view()),
        name="oidc-connect-discovery-info",
    ),
    path(
        "<path:issuer_path>/.well-known/openid-configuration",
        machine_endpoint(metadata.MetadataView.as_view()),
        name="oidc-connect-discovery-info-issuer",
    ),
    path(
        ".well-known/oauth-authorization-server",
        machine_endpoint(metadata.MetadataView.as_view()),
        name="oauth-server-metadata",
    ),
    path(
        ".well-known/oauth-authorization-server/<path:issuer_path>",
        machine_endpoint(metadata.MetadataView.as_view()),
        name="oauth-server-metadata-issuer",
    ),
    path(".well-known/jwks.json", machine_endpoint(metadata.JwksView.as_view()), name="jwks-info"),
    path("o/authorize/", authorize.AuthorizeView.as_view(), name="authorize"),
    path("o/authorize/<slug:handle>/", authorize.ResumeView.as_view(), name="authorize-resume"),
    path("o/token/", machine_endpoint(token.TokenView.as_view()), name="token"),
    path("o/revoke_token/", machine_endpoint(token.RevokeView.as_view()), name="revoke-token"),
    path(
        "o/device_authorization/",
        machine_endpoint(device_authorization.BeginView.as_view()),
        name="device-authorization",
    ),
    path("o/device/", PageView("device.entry.EnterCodeView"), name="device"),
    path("o/device/<slug:handle>/continue/", device_verification.DeviceResumeView.as_view(), name="device-resume"),
    path("o/introspect/", machine_endpoint(introspection.IntrospectView.as_view()), name="introspect"),
    path("o/userinfo/", machine_endpoint(userinfo.UserInfoView.as_view()), name="user-info"),
    *logout_urls,
]

portal_urls = [
    path("o/consent/<slug:handle>/", PageView("consent.views.ConsentView"), name="consent"),
    path("o/consent/<slug:handle>/switch/", PageView("consent.views.SwitchAccountView"), name="consent-switch-account"),
    path("o/device/", PageView("device.entry.EnterCodeView"), name="device"),
    path("o/device/<slug:handle>/", PageView("device.confirm.ConfirmDeviceView"), name="device-confirm"),
    path("o/device/<slug:handle>/done/", PageView("device.outcome.DeviceOutcomeView"), name="device-outcome"),
    path("o/apps/", PageView("connected.listing.ConnectedAppsView"), name="connected-apps"),
    path("o/apps/<str:application_id>/", PageView("connected.one.ConnectedAppView"), name="connected-app"),
    path("o/apps/<str:application_id>/withdraw/", PageView("connected.actions.WithdrawView"), name="withdraw"),
    path(
        "o/apps/<str:application_id>/withdraw-scope/",
        PageView("connected.actions.WithdrawScopeView"),
        name="withdraw-scope",
    ),
    path(
        "o/apps/<str:application_id>/sign-out/", PageView("connected.actions.SignOutOfAppView"), name="sign-out-of-app"
    ),
    path(
        "o/apps/<str:application_id>/receipt/<int:consent_id>/",
        PageView("connected.actions.ReceiptView"),
        name="receipt",
    ),
    path("o/apps/<str:application_id>/profile/", PageView("app_profile.AppProfileView"), name="app-profile"),
    path("o/sessions/", PageView("sessions.views.SessionsView"), name="sessions"),
    path("o/sessions/end-others/", PageView("sessions.views.EndOthersView"), name="sessions-end-others"),
    path("o/sessions/<uuid:sid>/end/", PageView("sessions.views.EndView"), name="session-end"),
    path("o/profile/", PageView("profile.ProfileView"), name="profile"),
    path("o/profile/data/", PageView("personal_data.PersonalDataView"), name="personal-data"),
    path("o/avatar/<slug:key>.png", PageView("profile.AvatarView"), name="avatar"),
    *developer_urls,
]

urlpatterns = [
    path("", include((protocol_urls, "oauth2_provider"))),
    path("", include((portal_urls, "provider_site"))),
]
