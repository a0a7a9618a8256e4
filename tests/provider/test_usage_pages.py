"""The charts, their table and their file, for owners and for those who run the site."""

import csv
import io
import re
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from provider_site.admin.usage import application_usage
from provider_site.models import DailyCount, Registration
from provider_site.services import usage
from tests import factories
from tests.provider.driver import ISSUER_HOST, Driver

Kind = DailyCount.Kind
SITE_PAGE = "/admin/provider_site/dailycount/"


def owner_page(application: Any, query: str = "") -> str:
    return f"/o/developer/{application.pk}/usage/{query}"


def fill(application: Any, days: Iterable[int], *, number: int = 7) -> None:
    """Write `number` of each kind on the days that are so many days ago."""
    DailyCount.objects.bulk_create(
        DailyCount(application=application, day=usage.today() - timedelta(days=ago), kind=kind, count=number)
        for ago in days
        for kind in Kind
    )


def browser_of(person: Any) -> Client:
    """Return the browser of somebody who has just signed in, to whom the admin is open too."""
    client = Client(headers={"host": ISSUER_HOST})
    sign_in = client.post("/accounts/login/", {"login": person.username, "password": factories.PASSWORD})
    assert sign_in.status_code == 302, sign_in.status_code
    return client


def make_member_of_staff(*codenames: str) -> Any:
    person = factories.make_user(is_staff=True)
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    person.user_permissions.set(Permission.objects.filter(codename__in=codenames))
    return person


@pytest.fixture
def owner(application: Any) -> Any:
    person = application.registration.owner
    person.emailaddress_set.create(email=person.email, verified=True, primary=True)
    return person


@pytest.fixture
def admin_browser(db: None) -> Client:
    return browser_of(make_member_of_staff("view_dailycount"))


def cells(html: str) -> list[str]:
    """Return the numbers of the table of counts, row by row."""
    _before, table = html.split('id="usage-caption"')
    return re.findall(r"<td>(.*?)</td>", table.split("</table>")[0])


def test_owner_sees_the_numbers_of_a_flow_at_once(application: Any, owner: Any, driver: Driver) -> None:
    driver.tokens()
    html = browser_of(owner).get(owner_page(driver.application)).content.decode()
    today = cells(html)[: len(Kind)]
    assert dict(zip(Kind.values, today, strict=True)) == {
        "sign_in": "1",
        "consent_given": "1",
        "consent_partly": "0",
        "consent_refused": "0",
        "token": "1",
        "error": "0",
    }


def test_table_says_in_words_what_the_hidden_drawings_show(application: Any, owner: Any) -> None:
    fill(application, [0, 29], number=1_234_567)
    html = browser_of(owner).get(owner_page(application)).content.decode()
    assert html.count("<svg") == html.count('class="usage-plot" dir="ltr" aria-hidden="true"') == len(Kind)
    assert "<caption" in html
    assert html.count('scope="row"') == 30 + 1
    assert html.count('scope="col"') == 1 + len(Kind)
    assert all(label in html for label in map(str, Kind.labels))
    assert cells(html)[: len(Kind)] == ["1,234,567"] * len(Kind)
    assert cells(html)[-len(Kind) :] == ["2,469,134"] * len(Kind)


def test_drawing_needs_nothing_the_content_security_policy_refuses(application: Any, owner: Any) -> None:
    fill(application, [0])
    answer = browser_of(owner).get(owner_page(application))
    html = answer.content.decode()
    assert "default-src 'self'" in answer["Content-Security-Policy"]
    assert not re.search(r"\sstyle=|<style|\son\w+=", html)
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", html)
    bars = re.findall(r'class="usage-bar" x="([^"]*)" y="([^"]*)" width="([^"]*)" height="([^"]*)"', html)
    assert len(bars) == 30 * len(Kind)
    assert all(number.isdecimal() for bar in bars for number in bar)


def test_numbers_in_the_drawing_stay_plain_where_pages_group_digits(
    application: Any, owner: Any, settings: Any
) -> None:
    settings.USE_THOUSAND_SEPARATOR = True
    fill(application, [0])
    html = browser_of(owner).get(owner_page(application, "?days=364")).content.decode()
    assert 'viewBox="0 0 520 1000"' in html
    assert not re.search(r'(?:x|y|width|height)="\d+,\d', html)


def test_application_without_any_use_says_so(application: Any, owner: Any) -> None:
    html = browser_of(owner).get(owner_page(application)).content.decode()
    assert "Nothing happened in this time." in html
    assert "<svg" not in html


@pytest.mark.parametrize(("days", "shown"), [("7", 7), ("30", 30), ("90", 90), ("364", 52), ("365000", 30), ("x", 30)])
def test_period_is_one_of_those_offered(application: Any, owner: Any, days: str, shown: int) -> None:
    fill(application, [0])
    html = browser_of(owner).get(owner_page(application, f"?days={days}")).content.decode()
    assert html.count('scope="row"') == shown + 1
    current = re.findall(r'days=(\d+)" aria-current="true">', html)
    assert current == [days if days in {"7", "30", "90", "364"} else "30"]


def test_weeks_add_up(application: Any, owner: Any) -> None:
    fill(application, range(364), number=2)
    html = browser_of(owner).get(owner_page(application, "?days=364")).content.decode()
    assert set(cells(html)[: 52 * len(Kind)]) == {"14"}
    assert set(cells(html)[-len(Kind) :]) == {"728"}


