"""Say what each of WeChat's error codes means: to the developer a line, to the person an error with its sentence.

Source: developers.weixin.qq.com, global return codes, website sign-in and web page authorization. The table holds what
the addresses under /sns/ can answer; what the authorization page finds wrong (10002 to 10038), it shows to the person
and tells no site.
"""

from __future__ import annotations

from consumer_site.connectors.weixin.errors import (
    AccountRestricted,
    NoIdentity,
    OutOfOrder,
    PermissionMissing,
    SignInEnded,
)
from consumer_site.errors import AnswerRefused, CodeRefused, NotConfigured, SignInError

_MEANINGS: dict[str, tuple[type[SignInError], str]] = {
    "-1": (OutOfOrder, "WeChat is busy"),
    "40001": (NotConfigured, "the App Secret is wrong, or the token is not of this app"),
    "40002": (NotConfigured, "grant_type is invalid"),
    "40003": (NoIdentity, "the openid is invalid for this app"),
    "40013": (NotConfigured, "this App ID does not exist"),
    "40014": (SignInEnded, "the access token is invalid"),
    "40029": (CodeRefused, "the code is wrong, expired, or of another app"),
    "40030": (SignInEnded, "the refresh token is invalid"),
    "40066": (NotConfigured, "the address is invalid"),
    "40125": (NotConfigured, "the App Secret is wrong"),
    "40163": (CodeRefused, "the code was used before"),
    "40164": (NotConfigured, "this server's address is not on the app's list"),
    "40226": (AccountRestricted, "WeChat finds the person's account a risk and blocks the code"),
    "41001": (SignInEnded, "access_token is missing"),
    "41002": (NotConfigured, "appid is missing"),
    "41003": (SignInEnded, "refresh_token is missing"),
    "41004": (NotConfigured, "secret is missing"),
    "41008": (CodeRefused, "code is missing"),
    "41009": (NoIdentity, "openid is missing"),
    "42001": (SignInEnded, "the access token has expired"),
    "42002": (SignInEnded, "the refresh token has expired"),
    "42003": (CodeRefused, "the code has expired"),
    "42007": (SignInEnded, "the person changed the password, and with it ended all tokens"),
    "43001": (NotConfigured, "the request has to be a GET"),
    "43002": (NotConfigured, "the request has to be a POST"),
    "43003": (NotConfigured, "the request has to use https"),
    "43004": (NotConfigured, "the person has to follow the official account first"),
    "45009": (OutOfOrder, "the app has used up its calls of the day"),
    "45011": (OutOfOrder, "the app calls too often in a minute"),
    "48001": (
        NotConfigured,
        "the app lacks this API: not reviewed or verified, or the scope is too small",
    ),
    "48004": (NotConfigured, "the app is barred from this API"),
    "50001": (PermissionMissing, "the person has not granted this API"),
    "50002": (AccountRestricted, "the person's account is restricted or frozen"),
    "61023": (SignInEnded, "the refresh token is invalid"),
    "89503": (NotConfigured, "this server's address waits for an administrator's confirmation"),
}


def refusal(code: str, *, step: str, quoted: str = "") -> SignInError:
    """Return the error for one of WeChat's codes at a step: token, refresh or profile.

    A code that nobody documented has a sentence too. `quoted` is WeChat's own text, already made safe for a log.
    """
    error, meaning = _MEANINGS.get(code, (AnswerRefused, "an undocumented code"))
    # The one code with two meanings: with a token and no secret in the request, it is about the token.
    if code == "40001" and step in {"refresh", "profile"}:
        error = SignInEnded
    says = f"; WeChat says: {quoted}" if quoted else ""
    return error(f"WeChat error {code} at the {step} step: {meaning}{says}", code=f"weixin_{code}")
