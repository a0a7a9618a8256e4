"""What QQ, WeChat and GitHub answer: JSONP, JSON and forms, step by step of a sign-in."""

import json
import re
from typing import Any
from unittest import mock

from consumer_site.connectors.github import client as github
from consumer_site.connectors.github.provider import GitHubProvider
from consumer_site.connectors.github.views import granted_scope
from consumer_site.connectors.qq import client as qq
from consumer_site.connectors.weixin import client as weixin
from consumer_site.errors import SignInError
from consumer_site.profile_fields import one_line
from consumer_site.provider_calls import expiry_of, refresh_token_of
from tests.fuzz.target import Target, pure, refused

_STATUSES = (200, 400, 403, 404, 500)
_IDENTIFIER = re.compile(r"[0-9A-Za-z_-]{8,128}\Z")


def _answering(module: Any, data: bytes) -> Any:
    """Have every call of a connector answered by the input: its first byte chooses the status."""
    status = _STATUSES[((data[:1] or b"0")[0] - ord("0")) % len(_STATUSES)]
    return mock.patch.object(module, "fetch", return_value=(status, data[1:]))


def _check_tokens(answer: dict[str, Any] | None) -> None:
    if answer is None:
        return
    token = answer["access_token"]
    assert 0 < len(token) <= 1024
    assert token.isascii()
    assert token.isprintable()
    assert " " not in token
    assert refresh_token_of(answer).isascii()
    expiry_of(answer)


def _said(data: bytes, text: str) -> bool:
    """Tell whether an answer says so, in one spelling or another."""
    return "\\" in data.decode("latin-1") or "%" in data.decode("latin-1") or text.encode() in data


def qq_answer(data: bytes) -> None:
    """Sign in by QQ with the same answer at each step."""
    client = qq.QQClient(None, "101", "secret", "GET", "https://graph.qq.com/oauth2.0/token", "https://here/cb")
    with _answering(qq, data):
        _check_tokens(refused(lambda: client.get_access_token("code"), SignInError))
        identity = refused(lambda: client.get_identity("token"), SignInError)
        profile = refused(lambda: client.get_profile("token", "openid"), SignInError)
    if identity is not None:
        assert _IDENTIFIER.match(identity.openid)
        assert not identity.unionid or _IDENTIFIER.match(identity.unionid)
        assert _said(data, identity.openid), "somebody whom the answer does not name"
        assert _said(data, "101"), "an answer for another app"
    if profile is not None:
        _check_shown(profile.nickname, profile.avatar)


def weixin_answer(data: bytes) -> None:
    """Sign in by WeChat with the same answer at each step."""
    client = weixin.WeixinClient(None, "wx1", "secret", "GET", "https://api.weixin.qq.com/", "https://here/cb")
    with _answering(weixin, data):
        answer = refused(lambda: client.get_access_token("code"), SignInError)
        _check_tokens(answer)
        openid = str(answer["openid"]) if answer is not None else "o" + "1" * 27
        assert answer is None or (_IDENTIFIER.match(openid) and _said(data, openid))
        profile = refused(lambda: client.get_profile("token", openid), SignInError)
    if profile is not None:
        assert _said(data, openid), "somebody else's profile"
        assert not profile.unionid or _IDENTIFIER.match(profile.unionid)
        _check_shown(profile.nickname, profile.avatar)


def github_answer(data: bytes) -> None:
    """Sign in by GitHub with the same answer at each step."""
    client = github.GitHubClient(
        None, "Iv1", "secret", "POST", "https://github.com/login/oauth/access_token", "https://here/cb"
    )
    with _answering(github, data):
        answer = refused(lambda: client.get_access_token("code", "verifier"), SignInError)
        _check_tokens(answer)
        if answer is not None:
            assert all(re.fullmatch(r"[a-z_:]+", name) for name in granted_scope(answer.get("scope")))
        profile = refused(lambda: client.get_json("profile", "https://api.github.com/user", "token"), SignInError)
    if isinstance(profile, dict):
        uid = refused(lambda: GitHubProvider.extract_uid(None, profile), SignInError)
        assert uid is None or (uid == str(profile["id"]) and 0 < int(uid) < 2**63)
        for address in GitHubProvider.extract_email_addresses(None, {"emails": profile.get("emails")}):
            assert isinstance(address.email, str)
        _check_shown(one_line(profile.get("login"), limit=100), "")


