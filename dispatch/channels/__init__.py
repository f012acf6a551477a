"""The ways out of the house, one small class each behind one `send(reached, message) -> Sent | Retry | Dead`.

The inbox is none of them: writing the notice is its delivery, so nothing can fail after it.
"""

from dispatch.channels.gateways import Sms, Webhook
from dispatch.channels.mail import Mail
from dispatch.channels.outcomes import Dead, Message, Outcome, Reached, Retry, Sent
from dispatch.channels.robots import DingTalk, Feishu, WeCom
from dispatch.channels.ways import PURPOSE, Way
from dispatch.models import Channel

WAYS: dict[str, Way] = {str(way.channel): way for way in (Mail(), WeCom(), DingTalk(), Feishu(), Sms(), Webhook())}
# A group has no mailbox and no phone of its own.
ROBOTS = (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU, Channel.WEBHOOK)

__all__ = ["PURPOSE", "ROBOTS", "WAYS", "Dead", "Message", "Outcome", "Reached", "Retry", "Sent", "Way"]
