"""Registers of units are loaded whole or not at all, and every bad line is named."""

import csv
import gzip
from datetime import datetime
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command

from grids import registers
from grids.demo.places import REGISTER as SHAWAN_2018
from grids.models import Unit
from grids.names import short_name_of
from grids.registers import RegisterRefused
from tests.cast import NOW

DIVISIONS = Path(__file__).parents[1] / "data" / "divisions"
HEADER = "code,parent_code,level,name"
TREE = [
    "510000000000,,province,四川省",
    "511100000000,510000000000,city,乐山市",
    "511111000000,511100000000,county,沙湾区",
    "511111100000,511111000000,town,沙湾镇",
    "511111100001,511111100000,village,南陵社区居委会",
]

pytestmark = pytest.mark.django_db


def _file(tmp_path: Path, *lines: str, header: str = HEADER) -> Path:
    path = tmp_path / "units.csv"
    path.write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")
    return path


def _load(path: Path, now: datetime = NOW) -> registers.Loaded:
    return registers.load(path=path, now=now)


def _faults(path: Path) -> dict[int, str]:
    with pytest.raises(RegisterRefused) as refused:
        _load(path)
    assert not Unit.objects.exists(), "all or nothing"
    return {fault.line: fault.reason for fault in refused.value.faults}


@pytest.mark.parametrize(
    ("path", "towns", "villages", "name"),
    [
        (SHAWAN_2018, 14, 148, "沙湾区"),
        (DIVISIONS / "511111-shawan.csv", 9, 92, "沙湾区"),
        (DIVISIONS / "500151-tongliang.csv", 28, 333, "铜梁区"),
        (DIVISIONS / "430302-yuhu.csv", 12, 106, "雨湖区"),
        (DIVISIONS / "430121-changsha.csv", 18, 225, "长沙县"),
    ],
    ids=lambda value: value.stem if isinstance(value, Path) else str(value),
)
def test_real_districts_load(path: Path, towns: int, villages: int, name: str) -> None:
    done = _load(path)
    assert len(done.created) == 3 + towns + villages
    assert Unit.objects.filter(kind="town").count() == towns
    assert Unit.objects.filter(kind="village").count() == villages
    assert Unit.objects.get(kind="district").name == name
    assert not Unit.objects.filter(kind__in=["town", "village"], parent__isnull=True).exists()


def test_all_four_districts_live_in_one_installation() -> None:
    for file in ("511111-shawan.csv", "500151-tongliang.csv", "430302-yuhu.csv", "430121-changsha.csv"):
        _load(DIVISIONS / file)
    assert Unit.objects.filter(kind="district").count() == 4
    assert Unit.objects.filter(kind="province").count() == 3


def test_a_rare_character_survives() -> None:
    _load(DIVISIONS / "430121-changsha.csv")
    assert Unit.objects.get(name="㮾梨街道").kind == "town"


def test_a_reform_keeps_the_old_units_and_says_what_was_renamed() -> None:
    _load(SHAWAN_2018)
    before = dict(Unit.objects.values_list("pk", "name"))
    done = _load(DIVISIONS / "511111-shawan.csv")
    after = dict(Unit.objects.values_list("pk", "name"))
    with (DIVISIONS / "511111-shawan-changes-2018-2023.csv").open(encoding="utf-8") as stream:
        changes = list(csv.DictReader(stream))
    assert len(done.created) == sum(row["change"] == "added" for row in changes)
    assert len(done.renamed) == sum(row["change"] == "renamed" for row in changes)
    assert set(before) < set(after), "removed codes stay"
    assert ("511111107208", "黄坝村委会", "黄坝村村民委员会") in done.renamed


def test_running_again_changes_nothing(tmp_path: Path) -> None:
    path = _file(tmp_path, *TREE)
    assert len(_load(path).created) == 5
    again = _load(path)
    assert (again.created, again.renamed, again.changed, again.unchanged) == ([], [], [], 5)


def test_children_may_come_before_their_parents(tmp_path: Path) -> None:
    assert len(_load(_file(tmp_path, *reversed(TREE))).created) == 5


@pytest.mark.parametrize("form", ["gzip", "bom", "crlf"])
def test_files_as_offices_save_them(tmp_path: Path, form: str) -> None:
    text = "\n".join([HEADER, *TREE]) + "\n"
    path = tmp_path / "units.csv.gz"
    if form == "gzip":
        path.write_bytes(gzip.compress(text.encode()))
    elif form == "bom":
        path.write_bytes(b"\xef\xbb\xbf" + text.encode())
    else:
        path.write_bytes(text.replace("\n", "\r\n").encode())
    assert len(_load(path).created) == 5


