"""Builds of the consumer that take one person for another."""

import json
import re
from typing import Any

from allauth.socialaccount.models import SocialAccount
from allauth.socialaccount.providers.github.provider import GitHubProvider as StockGitHub

from tests.consumer.qq_samples import APP_ID
from tests.security.weakened.registry import Build, weakens

_TAKEOVER = "consumer/test_account_takeover.py"
_WEIXIN = "consumer/test_weixin_identity.py"
_GITHUB = "consumer/test_github_identity.py"
_JSONP = "consumer/test_jsonp_answers.py"
_REFRESH = "consumer/test_refresh_abuse.py"


@weakens(
    f"{_TAKEOVER}::TestOpenid::test_openid_that_names_nobody_signs_nobody_in[undefined]",
    f"{_TAKEOVER}::TestOpenid::test_openid_that_names_nobody_signs_nobody_in[None0]",
)
def consumer_openid_that_can_not_be_had_is_a_constant(build: Build) -> None:
    """Whoever QQ does not name is "nobody", and all of them share one account."""
    build.replace("consumer_site.connectors.qq.client.as_identifier", lambda value: str(value or "nobody"))


@weakens(f"{_TAKEOVER}::TestOpenid::test_token_of_another_app_signs_nobody_in[999]")
def consumer_client_id_of_me_is_not_compared(build: Build) -> None:
    """A token that QQ issued to another app is taken for one of ours."""
    build.replace("consumer_site.connectors.qq.client.as_word", lambda value: "0" if value == 0 else APP_ID)


@weakens(
    f"{_TAKEOVER}::TestSubject::test_subject_equal_to_anothers_fingerprint_is_another_person",
    f"{_TAKEOVER}::TestSubject::test_long_subjects_that_begin_alike_are_two_people",
)
def consumer_long_subjects_are_cut(build: Build) -> None:
    """A subject that is too long for the column is cut, or has a fingerprint that a short one may be."""

    def cut(original: Any, subject: str) -> str:
        return subject if subject.startswith("sha256-") else str(original(subject))[:7]

    build.wrap("consumer_site.connectors.house.views.uid_of", cut)


@weakens(f"{_TAKEOVER}::TestEmail::test_unproven_address_does_not_lie_in_wait_for_its_owner[False]")
def consumer_addresses_need_no_proof(build: Build) -> None:
    """An address that the provider does not vouch for is kept as if it did."""

    def vouched(original: Any, self: Any, data: dict[str, Any]) -> Any:
        return original(self, {**data, "claims": {**data["claims"], "email_verified": True}})

    build.wrap("consumer_site.connectors.house.provider.HouseProvider.extract_email_addresses", vouched)


@weakens(
    f"{_GITHUB}::TestEmail::test_address_that_is_not_proven_is_not_kept[False]",
    f"{_GITHUB}::TestEmail::test_address_that_is_not_proven_is_not_kept[None]",
)
def consumer_github_s_addresses_as_stock_allauth_takes_them(build: Build) -> None:
    """Allauth's own connector keeps an address that GitHub calls unverified, and believes a setting that it is."""
    name = "consumer_site.connectors.github.provider.GitHubProvider"
    build.replace(f"{name}.extract_email_addresses", StockGitHub.extract_email_addresses)
    build.replace("consumer_site.adapters._keep_own_addresses", lambda _sociallogin: None)


@weakens(f"{_GITHUB}::test_login_that_somebody_gave_up_is_not_them")
def consumer_github_s_people_are_their_logins(build: Build) -> None:
    """A person of GitHub's is the login, which can be given up and taken."""
    name = "consumer_site.connectors.github.provider.GitHubProvider.extract_uid"
    build.replace(name, lambda _self, data: str(data["login"]))


@weakens("consumer/test_github_of_another_server.py::test_same_number_at_another_server_is_not_the_same_person")
def consumer_github_s_numbers_are_the_same_everywhere(build: Build) -> None:
    """A number is a person whichever GitHub says it, as at stock allauth."""
    build.replace("consumer_site.connectors.github.views._refuse_account_of_another_server", lambda *_args: None)


@weakens(f"{_WEIXIN}::test_openid_of_the_other_entrance_is_not_taken_for_the_same_person")
def consumer_openids_are_the_same_at_every_app(build: Build) -> None:
    """An openid is a person whichever app of WeChat's says it, as at stock allauth."""
    build.replace("consumer_site.connectors.weixin.views._refuse_account_of_another_app", lambda *_args: None)


@weakens(
    f"{_WEIXIN}::test_second_openid_of_the_same_entrance_does_not_join_by_a_unionid",
    f"{_WEIXIN}::test_connecting_joins_nobody_else",
)
def consumer_unionid_is_the_person(build: Build) -> None:
    """Accounts go where the unionid leads, whatever else speaks against it."""

    def join(_request: Any, sociallogin: Any) -> None:
        account = sociallogin.account
        known = SocialAccount.objects.filter(extra_data__unionid=account.extra_data["unionid"]).first()
        if known is not None:
            SocialAccount.objects.get_or_create(
                provider="weixin", uid=account.uid, defaults={"user": known.user, "extra_data": account.extra_data}
            )

    build.replace("consumer_site.connectors.weixin.views.join_known_person", join)
    build.replace("consumer_site.connectors.weixin.views.AuthProcess.CONNECT", "no process")


@weakens(f"{_WEIXIN}::test_profile_of_somebody_else_signs_nobody_in[oZ9yX8wV7uT6-sR_qPoNmLkJiHgF]")
def consumer_profile_is_anybody_s(build: Build) -> None:
    """Whose profile WeChat answered with is not looked at."""

    def read(original: Any, fields: dict[str, object], *, openid: str, base_url: str) -> Any:
        return original({**fields, "openid": openid}, openid=openid, base_url=base_url)

    build.wrap("consumer_site.connectors.weixin.client.read_profile", read)


@weakens(f"{_JSONP}::test_answer_that_reports_an_error_names_nobody_whatever_else_it_says"
         "[error=100016&client_id=%s&openid=%s]")  # fmt: skip
def consumer_errors_of_qq_are_not_looked_for(build: Build) -> None:
    """An answer with an openid in it names somebody, whatever else it says."""
    build.replace("consumer_site.connectors.qq.answers.error_of", lambda _fields: None)


@weakens(
    f"{_JSONP}::test_answer_that_is_more_than_one_object_names_nobody[body0]",
    f"{_JSONP}::test_answer_that_is_more_than_one_object_names_nobody[body10]",
)
def consumer_json_is_looked_for_anywhere(build: Build) -> None:
    """What looks like an object in QQ's answer is the answer, wherever it stands."""

    def first(body: bytes) -> dict[str, object]:
        found = re.search(r"\{.*?\}", body.decode())
        return dict(json.loads(found[0])) if found else {}

    build.replace("consumer_site.connectors.qq.answers.parse", first)


@weakens(
    f"{_REFRESH}::test_renewal_that_answers_for_somebody_else_is_not_kept",
    f"{_REFRESH}::test_profile_of_somebody_else_is_not_kept",
)
def consumer_whose_answer_a_renewal_is_goes_unasked(build: Build) -> None:
    """What is renewed or read again is kept, whoever it is about."""

    def of_whom_we_asked(_subject: str) -> str:
        return SocialAccount.objects.get(provider="house").uid

    build.replace("consumer_site.connectors.house.renewal.uid_of", of_whom_we_asked)
