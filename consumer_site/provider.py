"""Name the connectors to allauth, which looks for `provider_classes` in every installed app's `provider` module."""

from consumer_site.connectors.github.provider import GitHubProvider
from consumer_site.connectors.house.provider import HouseProvider
from consumer_site.connectors.qq.provider import QQProvider
from consumer_site.connectors.weixin.provider import WeixinProvider

provider_classes = [HouseProvider, QQProvider, WeixinProvider, GitHubProvider]
