"""Every code that QQ documents has a line for the developer and a sentence for the person."""

import pytest
from django.utils.translation import override

from consumer_site.connectors.qq import codes
from consumer_site.connectors.qq.errors import NotReviewed, PermissionMissing
from consumer_site.errors import Fault, NotConfigured, SignInError

# wiki.connect.qq.com, common return codes of OAuth 2.0: 100000 to 100031; UnionID: 100048; get_user_info: the last.
# -2 to -9: common return codes of Tencent's open platforms.
OAUTH = [*(str(code) for code in range(100000, 100032)), "100048"]
DOCUMENTED = [*OAUTH, *(str(code) for code in range(-9, 0)), "-22", "-23", "1002", "13002"]


@pytest.mark.parametrize("code", DOCUMENTED)
def test_documented_code_is_explained_to_both(code: str) -> None:
    error = codes.refusal(code, step="token", quoted="text of QQ")
    assert isinstance(error, SignInError)
    assert error.code == f"qq_{code}"
    assert f"QQ error {code} at the token step: " in error.detail
    assert error.detail.endswith("; QQ says: text of QQ")
    assert "undocumented" not in error.detail
    with override("en"):
        for sentence in (error.public, error.advice):
            assert str(sentence) % {"provider": "QQ"}
            assert code not in str(sentence)
    assert 400 <= error.status < 600
    assert error.status != 500


@pytest.mark.parametrize("code", ["2021", "invalid_grant", "unreadable", "100099"])
def test_undocumented_code_has_a_sentence_too(code: str) -> None:
    error = codes.refusal(code, step="profile")
    assert "undocumented" in error.detail
    assert str(error.public) % {"provider": "QQ"}


def test_who_can_do_something_about_it_is_told_apart() -> None:
    assert isinstance(codes.refusal("100011", step="token"), NotReviewed)
    assert codes.refusal("100009", step="token").fault is Fault.SITE
    assert not NotConfigured.can_retry
    assert isinstance(codes.refusal("100030", step="profile"), PermissionMissing)
    assert codes.refusal("100030", step="profile").fault is Fault.PERSON
    assert codes.refusal("13002", step="profile").fault is Fault.PROVIDER
