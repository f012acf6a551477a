"""Every change stands in the audit list, whoever makes it and by whatever door, and stays there."""

import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from governance.environment import program
from grids import accounts, audit, audit_list, hierarchy, posts
from grids.audit_list import Question
from grids.duties import Duty
from grids.models import AuditAct, AuditEntry, DistrictProfile, Person, Post, Unit
from incidents.models import Category
from tests.cast import Cast


@pytest.fixture
def admin(cast: Cast, client: Client) -> Client:
    client.force_login(cast.administrator)
    return client


def latest(kind: str) -> AuditEntry:
    return AuditEntry.objects.filter(kind=kind).latest("pk")


def test_s_19_a_press_on_a_page_stands_there_with_who_from_where_before_and_after(cast: Cast, admin: Client) -> None:
    address = reverse("grids:unit_edit", args=[cast.village.pk])
    assert admin.post(address, {"name": "新名社区"}, REMOTE_ADDR="10.1.2.3").status_code == 302
    entry = latest("grids_unit")
    assert (entry.actor, entry.address, entry.act) == (cast.administrator, "10.1.2.3", "changed")
    assert (entry.object_id, entry.unit) == (cast.village.pk, cast.village.pk)
    assert entry.before == {"name": "南陵社区"} and entry.after == {"name": "新名社区"}
    assert entry.system == "" and abs((timezone.now() - entry.at).total_seconds()) < 60


def test_s_19_what_passes_every_function_by_is_written_down_too(cast: Cast) -> None:
    Unit.objects.filter(pk=cast.town.pk).update(duty_phone="1")
    with connection.cursor() as cursor:
        cursor.execute("update grids_unit set address = 'x' where code = %s", [cast.town.pk])
        cursor.execute("delete from grids_post where person_id = %s", [cast.assistant.pk])
    phone, address = AuditEntry.objects.filter(kind="grids_unit", object_id=cast.town.pk, act="changed").order_by("pk")
    assert (phone.after, address.after) == ({"duty_phone": "1"}, {"address": "x"})
    gone = latest("grids_post")
    assert (gone.act, gone.person, gone.actor) == ("deleted", cast.assistant.pk, None)
    assert gone.system == program()


def test_s_19_a_program_is_named(cast: Cast) -> None:
    with audit.acting(lambda: {"system": "load_units"}):
        hierarchy.create_unit(code="511111D09", kind="department", name="局", now=cast.now)
    assert latest("grids_unit").system == "load_units"


@pytest.mark.django_db(transaction=True)
def test_s_19_the_word_who_acts_ends_with_the_block_also_outside_of_a_transaction() -> None:
    with audit.acting(lambda: {"system": "one"}):
        person = Person.objects.create_user("geng", "Herbst-Nebel-41", full_name="庚")
    Person.objects.filter(pk=person.pk).update(phone="1")
    first, second = AuditEntry.objects.filter(kind="grids_person").order_by("pk")
    assert first.system == "one" and second.system != "one"


def test_s_19_no_hash_of_a_password_and_no_token_stands_in_the_list(cast: Cast, admin: Client) -> None:
    accounts.renew_password(person=cast.officer, actor=cast.administrator, now=timezone.now())
    entry = latest("grids_person")
    assert entry.after == {"password": "***", "must_change_password": True}
    cast.officer.refresh_from_db()
    everything = json.dumps([[one.before, one.after] for one in AuditEntry.objects.all()])
    assert cast.officer.password not in everything and "pbkdf2" not in everything and "md5" not in everything


def test_signing_in_changes_no_line_of_the_person(cast: Cast) -> None:
    before = AuditEntry.objects.filter(kind="grids_person", act="changed").count()
    Client().force_login(cast.officer)
    posts.regrant(person=cast.officer, now=cast.now)
    assert AuditEntry.objects.filter(kind="grids_person", act="changed").count() == before


def test_s_20_nothing_in_the_list_is_changed_or_deleted(cast: Cast) -> None:
    for statement in ("update grids_auditentry set system = ''", "delete from grids_auditentry"):
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local wangge.allow_truncate = 'off'")
        cursor.execute("truncate grids_auditentry")


def test_s_21_a_change_that_cannot_be_written_down_does_not_happen(cast: Cast) -> None:
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local wangge.actor = 'no json'")
        cursor.execute("update grids_unit set address = 'y' where code = %s", [cast.town.pk])
    assert Unit.objects.get(pk=cast.town.pk).address == ""


def test_every_watched_table_has_its_trigger_and_no_other(db: None) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select tgrelid::regclass::text from pg_trigger where tgname = 'grids_audit'")
        assert {name for (name,) in cursor.fetchall()} == set(settings.AUDITED_TABLES)


def test_a_reading_page_asks_nothing_for_the_audit(cast: Cast, admin: Client) -> None:
    admin.get(reverse("grids:units"))
    with CaptureQueriesContext(connection) as asked:
        admin.get(reverse("grids:units"))
    assert not [query["sql"] for query in asked if "wangge.actor" in query["sql"] or "grids_audit" in query["sql"]]


# -- who reads it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "status"), [("administrator", 200), ("auditor", 200), ("district_head", 404),
                                             ("town_clerk", 404), ("officer", 404), ("stranger", 404)])  # fmt: skip
