"""Configure sign-in providers in the admin: by kind, in words, with the secret sealed and never shown."""

import re
from typing import Any

import pytest
from allauth.socialaccount.models import SocialApp
from django.contrib.admin.models import LogEntry
from django.contrib.auth.models import Permission
from django.test import Client

from consumer_site import social_apps
from consumer_site.adapters import SocialAccountAdapter
from consumer_site.models.sign_in_provider import SignInProvider
from tests import factories
from tests.provider.admin.office import as_html, enter, page_of

pytestmark = pytest.mark.django_db

LIST = page_of(SignInProvider)
ADD = page_of(SignInProvider, "add")
SECRET = "a-secret-for-one-provider-alone"
ISSUER = "https://id.example.com/"
HOUSE = {"name": "Club", "client_id": "calendar", "server_url": ISSUER, "new_secret": SECRET}


@pytest.fixture
def office(staff: Any) -> Client:
    """Return a superuser's browser."""
    return enter(staff)


def clerk(*codenames: str) -> Client:
    """Return the browser of a member of staff with these permissions alone."""
    person = factories.make_staff("clerk-" + "-".join(codenames))
    person.is_superuser = False
    person.save()
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return enter(person)


def add(office: Client, kind: str, **form: Any) -> SocialApp:
    """Add an entry by the form; return its row."""
    answer = office.post(f"{ADD}?kind={kind}", form)
    assert answer.status_code == 302, re.findall(
        r'class="errorlist[^>]*>(.*?)</ul>', answer.content.decode(), re.DOTALL
    )
    return SocialApp.objects.latest("pk")


def refusal(office: Client, kind: str, **form: Any) -> str:
    """Return the page on which an entry is refused."""
    before = SocialApp.objects.count()
    page = as_html(office.post(f"{ADD}?kind={kind}", form))
    assert SocialApp.objects.count() == before
    assert "errorlist" in page
    return page


def change_page(row: SocialApp) -> str:
    return page_of(SignInProvider, row.pk, "change")


def used_secret(row: SocialApp) -> str:
    """Return the secret that a sign-in would use."""
    (app,) = SocialAccountAdapter().list_apps(None, provider=row.provider, client_id=row.client_id)
    return str(app.secret)


def test_kind_is_chosen_first(office: Client) -> None:
    page = as_html(office.get(ADD))
    for kind in ("house", "qq", "weixin", "github"):
        assert f'href="?kind={kind}"' in page
    assert "OpenID provider" in page
    assert 'name="client_id"' not in page
    assert 'name="client_id"' not in as_html(office.get(f"{ADD}?kind=nonsense"))


@pytest.mark.parametrize(
    ("kind", "words", "fields"),
    [
        ("house", "Where do I find the Client ID?", {"server_url", "response_mode", "api_origins", "provider_id"}),
        ("qq", "connect.qq.com", {"hidden"}),
        ("weixin", "open.weixin.qq.com", {"inside", "hidden"}),
        ("github", "github.com/settings/developers", {"scope", "hidden"}),
    ],
)
def test_form_has_the_kind_s_fields_help_and_callback(office: Client, kind: str, words: str, fields: set[str]) -> None:
    page = as_html(office.get(f"{ADD}?kind={kind}"))
    shown = set(re.findall(r'name="([a-z_]+)"', page))
    every = {
        "server_url",
        "response_mode",
        "api_origins",
        "provider_id",
        "inside",
        "scope",
        "hidden",
        "settings",
        "secret",
    }
    assert fields <= shown
    assert not (every - fields - {"scope", "hidden"}) & shown - ({"scope"} if kind == "house" else set())
    assert words in page
    assert f"http://127.0.0.1:8000/accounts/{kind}/login/callback/" in page
    assert ("/accounts/house/jwks/" in page) == (kind == "house")
    assert ("/accounts/house/logout/backchannel/" in page) == (kind == "house")


def test_secret_is_sealed_used_and_never_shown(office: Client) -> None:
    row = add(office, "house", **HOUSE, scope="openid email", api_origins="https://api.example.com/")
    assert row.secret == ""
    assert SECRET not in str(row.settings)
    assert row.settings["server_url"] == ISSUER
    assert row.settings["scope"] == ["openid", "email"]
    assert row.settings["api_origins"] == ["https://api.example.com"]
    assert used_secret(row) == SECRET
    pages = [as_html(office.get(address)) for address in (LIST, change_page(row))]
    assert all(SECRET not in page and row.settings["sealed_secret"] not in page for page in pages)
    assert "sealed" in pages[0]
    entry = LogEntry.objects.latest("pk")
    assert entry.object_id == str(row.pk)
    assert SECRET not in entry.change_message + entry.object_repr


