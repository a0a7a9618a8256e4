"""Say what each of QQ's error codes means: to the developer a line, to the person an error with its sentence.

Source: wiki.connect.qq.com, common return codes of OAuth 2.0, get_user_info and UnionID; those from -2 to -9 are common
to all open platforms of Tencent.
"""

from __future__ import annotations

from consumer_site.connectors.qq.errors import (
    NoIdentity,
    NotReviewed,
    NotSignedIn,
    OutOfOrder,
    PermissionMissing,
    SignInEnded,
)
from consumer_site.errors import AnswerRefused, CodeRefused, NotConfigured, SignInError

_MEANINGS: dict[str, tuple[type[SignInError], str]] = {
    "100000": (NotConfigured, "response_type is missing or invalid"),
    "100001": (NotConfigured, "client_id is missing"),
    "100002": (NotConfigured, "client_secret is missing"),
    "100003": (NotConfigured, "the Authorization header is missing"),
    "100004": (NotConfigured, "grant_type is missing or invalid"),
    "100005": (CodeRefused, "code is missing"),
    "100006": (SignInEnded, "refresh_token is missing"),
    "100007": (SignInEnded, "access_token is missing"),
    "100008": (NotConfigured, "this App ID does not exist"),
    "100009": (NotConfigured, "the App Key is wrong"),
    "100010": (NotConfigured, "the callback is not the one registered at connect.qq.com"),
    "100011": (NotReviewed, "the app is not online: its review at connect.qq.com is not done"),
    "100012": (NotConfigured, "the HTTP request is no POST"),
    "100013": (SignInEnded, "the access token is invalid, revoked or expired"),
    "100014": (SignInEnded, "the access token has expired"),
    "100015": (SignInEnded, "the access token was withdrawn, by QQ or by the person"),
    "100016": (SignInEnded, "the access token failed its check"),
    "100017": (OutOfOrder, "QQ failed to read the App ID"),
    "100018": (OutOfOrder, "QQ failed to make a code"),
    "100019": (CodeRefused, "the code can't be exchanged: wrong, expired, or of another callback"),
    "100020": (CodeRefused, "the code was used before"),
    "100021": (OutOfOrder, "QQ failed to make an access token"),
    "100022": (SignInEnded, "the refresh token is wrong, expired or used"),
    "100023": (OutOfOrder, "QQ failed to read the app's permissions"),
    "100024": (OutOfOrder, "QQ failed to read what the person allowed the app"),
    "100025": (OutOfOrder, "QQ failed to read its list of APIs"),
    "100026": (OutOfOrder, "QQ failed to write what the person allowed the app"),
    "100027": (OutOfOrder, "QQ failed to write when the person allowed the app"),
    "100028": (NotConfigured, "the parameter `which` is missing"),
    "100029": (NotConfigured, "the HTTP request is malformed"),
    "100030": (PermissionMissing, "the person has not granted this API, or has withdrawn it"),
    "100031": (NotConfigured, "the app lacks this API: apply for it at connect.qq.com"),
    "100048": (NotConfigured, "the app has no UnionID permission (companyid not set)"),
    "-1": (SignInEnded, "a parameter is invalid, often the openid or the token"),
    "-2": (NotConfigured, "this App ID does not exist"),
    "-3": (NotConfigured, "the app lacks this API: apply for it at connect.qq.com"),
    "-4": (NotConfigured, "this server's address is not on the app's list"),
    "-5": (NotConfigured, "the signature is wrong"),
    "-6": (OutOfOrder, "the app asks more often than QQ allows"),
    "-7": (NotConfigured, "the protocol is wrong: http for https"),
    "-8": (NotReviewed, "QQ restricts the app: its security review is not passed"),
    "-9": (NotConfigured, "this API does not exist"),
    "-22": (NoIdentity, "the openid is invalid for this App ID"),
    "-23": (SignInEnded, "the access token is invalid"),
    "1002": (NotSignedIn, "the person has to sign in at QQ first"),
    "13002": (OutOfOrder, "QQ failed to read the person's profile"),
}

UNIONID_NOT_GRANTED = "qq_100048"


def refusal(code: str, *, step: str, quoted: str = "") -> SignInError:
    """Return the error for one of QQ's codes at a step: authorize, token, openid or profile.

    A code that nobody documented has a sentence too. `quoted` is QQ's own text, already made safe for a log.
    """
    error, meaning = _MEANINGS.get(code, (AnswerRefused, "an undocumented code"))
    says = f"; QQ says: {quoted}" if quoted else ""
    return error(f"QQ error {code} at the {step} step: {meaning}{says}", code=f"qq_{code}")
