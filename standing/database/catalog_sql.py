"""The questions to PostgreSQL's catalogue; `schema` is the application's, `own` is Standing's."""

TABLES = """
select c.relname as name, c.relkind::text as kind
from pg_class as c
where c.relnamespace = to_regnamespace(%(schema)s)
    and c.relkind in ('r', 'p') and not c.relispartition
"""

OTHERS = """
select c.relname as name, c.relkind::text as kind
from pg_class as c
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind not in ('r', 'p', 'i', 'I')
"""

ENUMS = "select format_type(oid, null) as name from pg_type where typtype = 'e'"

PARTITIONS = """
select
    root.relname as "table", n.nspname as schema, c.relname as name, up.relname as parent,
    t.isleaf as leaf, c.relkind = 'f' as "foreign",
    coalesce((
        select jsonb_object_agg(i.relname, jsonb_build_array(x.indisvalid, above.relname))
        from pg_index as x
        join pg_class as i on i.oid = x.indexrelid
        left join pg_inherits as h on h.inhrelid = x.indexrelid
        left join pg_class as above on above.oid = h.inhparent
        where x.indrelid = c.oid
    ), '{}') as indexes
from pg_class as root
cross join lateral pg_partition_tree(root.oid) as t
join pg_class as c on c.oid = t.relid
join pg_class as up on up.oid = t.parentrelid
join pg_namespace as n on n.oid = c.relnamespace
where root.relnamespace = to_regnamespace(%(schema)s) and root.relkind = 'p' and not root.relispartition
order by root.relname, t.level, n.nspname, c.relname
"""

COLUMNS = """
select
    c.relname as "table", a.attname as name,
    format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
    pg_get_expr(d.adbin, d.adrelid) as "default"
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
where c.relnamespace = to_regnamespace(%(schema)s) and c.relkind in ('r', 'p') and not c.relispartition
"""

INDEXES = """
select
    c.relname as "table", i.relname as name,
    array(
        select a.attname::text
        from unnest(x.indkey) with ordinality as k(number, position)
        left join pg_attribute as a on a.attrelid = x.indrelid and a.attnum = k.number and k.number > 0
        where k.position <= x.indnkeyatts
        order by k.position
    ) as columns,
    x.indisvalid as valid, x.indpred is not null as partial, x.indisunique as "unique"
from pg_index as x
join pg_class as c on c.oid = x.indrelid
join pg_class as i on i.oid = x.indexrelid
where c.relnamespace = to_regnamespace(%(schema)s)
"""

CONSTRAINTS = """
select
    c.relname as "table", k.conname as name, k.contype::text as kind,
    array(
        select a.attname::text
        from unnest(k.conkey) with ordinality as u(number, position)
        join pg_attribute as a on a.attrelid = k.conrelid and a.attnum = u.number
        order by u.position
    ) as columns,
    k.convalidated as validated, r.relname as "references"
from pg_constraint as k
join pg_class as c on c.oid = k.conrelid
left join pg_class as r on r.oid = k.confrelid
where c.relnamespace = to_regnamespace(%(schema)s)
    and k.contype in ('p', 'u', 'f', 'c') and k.conparentid = 0
"""

TRIGGERS = """
select
    n.nspname as schema, c.relname as "table",
    coalesce(
        (select above.relname from pg_class as above where above.oid = pg_partition_root(c.oid)), c.relname
    )
        as root,
    g.tgname as name, f.proname as function, g.tgtype::integer as type,
    g.tgqual is not null or cardinality(g.tgattr::int2[]) > 0 as conditional,
    g.tgenabled::text as enabled, g.tgparentid <> 0 as cloned
from pg_trigger as g
join pg_proc as f on f.oid = g.tgfoid
join pg_class as c on c.oid = g.tgrelid
join pg_namespace as n on n.oid = c.relnamespace
where f.pronamespace = to_regnamespace(%(own)s) and not g.tgisinternal
order by n.nspname, c.relname, g.tgname
"""

FUNCTIONS = (
    "select proname as name, prosrc as body from pg_proc where pronamespace = to_regnamespace(%(own)s)"
)

OWN = """
select c.relname as "table", a.attname as name
from pg_class as c
join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.relnamespace = to_regnamespace(%(own)s) and c.relkind in ('r', 'p') and not c.relispartition
"""