def test_empty_secret_keeps_the_stored_one_and_unknown_settings_stay(office: Client) -> None:
    row = add(office, "house", **HOUSE)
    SocialApp.objects.filter(pk=row.pk).update(settings={**row.settings, "somebody_else_s": {"a": [1]}})
    answer = office.post(change_page(row), HOUSE | {"new_secret": "", "name": "Club 2", "hidden": "on"})
    assert answer.status_code == 302, answer.content.decode()
    row.refresh_from_db()
    assert (row.name, row.settings["hidden"], row.settings["somebody_else_s"]) == ("Club 2", True, {"a": [1]})
    assert used_secret(row) == SECRET
    message = LogEntry.objects.latest("pk").get_change_message()
    assert "Name" in message
    assert "secret" not in message.lower()
    office.post(change_page(row), HOUSE | {"new_secret": "another-secret"})
    row.refresh_from_db()
    assert used_secret(row) == "another-secret"
    assert "hidden" not in row.settings
    assert "another-secret" not in LogEntry.objects.latest("pk").change_message
    office.post(change_page(row), HOUSE | {"new_secret": "", "forget_secret": "on"})
    row.refresh_from_db()
    assert used_secret(row) == ""
    assert "sealed_secret" not in row.settings


@pytest.mark.parametrize("change", [{"server_url": "https://evil.example"}, {"client_id": "other"}])
def test_stored_secret_goes_nowhere_else(office: Client, change: dict[str, str]) -> None:
    row = add(office, "house", **HOUSE)
    page = as_html(office.post(change_page(row), HOUSE | {"new_secret": ""} | change))
    assert "Enter the secret again" in page
    # Nor does it when the row is changed behind the admin's back.
    if "client_id" in change:
        SocialApp.objects.filter(pk=row.pk).update(**change)
    else:
        SocialApp.objects.filter(pk=row.pk).update(settings={**row.settings, **change})
    row.refresh_from_db()
    assert used_secret(row) == ""
    assert "can&#x27;t be opened" in as_html(office.get(LIST))


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"server_url": "http://id.example.com"}, "https://"),
        ({"server_url": "https://id.example.com/?x=1"}, "https://"),
        ({"server_url": ISSUER + ".well-known/openid-configuration"}, "Leave out"),
        ({"server_url": ""}, "required"),
        ({"client_id": "two\u3000words"}, "space"),
        ({"scope": 'openid "x"'}, "scope"),
        ({"api_origins": "https://api.example.com/path"}, "origin"),
        ({"provider_id": "Two Words"}, "lower-case"),
        ({"provider_id": "qq"}, "something else"),
        ({"provider_id": "login"}, "something else"),
    ],
)
def test_house_that_can_not_work_is_refused(office: Client, form: dict[str, str], words: str) -> None:
    assert words in refusal(office, "house", **(HOUSE | form))


def test_qq_needs_its_key(office: Client) -> None:
    assert "nobody can sign in" in refusal(office, "qq", name="QQ", client_id="101")
    assert "There is a space" in refusal(office, "qq", name="QQ", client_id="10 1", new_secret=SECRET)
    row = add(office, "qq", name="QQ", client_id="101", new_secret=SECRET)
    assert (row.provider, row.provider_id, row.secret, used_secret(row)) == ("qq", "", "", SECRET)


def test_weixin_inside_is_a_tick(office: Client) -> None:
    row = add(office, "weixin", name="微信", client_id="wx1", new_secret=SECRET, inside="on")
    assert row.settings["inside"] is True
    assert "inside WeChat" in as_html(office.get(LIST))


def test_second_openid_provider_needs_an_id_and_has_addresses_of_its_own(office: Client) -> None:
    add(office, "house", **HOUSE)
    assert "one of its own" in refusal(office, "house", **HOUSE)
    row = add(office, "house", **HOUSE, provider_id="my-club")
    page = as_html(office.get(change_page(row)))
    assert "http://127.0.0.1:8000/accounts/house/my-club/login/callback/" in page
    # It is part of what is registered at the provider.
    office.post(change_page(row), HOUSE | {"new_secret": "", "provider_id": "other"})
    row.refresh_from_db()
    assert row.provider_id == "my-club"


def test_secret_in_clear_works_and_is_sealed_on_save_or_by_the_action(office: Client) -> None:
    first = SocialApp.objects.create(provider="qq", name="QQ", client_id="101", secret=SECRET)
    second = SocialApp.objects.create(provider="github", name="GitHub", client_id="gh", secret=SECRET)
    assert used_secret(first) == used_secret(second) == SECRET
    page = as_html(office.get(LIST))
    assert "in clear" in page
    assert SECRET not in page
    office.post(change_page(first), {"name": "QQ", "client_id": "101", "new_secret": ""})
    office.post(LIST, {"action": "seal", "_selected_action": [second.pk]})
    for row in (first, second):
        row.refresh_from_db()
        assert row.secret == ""
        assert used_secret(row) == SECRET
    assert LogEntry.objects.filter(change_message="Sealed the secret.").count() == 1