def _check_shown(name: str, picture: str) -> None:
    assert "\n" not in name
    assert len(name) <= 100
    json.dumps(name, ensure_ascii=False).encode()
    assert not picture or picture[:8].lower() == "https://"
    assert picture.isascii()


TARGETS = [
    Target(
        "qq_answer",
        pure(qq_answer),
        "QQ's answers: JSONP, JSON, forms",
        "a person whom the answer names, of this app; tokens printable; a nickname of one line, a picture over https",
        (
            b'0callback( {"client_id":"101","openid":"0123456789ABCDEF","unionid":"UID_0123456789"} );\n',
            b'0callback( {"error":100016,"error_description":"access token check failed"} );',
            b"0access_token=AB12&expires_in=7776000&refresh_token=CD34&openid=0123456789ABCDEF",
            '0{"ret":0,"msg":"","is_lost":0,"nickname":"小\\u0001明","figureurl_qq":"http://q.qlogo.cn/g?b=1"}'.encode(),
            b'1{"ret":-1,"msg":"client request\'s parameters are invalid, invalid openid",}',
            b'0{"client_id":101,"openid":["x"],"access_token":5,"ret":"0"}',
            b"0error=100010&error_description=x\xff",
            b"0" + b"callback(" * 30,
        ),
    ),
    Target(
        "weixin_answer",
        pure(weixin_answer),
        "WeChat's answers: JSON",
        "the same; the profile is of the person whom the tokens are of",
        (
            b'0{"access_token":"A","expires_in":7200,"refresh_token":"R","openid":"o6_bmjrPTlm6_2sgVt7hMZOPfL2M","scope":"snsapi_login","unionid":"o6_bmasdasdsad6_2sgVt7hMZOPfL"}',
            b'0{"errcode":40029,"errmsg":"invalid code, hints: [ req_id: abc ]"}',
            b'0{"openid":"o6_bmjrPTlm6_2sgVt7hMZOPfL2M","nickname":"\xe5\xb0\x8f\x01","headimgurl":"https://thirdwx.qlogo.cn/mmopen/x/132","privilege":[]}',
            b'0{"access_token":"A","openid":"o6_bmjrPTlm6_2sgVt7hMZOPfL2M","is_snapshotuser":true}',
            b'0{"errcode":[],"errmsg":{}}',
            b"0[" + b"[" * 400,
        ),
    ),
    Target(
        "github_answer",
        pure(github_answer),
        "GitHub's answers: JSON and forms",
        "the numeric id of the answer; verified addresses alone; tokens printable",
        (
            b'0{"access_token":"gho_16C7e42F292c6912E7710c838347Ae178B4a","token_type":"bearer","scope":"read:user,user:email"}',
            b'0{"error":"bad_verification_code","error_description":"The code passed is incorrect or expired."}',
            b"0access_token=gho_16C7&scope=user%3Aemail&token_type=bearer",
            b'0{"id":583231,"login":"octocat","name":"The Octocat","avatar_url":"https://avatars.example/u/583231","emails":[{"email":"o@example.com","verified":true,"primary":true}]}',
            b'0{"id":true,"login":[],"emails":{}}',
            b'2{"message":"API rate limit exceeded"}',
            b'0{"id":1e400}',
            b'0{"error":[]}',
            b'0{"error":{}}',
            b"0\xef\xbb\xbf{}",
        ),
    ),
]