def test_file_has_every_day_of_the_period(application: Any, owner: Any) -> None:
    fill(application, [0, 100])
    answer = browser_of(owner).get(owner_page(application, "?days=364&format=csv"))
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    assert answer["Content-Disposition"].startswith("attachment;")
    header, *rows = csv.reader(io.StringIO(answer.content.decode()))
    assert header == ["day", *Kind.values]
    assert len(rows) == 364
    assert rows[-1] == [usage.today().isoformat(), *["7"] * len(Kind)]
    assert rows[-101][1:] == ["7"] * len(Kind)
    assert rows[-2][1:] == ["0"] * len(Kind)


@pytest.mark.parametrize("query", ["", "?format=csv"])
def test_application_of_somebody_else_is_not_found(application: Any, user: Any, query: str) -> None:
    user.emailaddress_set.create(email=user.email, verified=True, primary=True)
    assert browser_of(user).get(owner_page(application, query)).status_code == 404
    assert Client(headers={"host": ISSUER_HOST}).get(owner_page(application, query)).status_code == 302


def test_numbers_of_applications_are_kept_apart(application: Any, owner: Any) -> None:
    other = factories.make_application(owner=owner).application
    fill(other, [0])
    fill(None, [0])
    assert "<svg" not in browser_of(owner).get(owner_page(application)).content.decode()


def test_site_page_shows_the_site_and_each_application(application: Any, admin_browser: Client) -> None:
    fill(None, [0], number=11)
    fill(application, [0], number=4)
    site = admin_browser.get(SITE_PAGE).content.decode()
    one = admin_browser.get(f"{SITE_PAGE}?application={application.pk}&days=7").content.decode()
    assert set(cells(site)[: len(Kind)]) == {"11"}
    assert set(cells(one)[: len(Kind)]) == {"4"}
    assert f'href="{SITE_PAGE}?application={application.pk}&amp;days=90"' in one
    assert "/change/" not in one  # no way to a page that would be refused
    listed = admin_browser.get("/admin/provider_site/").content.decode()
    assert SITE_PAGE in listed
    lines = admin_browser.get(f"{SITE_PAGE}?application={application.pk}&days=7&format=csv").content.decode()
    assert lines.splitlines()[-1].endswith(",4,4,4,4,4,4")


@pytest.mark.parametrize("query", ["", "?format=csv", "?application=1"])
def test_site_page_without_the_permission_is_refused(application: Any, query: str) -> None:
    browser = browser_of(make_member_of_staff("view_auditevent"))
    assert browser.get(f"{SITE_PAGE}{query}").status_code == 403


@pytest.mark.parametrize("key", ["999999", "x", "", "9" * 40])
def test_usage_of_an_application_that_is_not_there_is_not_found(admin_browser: Client, key: str) -> None:
    assert admin_browser.get(f"{SITE_PAGE}?application={key}").status_code == 404


def test_usage_of_an_application_that_is_being_deleted_is_not_found(admin_browser: Client, application: Any) -> None:
    Registration.objects.filter(application=application).update(deleted_at=timezone.now())
    assert admin_browser.get(f"{SITE_PAGE}?application={application.pk}").status_code == 404


def test_counts_are_nobody_s_to_change(application: Any, staff: Any) -> None:
    staff.emailaddress_set.create(email=staff.email, verified=True, primary=True)
    browser = browser_of(staff)
    fill(None, [0])
    row = DailyCount.objects.first()
    assert browser.get(f"{SITE_PAGE}add/").status_code == 403
    assert browser.post(f"{SITE_PAGE}{row.pk}/delete/", {"post": "yes"}).status_code == 403
    assert browser.post(f"{SITE_PAGE}{row.pk}/change/", {"count": "1"}).status_code == 403
    assert browser.post(SITE_PAGE, {"action": "delete_selected", "_selected_action": [row.pk], "post": "yes"})
    assert DailyCount.objects.get(pk=row.pk).count == 7


def test_pages_read_a_bounded_number_of_rows_by_one_query(application: Any, owner: Any, admin_browser: Client) -> None:
    def queries(browser: Client, path: str) -> list[str]:
        with CaptureQueriesContext(connection) as captured:
            assert browser.get(path).status_code == 200
        return [query["sql"] for query in captured]

    pages = [(browser_of(owner), owner_page(application, "?days=90")), (admin_browser, f"{SITE_PAGE}?days=90")]
    before = [len(queries(*page)) for page in pages]
    fill(application, range(400))
    fill(None, range(400))
    for page, number in zip(pages, before, strict=True):
        found = queries(*page)
        assert len(found) == number
        assert sum(DailyCount._meta.db_table in sql for sql in found) == 1


def test_part_of_the_application_s_page_is_empty_without_the_permission(application: Any) -> None:
    request = RequestFactory().get("/")
    request.user = make_member_of_staff("view_application")
    assert application_usage(request, application, site_name="admin") == {}
    request.user = make_member_of_staff("view_dailycount")
    context = application_usage(request, application, site_name="admin")["usage"]
    assert context["file_url"] == f"{SITE_PAGE}?application={application.pk}&days=30&format=csv"