@pytest.mark.parametrize(
    ("line", "word"),
    [
        ("511111101000,511111000000,hamlet,嘉农镇", "hamlet"),
        ("51111110100,511111000000,town,嘉农镇", "51111110100"),
        ("511111101001,511111000000,town,嘉农镇", "511111101001"),
        ("511111000000,511100000000,town,嘉农镇", "511111000000"),
        ("511111100000,511111000000,village,嘉农镇", "511111100000"),
        ("511111199001,511111199000,village,无镇村", "511111199"),
        ("511111100002,511111101000,village,别镇村", "511111101000"),
        ("511111100002,,village,孤村", ""),
        ("511111100001,511111100000,village,再来一次", "6"),
        ("511111101000,511111000000,town,", ""),
        ("511111101000,511111000000,town," + "长" * 101, "name"),
        ("511111101000,511111000000,town", ""),
        ("511111101000,511111000000,town,嘉农镇,多余", ""),
        ("511111100001000,511111100001,grid,零号网格", "511111100001000"),
        ("511111100D1,511111100000,office,短办", "511111100D1"),
        ("510000000000,520000000000,province,四川", "511"),
    ],
)
def test_a_bad_line_is_named_with_its_reason(tmp_path: Path, line: str, word: str) -> None:
    faults = _faults(_file(tmp_path, *TREE, line))
    assert list(faults) == [7]
    assert word in faults[7] or line.startswith("510000000000")


@pytest.mark.parametrize(
    "line",
    [
        '511111101000,511111000000,town,"嘉农镇',
        '511111101000,511111000000,town,"嘉"农镇',
        "511111101000,511111000000,town,嘉\x00农镇",
        "511111101000,511111000000,town,嘉\x07农镇",
        "511111101000,511111000000,town,\u200b",
        "511111101000,511111000000,town,嘉\ufffd镇",
        "511111101000,511111000000,town,嘉\u2028农镇",
        "511111101000,511111000000,town," + "长" * 200_000,
        "511111d01,511111000000,department,局",
        "５１１１１１１０１,511111000000,town,嘉农镇",
        "5.11111E+11,511111000000,town,嘉农镇",
        "  ",
        ",,,",
    ],
)
def test_a_damaged_line_hides_none_of_those_after_it(tmp_path: Path, line: str) -> None:
    assert list(_faults(_file(tmp_path, *TREE, line, "x,,town,y"))) == [7, 8]


