"""Every list in the admin, of whichever app, is paged by key: none counts rows, none skips over any."""

import re
from typing import Any
from unittest import mock

import pytest
from allauth.account.models import EmailAddress
from allauth.socialaccount.models import SocialAccount
from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from oauth2_provider.models import get_application_model

from keyset_lists import KeysetAdmin
from keyset_lists.pages import page_of
from provider_site.models import Profile
from tests import factories
from tests.provider.admin.office import as_html, enter
from tests.provider.admin.office import page_of as address_of

MODELS = sorted(admin.site._registry, key=lambda model: model._meta.label)
UNBOUNDED = re.compile(r"\b(COUNT\(|OFFSET\b)")
User, Application = get_user_model(), get_application_model()


@pytest.fixture
def office(staff: Any) -> Client:
    return enter(staff)


def queries(office: Client, model: Any) -> list[dict[str, str]]:
    """Return what a list is asked: nothing, the last choice of each filter, an order of every column, a search."""
    columns = range(1, len(admin.site.get_model_admin(model).list_display) + 1)
    asked: list[dict[str, str]] = [{}, {"all": ""}, {"q": "a"}, {"o": ".".join(map(str, columns))}]
    shown = (office.get(address_of(model)).context or {}).get("cl")
    for spec in shown.filter_specs if shown else ():
        *_others, choice = spec.choices(shown)
        pairs = choice["query_string"].lstrip("?").split("&")
        asked.append(dict(pair.partition("=")[::2] for pair in pairs if pair))
    return asked


def unbounded(office: Client, model: Any, asked: dict[str, str]) -> list[str]:
    """Return the statements of a list that count or skip."""
    with CaptureQueriesContext(connection) as captured:
        answer = office.get(address_of(model), asked)
    assert answer.status_code in {200, 302}, (model, asked, answer.status_code)
    return [sql for query in captured.captured_queries if UNBOUNDED.search(sql := query["sql"] or "")]


@pytest.mark.parametrize("model", MODELS, ids=[model._meta.label for model in MODELS])
def test_no_list_counts_or_skips(office: Client, model: Any) -> None:
    assert isinstance(admin.site.get_model_admin(model), KeysetAdmin)
    assert {str(asked): found for asked in queries(office, model) if (found := unbounded(office, model, asked))} == {}


def test_stock_list_is_found(office: Client) -> None:
    with mock.patch.object(KeysetAdmin, "get_changelist", return_value=ChangeList):
        assert unbounded(office, Group, {})


class TestPages:
    """Through the links of the list of accounts, three to a page."""

    @pytest.fixture
    def pages(self, office: Client, monkeypatch: pytest.MonkeyPatch) -> Any:
        monkeypatch.setattr(type(admin.site.get_model_admin(User)), "list_per_page", 3)
        User.objects.bulk_create(User(username=f"person {number}") for number in range(7))

        def read(**query: str) -> Any:
            return office.get(address_of(User), query)

        return read

    @staticmethod
    def names(page: Any) -> list[str]:
        return [person.username for person in page.context["cl"].result_list]

    @staticmethod
    def link(page: Any, words: str) -> str | None:
        found = re.search(rf'<a[^>]* href="\?p=([^"&]*)"[^>]*>{words}</a>', as_html(page))
        return found[1] if found else None

    def test_every_row_is_on_one_page_and_the_way_back_is_the_same(self, pages: Any) -> None:
        everybody = list(User.objects.order_by("username").values_list("username", flat=True))
        page, forward = pages(), []
        assert self.link(page, "Previous") is None
        while True:
            forward.append(self.names(page))
            if (place := self.link(page, "Next")) is None:
                break
            page = pages(p=place)
        assert [name for names in forward for name in names] == everybody
        assert [len(names) for names in forward] == [3, 3, 2]
        assert "3+ users" in as_html(page)
        back = [self.names(page)]
        while (place := self.link(page, "Previous")) is not None:
            page = pages(p=place)
            back.append(self.names(page))
        assert back[::-1] == forward
        assert self.names(pages(p=self.link(pages(p=self.link(pages(), "Next")), "First page"))) == forward[0]

    def test_row_added_or_gone_meanwhile_moves_no_other(self, pages: Any) -> None:
        following = self.link(pages(), "Next")
        before = self.names(pages(p=following))
        User.objects.create(username="aaa")
        User.objects.filter(username="person 0").delete()
        assert self.names(pages(p=following)) == before

    @pytest.mark.parametrize(
        "place", ["2", "n", "nW10", "nWzFd", "nWyJcdTAwMDAiXQ", "n%%%", "x" * 300, "nWyJhIiwiYiJd"]
    )
    def test_place_that_is_none_leads_to_the_first_page(self, pages: Any, place: str) -> None:
        answer = pages(p=place)
        assert answer.status_code == 302
        assert answer["Location"].endswith("?e=1")