def test_who_may_only_look_sees_no_form_no_test_and_no_secret() -> None:
    row = SocialApp.objects.create(
        provider="house", name="Club", client_id="c", secret=SECRET, settings={"server_url": ISSUER, "x": "unshown"}
    )
    office = clerk("view_signinprovider")
    page = as_html(office.get(change_page(row)))
    assert ISSUER in page
    assert all(word not in page for word in (SECRET, "unshown", 'name="client_id"', "Test this entry"))
    assert office.get(ADD).status_code == 403
    assert office.post(page_of(SignInProvider, row.pk, "test")).status_code == 403
    assert office.post(change_page(row), HOUSE).status_code == 403
    office.post(LIST, {"action": "seal", "_selected_action": [row.pk]})
    row.refresh_from_db()
    assert row.secret == SECRET


def test_nobody_else_sees_them() -> None:
    row = SocialApp.objects.create(provider="qq", name="QQ", client_id="101", secret=SECRET)
    office = clerk("view_sociallogin")
    for address in (LIST, change_page(row)):
        assert office.get(address).status_code == 403


def test_allauth_s_own_page_leads_to_ours_and_shows_nothing(office: Client) -> None:
    row = SocialApp.objects.create(provider="qq", name="QQ", client_id="101", secret=SECRET)
    theirs = f"/admin/socialaccount/socialapp/{row.pk}/change/"
    assert office.get(theirs)["Location"] == change_page(row)
    assert office.get("/admin/socialaccount/socialapp/")["Location"] == LIST
    assert "socialapp/" not in as_html(office.get("/admin/"))


def test_a_project_s_own_page_is_left_alone() -> None:
    from allauth.socialaccount.admin import SocialAppAdmin
    from django.contrib.admin import AdminSite

    from consumer_site.admin import providers

    class Own(SocialAppAdmin):  # type: ignore[misc]  # allauth is untyped
        pass

    site = AdminSite()
    providers.replace(site)
    assert not site.is_registered(SocialApp)
    site.register(SocialApp, Own)
    providers.replace(site)
    assert type(site.get_model_admin(SocialApp)) is Own
    site.unregister(SocialApp)
    site.register(SocialApp, SocialAppAdmin)
    providers.replace(site)
    # A project that unregisters it later must still be able to.
    site.unregister(SocialApp)


def test_emulator_s_app_has_a_badge(office: Client, settings: Any) -> None:
    settings.CONSUMER_SITE = {**settings.CONSUMER_SITE, "SANDBOX": {"QQ_APPS": {"100000001": {}}}}
    real = SocialApp.objects.create(provider="qq", name="QQ", client_id="101", secret=SECRET)
    row = SocialApp.objects.create(provider="qq", name="QQ", client_id="100000001", secret=SECRET)
    badge = '<span class="consumer-badge">emulator</span>'
    assert as_html(office.get(LIST)).count(badge) == 1
    assert badge in as_html(office.get(change_page(row)))
    assert badge not in as_html(office.get(change_page(real)))


def test_double_configuration_is_told_on_the_list_and_on_the_entry(office: Client, settings: Any) -> None:
    settings.CONSUMER_SITE = {
        **settings.CONSUMER_SITE,
        "HOUSE": {"server_url": ISSUER, "client_id": "from settings", "client_secret": SECRET},
    }
    row = add(office, "house", **HOUSE)
    other = add(office, "house", **HOUSE, provider_id="twin")
    page = as_html(office.get(LIST))
    assert "configured here and in the settings" in page
    assert "issuer of more than one entry" in page
    assert SECRET not in page
    assert "configured here and in the settings" in as_html(office.get(change_page(row)))
    assert "configured here and in the settings" not in as_html(office.get(change_page(other)))


def test_long_and_right_to_left_names_are_kept_apart(office: Client) -> None:
    row = SocialApp.objects.create(provider="qq", name="مرحبا <b>x</b>", client_id="1" * 190, secret=SECRET)
    page = as_html(office.get(LIST))
    assert "<bdi>مرحبا &lt;b&gt;x&lt;/b&gt;</bdi>" in page
    assert "<b>x</b>" not in as_html(office.get(change_page(row)))


def test_entry_whose_connector_is_gone_can_be_seen_and_deleted(office: Client) -> None:
    row = SocialApp.objects.create(provider="gone", name="Gone", client_id="g", settings=[1])
    assert "not installed" in as_html(office.get(LIST))
    assert "The connector of this entry is not installed" in as_html(office.get(change_page(row)))
    assert social_apps.settings_of(row) == {}
    office.post(page_of(SignInProvider, row.pk, "delete"), {"post": "yes"})
    assert not SocialApp.objects.exists()
