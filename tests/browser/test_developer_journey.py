"""The whole life of an application in browsers: who builds it, who reviews it, and who signs in to it."""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from django.contrib.auth.models import Group

from provider_site.models import AuditEvent, Registration
from provider_site.services import roles
from tests import accessibility, factories
from tests.browser.excuses import DJANGOS
from tests.browser.test_admin_registration import client_credentials_error
from tests.browser.test_pages_accessible import AT_DESK, TRANSLATED
from tests.browser.test_provider_pages import CALLBACK_PATH, answer, authorize_url, sign_in
from tests.provider.driver import plant_signing_key
from tests.servers import LiveSites

pytestmark = pytest.mark.browser

NAME, NEW_NAME = "朝夕日历 <b>", "朝夕日历 2 <b>"
REASON = "It sends <script>spam</script> & lies. 请改正。"
NARROW = {"width": 320, "height": 640}


class Person:
    """Somebody in a browser of their own, whose every page is looked at, by the ``rules`` of axe that are named."""

    def __init__(self, name: str, visit: Any, sites: LiveSites, rules: Sequence[str], **fields: Any) -> None:
        self.user = factories.make_user(name, **fields)
        self.page, self.sites, self.rules = visit.page, sites, rules
        self.looked: set[int] = set()

    def arrive(self, address: str) -> None:
        """Sign in on the way to a page of the provider."""
        sign_in(self.page, self.sites, self.user, self.sites.provider + address)
        self.look()

    def open(self, address: str) -> None:
        self.page.goto(self.sites.provider + address)
        self.look()

    def follow(self, selector: str) -> None:
        """Follow a link, or send a form by its button, and look at what comes."""
        with self.page.expect_navigation():
            self.page.locator(selector).first.click()
        self.look()

    def look(self) -> None:
        """Fail where the page does not hold: under axe as it is now, and in its width on the narrowest screen."""
        excused: Mapping[str, str] = DJANGOS if "/admin/" in self.page.url else {}
        found = accessibility.findings(self.page, rules=self.rules, excused=excused, looked=self.looked)
        size = self.page.viewport_size
        self.page.set_viewport_size(NARROW)
        found += accessibility.overflow(self.page)
        self.page.set_viewport_size(size)
        assert not found, f"{self.page.url}\n" + "\n".join(found)

    def sees(self, selector: str, text: str) -> bool:
        return any(text in found for found in self.page.locator(selector).all_inner_texts())


