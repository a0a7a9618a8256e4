"""Applications that the demonstration's people use: of every kind there is on the page of their connected apps."""

from __future__ import annotations

from typing import Any

from project.example_applications import SIGNS_IN, Example, is_approved, person
from provider_site.policy.facts import ScopeRequest
from provider_site.services import first_party

_NICKNAME = ScopeRequest(justification="用来称呼你。To call you by.")
_UNIONID = ScopeRequest(justification="在同一家的应用里认出你。To know you in our other app.")


def _is_of_the_site(application: Any) -> None:
    """Be approved, and decided to be one that people are not asked about."""
    is_approved(application)
    reason = "本站自己的邮箱，服务条款里已说明。The site's own mail, as its terms of service say."
    first_party.set_first_party(application=application, actor=person("reviewer"), value=True, reason=reason)


CONNECTED = [
    Example(
        client_id="zhaoxi-mail",
        name="朝夕邮箱 Zhaoxi Mail",
        description="本站自己的邮箱 · This site's own mail",
        scopes={
            **SIGNS_IN,
            "profile": ScopeRequest(True, "显示在你写的邮件上。Shown on the mail you write."),
            "email": ScopeRequest(True, "这就是你的邮箱地址。It is the address of your mailbox."),
        },
        logo={"background": "#0b5b4f", "figure": "sun"},
        owner="admin",
        live=_is_of_the_site,
    ),
    Example(
        client_id="weekly-report",
        name="周报助手 Weekly Report",
        description="把一周的日程写成周报 · Turns the week's events into a report",
        scopes={
            **SIGNS_IN,
            "nickname": _NICKNAME,
            "calendar.read": ScopeRequest(justification="读取一周的日程。To read the events of the week."),
            "calendar.write": ScopeRequest(justification="把写周报的时间放进日历。To plan the time for writing."),
            "calendar.share": ScopeRequest(justification="让同事看到你的日程。To show colleagues your events."),
            "offline_access": ScopeRequest(justification="每周五自动生成。To write it each Friday by itself."),
        },
        logo={"background": "#8a3b12", "figure": "book"},
        owner="admin",
        access_token_format="jwt",
        live=is_approved,
    ),
    Example(
        client_id="pocket-books",
        name="口袋书店 Pocket Books",
        description="随身的书店 · A bookshop in your pocket",
        scopes={
            **SIGNS_IN,
            "unionid": _UNIONID,
            "nickname": _NICKNAME,
            "email": ScopeRequest(justification="发送订单。To send you your orders."),
        },
        logo={"background": "#3b5ba9", "figure": "book"},
        id_token_alg="ES256",
        live=is_approved,
    ),
    Example(
        client_id="book-circle",
        name="共读圈 Book Circle",
        description="和朋友读同一本书 · Read the same book with friends",
        scopes={
            **SIGNS_IN,
            "unionid": _UNIONID,
            "nickname": _NICKNAME,
            "avatar": ScopeRequest(justification="显示在昵称旁边。Shown beside the nickname."),
        },
        id_token_alg="EdDSA",
        live=is_approved,
    ),
    Example(
        client_id="tree-hollow",
        name="匿名树洞 Tree Hollow",
        description="说出来，没人知道你是谁 · Say it; nobody knows who you are",
        subject_type="pairwise",
        logo={"background": "#4a3f35", "figure": "sun"},
        live=is_approved,
    ),
    Example(
        client_id="photo-frame",
        name="云相框 Photo Frame",
        description="照片轮着看 · Your pictures, one after the other",
        scopes={**SIGNS_IN, "avatar": ScopeRequest(justification="显示在相框一角。Shown in the corner.")},
        id_token_alg="PS256",
        live=is_approved,
    ),
]
