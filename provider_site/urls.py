"""Addresses: the protocol under DOT's namespace, which DOT reverses by name, and the pages for people under our own.

Include them at the root of the issuer's host: ``path("", include("provider_site.urls"))``.
"""

from django.urls import include, path

from provider_site.portal import app_profile, personal_data, profile
from provider_site.portal.connected import actions, listing, one
from provider_site.portal.consent.views import ConsentView, SwitchAccountView
from provider_site.portal.developer.routes import developer_urls
from provider_site.portal.device.confirm import ConfirmDeviceView
from provider_site.portal.device.entry import EnterCodeView
from provider_site.portal.device.outcome import DeviceOutcomeView
from provider_site.portal.sessions import views as session_pages
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
    path("o/device/", EnterCodeView.as_view(), name="device"),
    path("o/device/<slug:handle>/continue/", device_verification.DeviceResumeView.as_view(), name="device-resume"),
    path("o/introspect/", machine_endpoint(introspection.IntrospectView.as_view()), name="introspect"),
    path("o/userinfo/", machine_endpoint(userinfo.UserInfoView.as_view()), name="user-info"),
    *logout_urls,
]

portal_urls = [
    path("o/consent/<slug:handle>/", ConsentView.as_view(), name="consent"),
    path("o/consent/<slug:handle>/switch/", SwitchAccountView.as_view(), name="consent-switch-account"),
    path("o/device/", EnterCodeView.as_view(), name="device"),
    path("o/device/<slug:handle>/", ConfirmDeviceView.as_view(), name="device-confirm"),
    path("o/device/<slug:handle>/done/", DeviceOutcomeView.as_view(), name="device-outcome"),
    path("o/apps/", listing.ConnectedAppsView.as_view(), name="connected-apps"),
    path("o/apps/<str:application_id>/", one.ConnectedAppView.as_view(), name="connected-app"),
    path("o/apps/<str:application_id>/withdraw/", actions.WithdrawView.as_view(), name="withdraw"),
    path("o/apps/<str:application_id>/withdraw-scope/", actions.WithdrawScopeView.as_view(), name="withdraw-scope"),
    path("o/apps/<str:application_id>/sign-out/", actions.SignOutOfAppView.as_view(), name="sign-out-of-app"),
    path("o/apps/<str:application_id>/receipt/<int:consent_id>/", actions.ReceiptView.as_view(), name="receipt"),
    path("o/apps/<str:application_id>/profile/", app_profile.AppProfileView.as_view(), name="app-profile"),
    path("o/sessions/", session_pages.SessionsView.as_view(), name="sessions"),
    path("o/sessions/end-others/", session_pages.EndOthersView.as_view(), name="sessions-end-others"),
    path("o/sessions/<uuid:sid>/end/", session_pages.EndView.as_view(), name="session-end"),
    path("o/profile/", profile.ProfileView.as_view(), name="profile"),
    path("o/profile/data/", personal_data.PersonalDataView.as_view(), name="personal-data"),
    path("o/avatar/<slug:key>.png", profile.AvatarView.as_view(), name="avatar"),
    *developer_urls,
]

urlpatterns = [
    path("", include((protocol_urls, "oauth2_provider"))),
    path("", include((portal_urls, "provider_site"))),
]
