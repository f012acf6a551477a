"""The database itself writes down every change of a watched table, and lets nobody change what is written."""

from django.db import migrations

# `wangge.actor` is JSON: {"actor": id, "address": text} of a person's request, or {"system": text} of a program.
# `before` and `after` hold only what differs; hidden columns do not count, of secret ones only that they changed.
RECORD = r"""
create function grids_audit() returns trigger language plpgsql as $$
declare
  key text := tg_argv[0];
  hidden text[] := string_to_array(tg_argv[3], ',');
  secret text[] := string_to_array(tg_argv[4], ',');
  who jsonb := nullif(current_setting('wangge.actor', true), '')::jsonb;
  old_row jsonb;
  new_row jsonb;
  any_row jsonb;
  was jsonb;
  now_is jsonb;
  touched jsonb;
begin
  if tg_op <> 'INSERT' then old_row := to_jsonb(old) - hidden; end if;
  if tg_op <> 'DELETE' then new_row := to_jsonb(new) - hidden; end if;
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(n.key, old_row -> n.key), jsonb_object_agg(n.key, n.value)
      into was, now_is from jsonb_each(new_row) n where n.value is distinct from old_row -> n.key;
    if now_is is null then return null; end if;
    select jsonb_object_agg(c, '***') into touched from unnest(secret) c where now_is ? c;
    if touched is not null then
      was := was || touched;
      now_is := now_is || touched;
    end if;
  else
    was := jsonb_strip_nulls(old_row - secret);
    now_is := jsonb_strip_nulls(new_row - secret);
  end if;
  any_row := coalesce(new_row, old_row);
  insert into grids_auditentry (actor_id, system, address, act, kind, object_id, unit, person, before, after)
  values (
    (who ->> 'actor')::bigint,
    left(coalesce(who ->> 'system', case when who is null then 'database: ' || session_user else '' end), 80),
    (who ->> 'address')::inet,
    case tg_op when 'INSERT' then 'created' when 'UPDATE' then 'changed' else 'deleted' end,
    tg_table_name,
    coalesce(any_row ->> key, ''),
    coalesce(any_row ->> nullif(tg_argv[1], ''), ''),
    (any_row ->> nullif(tg_argv[2], ''))::bigint,
    was, now_is);
  return null;
end $$;

create function grids_audit_watch(
  watched regclass, key text, unit_column text, person_column text, hidden text, secret text
) returns void language plpgsql as $$
begin
  execute format(
    'create trigger grids_audit after insert or update or delete on %s for each row execute function '
    'grids_audit(%L, %L, %L, %L, %L)', watched, key, unit_column, person_column, hidden, secret);
end $$;

create function grids_audit_unwatch(watched regclass) returns void language plpgsql as $$
begin
  execute format('drop trigger if exists grids_audit on %s', watched);
end $$;

select grids_audit_watch('grids_unit', 'code', 'code', '', '', '');
select grids_audit_watch('grids_succession', 'id', 'old_id', '', '', '');
select grids_audit_watch('grids_post', 'id', 'unit_id', 'person_id', 'district,created_at', '');
select grids_audit_watch('grids_person', 'id', '', 'id',
  'last_login,rights_due_at,session_mark,password_set_at,created_at,language', 'password');
select grids_audit_watch('grids_districtprofile', 'id', 'district_id', '', '', '');
select grids_audit_watch('grids_plan', 'id', 'scope_id', '', 'frame,certificate', '');
"""
RECORD_REVERSE = """
select grids_audit_unwatch(t) from unnest(array['grids_unit', 'grids_succession', 'grids_post', 'grids_person',
  'grids_districtprofile', 'grids_plan']::regclass[]) t;
drop function grids_audit_unwatch(regclass);
drop function grids_audit_watch(regclass, text, text, text, text, text);
drop function grids_audit();
"""

APPEND_ONLY = """
create function grids_audit_is_final() returns trigger language plpgsql as $$
begin
  if tg_op = 'TRUNCATE' and current_setting('wangge.allow_truncate', true) = 'on' then
    return null;
  end if;
  raise exception 'the audit list is append-only: % refused', tg_op using errcode = 'restrict_violation';
end $$;
create trigger grids_audit_row_is_final before update or delete on grids_auditentry
  for each row execute function grids_audit_is_final();
create trigger grids_audit_table_is_final before truncate on grids_auditentry
  for each statement execute function grids_audit_is_final();
"""
APPEND_ONLY_REVERSE = """
drop trigger grids_audit_table_is_final on grids_auditentry;
drop trigger grids_audit_row_is_final on grids_auditentry;
drop function grids_audit_is_final();
"""


class Migration(migrations.Migration):
    dependencies = [("grids", "0003_audit_and_passwords")]

    operations = [
        migrations.RunSQL(RECORD, RECORD_REVERSE),
        migrations.RunSQL(APPEND_ONLY, APPEND_ONLY_REVERSE),
    ]