def test_the_list_is_for_administrators_and_auditors(cast: Cast, client: Client, who: str, status: int) -> None:
    client.force_login(getattr(cast, who))
    assert client.get(reverse("grids:audit")).status_code == status
    assert client.post(reverse("grids:audit_export")).status_code == status


def test_the_list_shows_what_lies_below_and_whom_it_concerns(cast: Cast) -> None:
    posts.appoint(unit=cast.town, person=cast.town_head, duty=Duty.ADMINISTRATOR, since=cast.since, now=cast.now)
    Unit.objects.filter(pk=cast.village.pk).update(address="here")
    Unit.objects.filter(pk=cast.other_town.pk).update(address="elsewhere")
    Person.objects.filter(pk=cast.officer.pk).update(phone="1")
    Person.objects.filter(pk=cast.other_officer.pk).update(phone="2")
    DistrictProfile.objects.create()
    codes = audit_list.read_by(cast.town_head, now=timezone.now())
    seen = audit_list.found(codes, Question())
    assert seen.filter(kind="grids_unit", object_id=cast.village.pk, act="changed").exists()
    assert seen.filter(kind="grids_person", person=cast.officer.pk, act="changed").exists()
    assert not seen.filter(unit=cast.other_town.pk).exists()
    assert not seen.filter(person=cast.other_officer.pk).exists()
    assert not seen.filter(kind="grids_districtprofile").exists()
    whole = audit_list.found(audit_list.read_by(cast.auditor, now=timezone.now()), Question())
    assert whole.filter(kind="grids_districtprofile").exists()
    assert whole.filter(unit=cast.other_town.pk).exists()


def test_the_list_is_narrowed_by_person_kind_act_and_day(cast: Cast, admin: Client) -> None:
    admin.post(reverse("grids:unit_edit", args=[cast.village.pk]), {"name": "新名社区"})
    address = reverse("grids:audit")
    today = timezone.localdate().isoformat()

    def found(**given: str) -> list[audit_list.Row]:
        return client_get(given).context["rows"]

    def client_get(given: dict[str, str]):
        return admin.get(address, given)

    (row,) = found(q="丁九", kind="grids_unit", act="changed", since=today, until=today)
    assert row.label == "新名社区" and row.differences[0].before == "南陵社区"
    assert found(q="nobody at all") == []
    assert found(until="2020-01-01") == []
    assert {one.entry.act for one in found(kind="signing")} == {AuditAct.SIGNED_IN}
    assert admin.get(address, {"since": "not a day", "before": "x", "act": "?", "kind": "'"}).status_code == 200


def test_the_list_goes_on_page_by_page(cast: Cast, admin: Client) -> None:
    page = admin.get(reverse("grids:audit"), {"kind": "grids_post"})
    first = [row.entry.pk for row in page.context["rows"]]
    assert first == sorted(first, reverse=True)
    for number in range(60):
        Unit.objects.filter(pk=cast.village.pk).update(address=str(number))
    page = admin.get(reverse("grids:audit"), {"kind": "grids_unit"})
    assert len(page.context["rows"]) == 50
    after = admin.get(reverse("grids:audit") + page.context["next_url"])
    assert after.context["rows"][0].entry.pk < page.context["rows"][-1].entry.pk


def test_names_fields_and_values_are_words(cast: Cast, admin: Client) -> None:
    post = Post.objects.get(person=cast.officer, duty=Duty.OFFICER)
    posts.relieve(post=post, at=cast.now)
    row = audit_list.rows([latest("grids_post")])[0]
    assert row.label == "甲一 · 网格员 · 南陵社区一网格"
    assert row.differences[0].after.endswith("2026-03-04 10:00")
    category = Category.objects.create(code="x1", standard_ref="own", name="新类", district=cast.district)
    row = audit_list.rows([latest("incidents_category")])[0]
    assert row.label == str(category)
    assert "沙湾区" in {one.after for one in row.differences}


def test_the_export_is_a_file_a_spreadsheet_reads_and_stands_in_the_list(cast: Cast, admin: Client) -> None:
    Unit.objects.filter(pk=cast.village.pk).update(name="=1+1")
    answer = admin.post(reverse("grids:audit_export"), {"kind": "grids_unit"})
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    assert "'=1+1" in text and ",=1+1" not in text
    assert latest("grids_auditentry").act == AuditAct.EXPORTED


def test_a_whole_register_is_written_down_line_by_line(db: None) -> None:
    from grids.demo.places import REGISTER

    call_command("load_units", str(REGISTER), verbosity=0)
    assert AuditEntry.objects.filter(kind="grids_unit", act="created").count() == Unit.objects.count()


def test_a_plan_is_audited_for_everything_but_what_every_edit_changes(db: None) -> None:
    """A new column of plans must be put into the trigger or among what it hides."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_get_triggerdef(oid) from pg_trigger where tgname = 'grids_audit_change'")
        (trigger,) = cursor.fetchone()
        cursor.execute("select attname from pg_attribute where attrelid = 'grids_plan'::regclass and attnum > 0")
        columns = {name for (name,) in cursor.fetchall()}
    shown = set(re.findall(r"old\.(\w+)", trigger))
    hidden = set(re.search(r"'(frame[\w,]*)'", trigger).group(1).split(","))  # type: ignore[union-attr]
    assert shown | hidden == columns and not shown & hidden