def test_order_of_several_columns_is_followed_both_ways(user: Any) -> None:
    """Two columns in opposite directions, the first of which has the same value in several rows."""
    people = [User.objects.create(username=f"p{number}") for number in range(9)]
    Profile.objects.filter(user__in=people).delete()
    Profile.objects.bulk_create(
        Profile(user=person, nickname=f"n{number // 3}") for number, person in enumerate(people)
    )
    rows = Profile.objects.filter(user__in=people).order_by("-nickname", "user_id")
    expected, place, found = list(rows), "", []
    for _page in range(5):
        page = page_of(rows, place, size=2)
        found += page.rows
        place = page.next
    assert not place
    assert found == expected
    assert page_of(rows, page.previous, size=2).rows == expected[6:8]


def test_list_of_one_page_has_no_links(office: Client) -> None:
    text = as_html(office.get(address_of(Group)))
    assert "p=" not in re.findall(r'<p class="paginator">.*?</p>', text, re.DOTALL)[0]


def test_way_back_to_the_whole_list_is_offered_where_it_was_narrowed(office: Client, user: Any) -> None:
    def offered(**query: str) -> bool:
        return "Show all" in as_html(office.get(address_of(User), query))

    assert not offered()
    assert offered(q=user.get_username())
    assert offered(is_staff__exact="1")


class TestSearches:
    """By an exact value or the beginning of one."""

    @staticmethod
    def found(office: Client, model: Any, words: str) -> list[Any]:
        return list(office.get(address_of(model), {"q": words}).context["cl"].result_list)

    @pytest.mark.parametrize("words", ["augusta", "Augusta@Example.com", "augu"])
    def test_account_and_what_belongs_to_it_are_found(self, office: Client, words: str) -> None:
        person = factories.make_user("augusta")
        factories.make_user("charles")
        address = EmailAddress.objects.create(user=person, email="augusta@example.com", verified=True, primary=True)
        account = SocialAccount.objects.create(user=person, provider="qq", uid="openid-1")
        assert self.found(office, User, words) == [person]
        assert self.found(office, EmailAddress, words) == [address]
        assert self.found(office, SocialAccount, words) == [account]

    def test_account_elsewhere_is_found_by_its_own_id(self, office: Client, user: Any) -> None:
        account = SocialAccount.objects.create(user=user, provider="qq", uid="openid-1")
        assert self.found(office, SocialAccount, "openid-1") == [account]
        assert self.found(office, SocialAccount, "openid") == []

    @pytest.mark.parametrize("words", ["Sunrise C", "sunrise c", "SUNRISE", "client-of-sun", "client"])
    def test_application_is_found_by_how_its_name_or_client_id_begins(self, office: Client, words: str) -> None:
        names = {"client": "SUNRISE CALENDAR"} if words == "SUNRISE" else {}
        made = factories.make_application(name=names.get("client", "Sunrise Calendar"), client_id="client-of-sun")
        assert self.found(office, Application, words) == [made.application]

    def test_whole_client_id_goes_before_names_that_begin_so(self, office: Client) -> None:
        made = factories.make_application(name="A", client_id="same")
        factories.make_application(name="same again", client_id="other")
        assert self.found(office, Application, "same") == [made.application]
        assert self.found(office, Application, "none of them") == []