def test_lines_in_another_encoding_are_named_beside_the_others(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    lines = [HEADER.encode(), *[line.encode() for line in TREE], "511111101000,511111000000,town,嘉农镇".encode("gbk")]
    path.write_bytes(b"\r\n".join([*lines, b"x,,town,y", b""]))
    assert list(_faults(path)) == [7, 8]


@pytest.mark.parametrize(
    "parent", ["511111101000,511111000000,hamlet,嘉农镇", '511111101000,511111000000,town,"嘉农镇']
)
def test_a_bad_parent_is_one_bad_line_and_not_one_for_each_child(tmp_path: Path, parent: str) -> None:
    child = "511111101001,511111101000,village,农场村"
    assert list(_faults(_file(tmp_path, *TREE, child, parent))) == [8]
    orphan = "511111199001,511111199000,village,无镇村"
    misplaced = "511111100009,511111199000,village,别镇村"
    assert list(_faults(_file(tmp_path, *TREE, orphan, misplaced))) == [7, 8]


def test_a_header_alone_is_refused(tmp_path: Path) -> None:
    assert list(_faults(_file(tmp_path))) == [1]


def test_a_district_gets_its_parents_when_they_come(tmp_path: Path) -> None:
    _load(_file(tmp_path, "511111000000,,county,沙湾区"))
    assert Unit.objects.get(pk="511111").parent_id is None
    done = _load(_file(tmp_path, *TREE))
    assert done.changed == ["511111"]
    assert Unit.objects.get(pk="511111").parent_id == "5111"
    assert _load(_file(tmp_path, *TREE)).unchanged == 5


def test_every_bad_line_is_named_at_once(tmp_path: Path) -> None:
    bad = ["511111101000,511111000000,hamlet,一", "511111102000,511111000000,town,", "x,y,town,三"]
    assert list(_faults(_file(tmp_path, *TREE, *bad))) == [7, 8, 9]


def test_a_missing_parent_is_named(tmp_path: Path) -> None:
    faults = _faults(_file(tmp_path, *TREE[:3], TREE[4]))
    assert list(faults) == [5]
    assert "511111100" in faults[5]


@pytest.mark.parametrize(
    "header", ["code,parent_code,level", "code;parent_code;level;name", f"{HEADER},mayor", f"{HEADER},name", ""]
)
def test_a_wrong_header_is_named_as_line_one(tmp_path: Path, header: str) -> None:
    assert list(_faults(_file(tmp_path, *TREE, header=header))) == [1]


def test_text_in_another_encoding_is_named_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "units.csv"
    path.write_bytes(HEADER.encode() + b"\n510000000000,,province," + "四川省".encode("gb18030") + b"\n")
    assert list(_faults(path)) == [2]


def test_a_damaged_gzip_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "units.csv.gz"
    path.write_bytes(gzip.compress(HEADER.encode())[:-6])
    assert list(_faults(path)) == [1]


def test_grids_departments_and_offices_load_with_their_details(tmp_path: Path) -> None:
    path = _file(
        tmp_path,
        *(f"{line},,," for line in TREE),
        "511111100001001,511111100001,grid,一网格,,,",
        "511111100001002,511111100001,grid,市场网格,dedicated,市场,0833-0000001",
        "511111D01,511111000000,department,应急管理局,,应急局,0833-0000002",
        "511111D0101,511111D01,department,值班室,,,",
        "511111100D01,511111100000,office,综合行政执法办公室,,,",
        header=f"{HEADER},grid_kind,short_name,duty_phone",
    )
    _load(path)
    assert Unit.objects.get(pk="511111100001001").grid_kind == "comprehensive"
    market = Unit.objects.get(pk="511111100001002")
    assert (market.grid_kind, market.label, market.duty_phone) == ("dedicated", "市场", "0833-0000001")
    assert Unit.objects.get(pk="511111D0101").parent_id == "511111D01"
    assert Unit.objects.get(pk="511111100001").label == "南陵社区"


def test_a_dedicated_village_is_refused(tmp_path: Path) -> None:
    path = _file(tmp_path, "510000000000,,province,四川省,dedicated", header=f"{HEADER},grid_kind")
    assert list(_faults(path)) == [2]


def test_short_names_follow_a_renaming_unless_given_by_hand(tmp_path: Path) -> None:
    _load(_file(tmp_path, *TREE))
    renamed = _file(tmp_path, *TREE[:4], "511111100001,511111100000,village,铜河社区居民委员会")
    _load(renamed)
    assert Unit.objects.get(pk="511111100001").short_name == "铜河社区"
    Unit.objects.filter(pk="511111100001").update(short_name="铜河")
    _load(renamed)
    _load(_file(tmp_path, *TREE))
    unit = Unit.objects.get(pk="511111100001")
    assert (unit.name, unit.short_name) == ("南陵社区居委会", "铜河")


def test_a_retired_code_never_comes_back(tmp_path: Path) -> None:
    path = _file(tmp_path, *TREE)
    _load(path)
    Unit.objects.filter(pk="511111100001").update(retired_at=NOW)
    with pytest.raises(RegisterRefused) as refused:
        _load(path)
    assert [fault.line for fault in refused.value.faults] == [6]


def test_the_command_names_file_line_and_reason(tmp_path: Path) -> None:
    out, err = StringIO(), StringIO()
    call_command("load_units", str(_file(tmp_path, *TREE)), stdout=out)
    assert "5 created" in out.getvalue()
    with pytest.raises(CommandError, match=r"units\.csv"):
        call_command("load_units", str(_file(tmp_path, "x,,town,y")), stderr=err)
    assert err.getvalue().startswith("units.csv, ")
    with pytest.raises(CommandError, match=r"nowhere\.csv"):
        call_command("load_units", str(tmp_path / "nowhere.csv"))


@pytest.mark.parametrize(
    ("name", "short"),
    [
        ("天车村委会", "天车村"),
        ("沫东坝村村民委员会", "沫东坝村"),
        ("南陵社区居民委员会", "南陵社区"),
        ("碧山社区居委", "碧山社区"),
        ("沙湾镇", ""),
    ],
)
def test_official_names_are_shortened(name: str, short: str) -> None:
    assert short_name_of(name) == short