class Life:
    """One application and the people around it, each step as they take it."""

    def __init__(self, sites: LiveSites, open_visit: Callable[..., Any], rules: Sequence[str]) -> None:
        self.sites = sites
        self.callback = f"{sites.consumer}{CALLBACK_PATH}"
        visit = open_visit()
        visit.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=sites.provider)
        self.developer = Person("dora", visit, sites, rules)
        self.tester, self.person = (Person(name, open_visit(), sites, rules) for name in ("tess", "sam"))
        self.reviewer = Person("rita", open_visit(), sites, rules, is_staff=True)
        self.reviewer.user.groups.set(Group.objects.filter(name__in=[roles.REVIEWERS, roles.OPERATORS]))

    def register(self) -> None:
        dora, page = self.developer, self.developer.page
        dora.arrive("/o/developer/")
        dora.follow("a[href='/o/developer/new/']")
        page.locator("#id_name").fill(NAME)
        page.locator("#id_description").fill("Shows your days.")
        page.locator("#id_homepage_url").fill("https://app.example.com/")
        page.locator("#id_privacy_policy_url").fill("https://app.example.com/privacy")
        page.locator("input[name=client_type][value=confidential]").check()
        page.locator("#id_redirect_uris").press_sequentially("http://app.example.com/callback")
        refused = page.locator("#id_redirect_uris_checks .refused")
        refused.wait_for()
        assert "http://app.example.com/callback" in refused.inner_text()
        assert len(refused.inner_text()) > 60, "the reason stands beside it"
        dora.look()
        page.locator("#id_redirect_uris").fill(self.callback)
        page.locator("#id_redirect_uris_checks .fine, #id_redirect_uris_checks .warned").wait_for()
        assert not refused.count()
        page.locator("input[name='wish:nickname'][value=optional]").check()
        page.locator("[name='why:nickname']").fill("To greet you.")
        dora.follow(".dev-save button")
        self.application = Registration.objects.get().application
        self.home = f"/o/developer/{self.application.pk}/"

    def keep_the_secret(self) -> None:
        page = self.developer.page
        self.secret = page.locator("#client-secret").inner_text()
        assert self.secret.startswith("oscs_")
        page.locator("button[data-copy=client-secret]").click()
        page.wait_for_function(
            "text => navigator.clipboard.readText().then(copied => copied === text)", arg=self.secret
        )
        page.reload()
        assert self.secret not in page.content()
        assert Registration.objects.count() == 1, "sent again, the form registers nothing again"
        self.developer.look()
        assert self.works(self.secret)

    def works(self, secret: str) -> bool:
        return client_credentials_error(self.sites, self.application.client_id, secret) == "unauthorized_client"

    def invite(self) -> None:
        dora, tess = self.developer, self.tester
        dora.open(self.home)
        dora.follow(f".tabs a[href='{self.home}members/']")
        dora.page.locator("#id_identifier").fill("tess")
        dora.follow("#invite button[type=submit]")
        assert dora.sees("[aria-labelledby=people-open] .row-name", "tess")
        tess.arrive("/o/invitations/")
        tess.follow("button[name=answer][value=accept]")
        tess.open(authorize_url(self.sites, self.application, scope="openid nickname")[len(self.sites.provider) :])
        assert tess.page.locator(".review-missing").is_visible()
        tess.page.locator("#allow").click()
        assert "code" in answer(tess.page)

    def try_it(self) -> None:
        dora = self.developer
        dora.follow(f".tabs a[href='{self.home}try/']")
        dora.follow("main form:not([action]) button[type=submit]")
        dora.follow(".try-buttons .button-primary")
        assert "/o/consent/" in dora.page.url
        dora.page.locator("#scope-nickname").check()
        dora.follow("#allow")
        assert "/o/developer/try/callback/" in dora.page.url
        assert dora.page.locator(".try-steps > li").count() == 4
        assert not dora.page.locator(".try-problem").count()
        for tab in ("settings", "usage"):
            dora.follow(f".tabs a[href='{self.home}{tab}/']")

    def submit(self) -> None:
        dora = self.developer
        dora.open(self.home)
        dora.page.locator("#id_note").fill("Please be quick.")
        dora.follow("form[action$='/submit/'] button")
        assert dora.page.locator(".badge-submitted").count()

    def find_in_queue(self) -> None:
        self.reviewer.open("/admin/provider_site/review/")
        self.reviewer.follow("#result_list a[href*='/admin/provider_site/review/']")

    def approve(self) -> None:
        rita = self.reviewer
        rita.arrive("/admin/")
        self.find_in_queue()
        assert rita.sees(".provider-quote", "Please be quick.")
        assert rita.sees(".provider-differences", self.callback)
        rita.page.locator("#id_reason").fill("Fine.")
        rita.follow("button[name=decision][value=approve]")
        self.developer.open(self.home)
        assert self.developer.page.locator(".badge-approved").count()

    def sign_in(self, *, is_first: bool) -> None:
        """Let the person through; the consent page is shown the first time."""
        sam = self.person
        request = authorize_url(self.sites, self.application, scope="openid nickname")
        if is_first:
            sam.arrive(request[len(self.sites.provider) :])
        else:
            sam.page.goto(request)
        if "/o/consent/" in sam.page.url:
            assert sam.sees("h1", NAME)
            sam.look()
            sam.page.locator("#allow").click()
        assert "code" in answer(sam.page)

    def ask_for_a_change(self) -> None:
        dora, page = self.developer, self.developer.page
        dora.follow(f".tabs a[href='{self.home}edit/']")
        page.locator("#id_name").fill(NEW_NAME)
        page.locator("#id_redirect_uris").fill(f"{self.callback}\nhttps://new.example.com/callback")
        dora.follow(".dev-save button.button-primary")
        assert dora.sees(".dev-changes", NEW_NAME)
        assert dora.sees(".dev-facts", NAME)
        self.application.refresh_from_db()
        assert self.application.name == NAME, "until it is decided nothing changes"

    def reject(self) -> None:
        rita, row = self.reviewer, ".provider-differences .provider-changed"
        self.find_in_queue()
        assert rita.sees(f"{row} td:nth-of-type(1)", NAME)
        assert rita.sees(f"{row} td:nth-of-type(2)", NEW_NAME)
        assert rita.sees(".provider-differences .provider-added td:nth-of-type(2)", "https://new.example.com/callback")
        rita.page.locator("#id_reason").fill(REASON)
        rita.follow("button[name=decision][value=reject]")
        self.developer.open(self.home)
        assert self.developer.sees(".dev-history .dev-reason", REASON)
        assert not self.developer.page.locator(".dev-changes").count()

    def rotate(self) -> None:
        dora = self.developer
        dora.follow(f".tabs a[href='{self.home}secrets/']")
        dora.page.locator("#rotate-overlap").select_option("3600")
        dora.follow("#rotate button[type=submit]")
        new = dora.page.locator("#secret-text").inner_text()
        assert new != self.secret
        assert (self.works(self.secret), self.works(new)) == (True, True), "both, for an hour"
        dora.follow(f".secret-actions a[href='{self.home}secrets/']")
        assert dora.page.locator(".badge-soon").count() == 1
        dora.page.locator(".row:has(.badge-soon) summary").click()
        dora.look()
        dora.follow(".row:has(.badge-soon) form button")
        assert (self.works(self.secret), self.works(new)) == (False, True)

    def step(self, name: str) -> None:
        """Let the operator suspend or reinstate it, from its page in the admin."""
        rita = self.reviewer
        rita.open(f"/admin/oauth2_provider/application/{self.application.pk}/change/")
        rita.follow(f".provider-steps a[href*='/step/{name}/']")
        rita.page.locator("#id_reason").fill(REASON)
        rita.follow(".submit-row button")

    def suspended(self) -> None:
        sam, request = self.person, authorize_url(self.sites, self.application, scope="openid nickname")
        sam.open(request[len(self.sites.provider) :])
        assert sam.sees(".reason", REASON)
        sam.open("/o/apps/")
        assert sam.sees(".app-card .reason", REASON)
        assert not self.works(self.secret)
        self.developer.open(self.home)
        assert self.developer.sees(".dev-reason", REASON)

    def delete(self) -> None:
        dora = self.developer
        dora.open(self.home)
        dora.follow(f".dev-delete a[href='{self.home}delete/']")
        dora.page.locator("#id_name").fill(NAME)
        dora.follow("main form button.button-danger")
        assert not dora.page.locator(".dev-card").count()
        self.person.open("/o/apps/")
        assert not self.person.page.locator(".app-card").count()


