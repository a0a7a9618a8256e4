"""Name the connectors to allauth, which looks for `provider_classes` in every installed app's `provider` module."""

from consumer_site.connectors.house.provider import HouseProvider
from consumer_site.connectors.qq.provider import QQProvider

provider_classes = [HouseProvider, QQProvider]
