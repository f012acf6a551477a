"""What the robots' providers answer, by the codes they document: told, not now, or never (and never again there)."""

from datetime import timedelta

import pytest

from dispatch.channels import WAYS, Dead, Message, Reached, Retry, Sent, web
from dispatch.channels.robots import Robot
from dispatch.models import Channel

ROBOTS = {name: WAYS[name] for name in (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU)}
MINUTE, TEN_MINUTES = timedelta(minutes=1), timedelta(minutes=10)

# Too fast, or busy: the same message later; nothing else goes there meanwhile.
LATER = [
    (Channel.WECOM, -1, None, "the system is busy"),
    (Channel.WECOM, 45009, MINUTE, "api freq out of limit: more than 20 a minute"),
    (Channel.WECOM, 45033, MINUTE, "too many calls at once"),
    (Channel.DINGTALK, -1, None, "the system is busy"),
    (Channel.DINGTALK, 130101, TEN_MINUTES, "send too fast, exceed 20 times per minute"),
    (Channel.DINGTALK, 410100, TEN_MINUTES, "sent too fast, throttled"),
    (Channel.DINGTALK, 660026, TEN_MINUTES, "throttled"),
    (Channel.FEISHU, 11232, MINUTE, "frequency limited psm"),
    (Channel.FEISHU, 99991400, MINUTE, "request trigger frequency limit"),
]
# The robot, its token or its signature is no good: nothing gets there until somebody sets it anew.
GONE = [
    (Channel.WECOM, 93000, "invalid webhook url, or taken out of the group"),
    (Channel.WECOM, 93004, "the robot is stopped"),
    (Channel.WECOM, 93008, "not in the group"),
    (Channel.DINGTALK, 300001, "token is not exist"),
    (Channel.DINGTALK, 300005, "token is not exist"),
    (Channel.DINGTALK, 310000, "keywords not in content, sign not match, ip not in whitelist"),
    (Channel.DINGTALK, 400013, "the group was dissolved"),
    (Channel.DINGTALK, 400101, "access_token does not exist"),
    (Channel.DINGTALK, 400102, "the robot is stopped"),
    (Channel.DINGTALK, 400106, "the robot does not exist"),
    (Channel.FEISHU, 19001, "param invalid: incoming webhook access token invalid"),
    (Channel.FEISHU, 19021, "sign match fail or timestamp is not within one hour"),
    (Channel.FEISHU, 19022, "ip not allowed"),
    (Channel.FEISHU, 19024, "key words not found"),
]
# This message is refused; the next may be taken.
REFUSED = [
    (Channel.WECOM, 40008, "invalid message type"),
    (Channel.WECOM, 44004, "empty content"),
    (Channel.WECOM, 45002, "content size out of limit"),
    (Channel.DINGTALK, 40035, "no parameter json"),
    (Channel.DINGTALK, 400105, "unsupported type of message"),
    (Channel.DINGTALK, 430101, "an unsafe link"),
    (Channel.DINGTALK, 430102, "unsuitable text"),
    (Channel.DINGTALK, 430104, "unsuitable content"),
    (Channel.FEISHU, 9499, "bad request"),
    (Channel.FEISHU, 19002, "params error, msg_type need"),
]


def outcome(channel: Channel, code: int, **headers: str) -> object:
    way = ROBOTS[channel]
    assert isinstance(way, Robot)
    return way._outcome(code, {name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(("channel", "code", "after", "_said"), LATER)
def test_too_fast_or_busy_is_tried_again_when_the_provider_likes(
    channel: Channel, code: int, after: timedelta | None, _said: str
) -> None:
    found = outcome(channel, code)
    assert isinstance(found, Retry) and found.shared and not found.maybe
    assert found.after == after
    assert str(code) in found.why


@pytest.mark.parametrize(("channel", "code", "_said"), GONE)
def test_a_robot_that_is_gone_is_never_asked_again(channel: Channel, code: int, _said: str) -> None:
    found = outcome(channel, code)
    assert isinstance(found, Dead) and found.permanent and str(code) in found.why


@pytest.mark.parametrize(("channel", "code", "_said"), REFUSED)
def test_a_refused_message_is_dead_and_the_address_stays_in_use(channel: Channel, code: int, _said: str) -> None:
    found = outcome(channel, code)
    assert isinstance(found, Dead) and not found.permanent and str(code) in found.why


@pytest.mark.parametrize("channel", list(ROBOTS))
def test_zero_is_sent_and_a_wish_of_the_provider_goes_before_ours(channel: Channel) -> None:
    assert outcome(channel, 0) == Sent()
    too_fast = next(code for name, code, after, _said in LATER if name == channel and after)
    found = outcome(channel, too_fast, retry_after="7")
    assert isinstance(found, Retry) and found.after == timedelta(seconds=7)


DEEP = b"[" * 60_000


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b'{"errcode":1e999,"code":1e999}', b"\xff\xfe{}", DEEP])
@pytest.mark.parametrize("channel", list(ROBOTS))
def test_an_answer_nobody_can_read_may_have_been_a_good_one(
    channel: Channel, body: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ROBOTS[channel], "exchange", lambda *_asked, **_headers: web.Answer(200, {}, body))
    said = ROBOTS[channel].send(Reached("https://robot.example/"), Message("wangge-D1", "", "逾期"))
    assert isinstance(said, Retry) and said.maybe


@pytest.mark.parametrize("channel", [Channel.SMS, Channel.WEBHOOK])
def test_a_gateway_says_it_with_the_status_whatever_it_writes_besides(
    channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(WAYS[channel], "exchange", lambda *_asked, **_headers: web.Answer(202, {}, DEEP))
    said = WAYS[channel].hand_over("https://gateway.example/", "", {}, Message("wangge-D1", "", "逾期"))
    assert said == Sent("")
