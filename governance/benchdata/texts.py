"""What the incidents are about: a bank of texts, varied so that no two lines of a list look the same."""

import csv
import random
from dataclasses import dataclass
from pathlib import Path

from incidents.models import Category
from incidents.states import Urgency

BANK = Path(__file__).parent / "texts.csv"
DICTIONARIES = {"S": "sichuan-grid", "G": "GB/T 47678.5-2026"}

OPENINGS = (
    "", "", "", "", "巡查发现", "日常巡查中发现", "群众反映", "居民来电反映", "入户走访时了解到", "微信群里有人反映",
    "早上巡查发现", "傍晚巡查发现", "商户反映", "路过时发现",
)  # fmt: skip
ADDITIONS = (
    "", "", "", "", "，已持续两天", "，今早开始", "，上周也出现过", "，附近住户较多", "，靠近学校", "，影响行人通行",
    "，已先做简单提示", "，请尽快处理", "，现场已拍照", "，雨后更明显", "，近期第三次反映",
)  # fmt: skip
SPOTS = (
    "", "", "", "附近", "东侧", "西侧", "南侧", "北侧", "入口处", "斜对面", "往里二十米", "公交站旁", "停车场边",
    "桥头", "巷口", "路灯杆下",
)  # fmt: skip
ENDINGS = ("", "", "，现场已复核", "，已告知反映人", "，后续加强巡查", "，群众表示满意", "，已留存照片")

# What people write when they press a button.
NOTES: dict[str, tuple[str, ...]] = {
    "escalate": ("超出本级处置能力，请上级协调", "涉及多个部门，请上级协调", "需专业队伍处置，上报", "本级无执法权限"),
    "escalate_urgent": ("险情紧急，越级上报", "涉及人员安全，越级上报"),
    "dismiss": ("经核实现场已恢复，无需处置", "与事实不符，不予受理", "不属于受理范围，已向反映人说明"),
    "send_back": ("属村（社区）自治事项，请先行处置", "材料不全，请补充后再报"),
    "transfer": ("经核实位于相邻村（社区）", "现场在邻村地界，转办"),
    "recall": ("情况有变，收回后重新安排", "改由本级直接处置"),
    "rework": ("现场仍有残留，请重新处置", "处置不彻底，返工", "照片与现场不符，请补办"),
    "close": ("现场核查属实，同意结案", "电话回访属实，同意结案", "照片清晰，处置到位，结案", "核查无误"),
    "suspend": ("需待汛期过后施工，申请挂账", "涉及年度改造计划，申请挂账", "等待上级资金批复，申请挂账"),
    "granted": ("同意挂账，按期复查", "情况属实，同意"),
    "void": ("位置有误，已另行上报", "重复录入，申请作废"),
    "voided": ("同意作废",),
    "merge": ("与在办事件为同一事项", "同一地点同一问题，并案办理"),
    "reopen": ("群众反映问题反复，重新办理", "抽查发现问题未解决"),
    "returned": ("不属本单位职责，建议转由主管部门办理", "经核查权属不在本单位"),
    "waive": ("主办单位已一并处置", "现场已无需配合"),
    "order_recalled": ("改派其他单位", "本级自行处置"),
    "confirmed": ("抽查属实，现场整洁", "已到现场复查，确已解决"),
    "help": ("请协助维护现场秩序", "请配合核实情况", "请派员到场会商"),
    "helped": ("已派员到场维护秩序，现场通行正常", "已配合完成核实", "已到场会商并提出意见"),
    "town": ("请属地牵头处置，及时反馈进展", "请镇（街道）组织力量处置"),
    "comment": ("已电话联系反映人", "施工单位已进场", "等待材料到货", "已约定明日上午到场"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Matter:
    """One line of the text bank."""

    category_id: int
    urgency: str
    routine: bool
    unit: str
    text: str
    address: str
    order: str
    feedback: str
    result: str


def matters() -> list[Matter]:
    """The text bank with the categories of this database. Raises LookupError if they are not loaded."""
    known = {
        (ref, code): pk
        for pk, ref, code in Category.objects.filter(district=None).values_list("pk", "standard_ref", "code")
    }
    with BANK.open(encoding="utf-8", newline="") as file:
        return [
            Matter(
                category_id=known[DICTIONARIES[line["ref"]], line["code"]],
                urgency=line["urgency"] or Urgency.NORMAL.value,
                routine=line["routine"] == "1",
                **{name: line[name] for name in ("unit", "text", "address", "order", "feedback", "result")},
            )
            for line in csv.DictReader(file)
        ]


def told(matter: Matter, dice: random.Random) -> str:
    """The matter in somebody's words."""
    return f"{dice.choice(OPENINGS)}{matter.text}{dice.choice(ADDITIONS)}"


def place_of(matter: Matter, dice: random.Random) -> str:
    """The place in words, a little different every time."""
    number = f"{dice.randrange(1, 240)}号" if dice.random() < 0.35 else ""
    return f"{matter.address}{number}{dice.choice(SPOTS)}"


def result_of(matter: Matter, dice: random.Random) -> str:
    """How it ended, in somebody's words."""
    return f"{matter.result}{dice.choice(ENDINGS)}"


def note(kind: str, dice: random.Random) -> str:
    """What is written with an act of this kind."""
    return dice.choice(NOTES[kind])