@pytest.mark.parametrize(
    ("options", "rules"),
    [
        pytest.param({"locale": "en-US", "viewport": {"width": 1280, "height": 900}}, [], id="English desk"),
        pytest.param(
            {
                "locale": "zh-CN",
                "viewport": {"width": 360, "height": 740},
                "has_touch": True,
                "color_scheme": "dark",
            },
            # All that its language, its width and its colours can spoil; the structure is that of the desk.
            [*TRANSLATED, *AT_DESK],
            id="Chinese phone at night",
        ),
    ],
)
def test_application_lives(
    live_sites: LiveSites, settings: Any, new_visit: Callable[..., Any], options: dict[str, Any], rules: list[str]
) -> None:
    settings.PROVIDER_SITE = settings.PROVIDER_SITE | {"WHO_MAY_REGISTER": "verified"}
    plant_signing_key()
    life = Life(live_sites, lambda: new_visit(**options), rules)
    life.register()
    life.keep_the_secret()
    life.invite()
    life.try_it()
    life.submit()
    life.approve()
    life.sign_in(is_first=True)
    life.ask_for_a_change()
    life.reject()
    life.rotate()
    life.step("suspend")
    life.suspended()
    life.step("reinstate")
    life.sign_in(is_first=False)
    life.delete()
    trail = AuditEvent.objects.filter(client_id=life.application.client_id)
    assert re.fullmatch(r"application\.deleted", trail.latest("pk").action)
