"""Bring a person's two WeChat accounts together: the website's and the one inside WeChat.

Each app gives the same person another openid. The unionid, which WeChat gives with both when they belong to one
developer, says that they are one person. Decision 0036 says why this is safe, and where it is not done.
"""

from __future__ import annotations

import logging

from allauth.socialaccount.models import SocialAccount, SocialLogin
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from consumer_site.connectors.weixin.entrances import PROVIDER_ID, all_apps, default_client_id

logger = logging.getLogger("consumer_site.sign_in")


def join_known_person(request: HttpRequest, sociallogin: SocialLogin) -> None:
    """Connect a first sign-in to the user that WeChat names by the unionid; leave it alone where that is in doubt."""
    account = sociallogin.account
    unionid = account.extra_data.get("unionid")
    if not unionid or SocialAccount.objects.filter(provider=account.provider, uid=account.uid).exists():
        return
    names = {PROVIDER_ID, *(app.provider_id or app.provider for app in all_apps(request))}
    known = list(SocialAccount.objects.filter(provider__in=names, extra_data__unionid=unionid))
    unnoted = default_client_id(request)
    # One app gives a person one openid. A second one beside the same unionid is a contradiction, not a second entrance.
    if any(other.extra_data.get("appid", unnoted) == account.extra_data["appid"] for other in known):
        return
    if len({other.user_id for other in known}) != 1:
        return
    joined = SocialAccount(
        user_id=known[0].user_id, provider=account.provider, uid=account.uid, extra_data=account.extra_data
    )
    try:
        with transaction.atomic():
            joined.save()
    except IntegrityError:  # the same person came in by two requests at once; the other has made the link
        return
    logger.info("weixin: account %s joined account %s by its unionid", joined.pk, known[0].pk)
