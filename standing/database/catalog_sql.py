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

#: Each table of the schema, as `root`, with itself, its partitions and its children at any depth.
TREES = """
with recursive trees (root, root_name, oid) as (
    select oid, relname, oid
    from pg_class
    where relnamespace = to_regnamespace(%(schema)s) and relkind in ('r', 'p') and not relispartition
    union
    select t.root, t.root_name, i.inhrelid
    from trees as t
    join pg_inherits as i on i.inhparent = t.oid
)
"""

CHILDREN = f"""{TREES}
select t.root_name as "table", n.nspname as schema, c.relname as name, c.relkind = 'f' as "foreign"
from trees as t
join pg_class as c on c.oid = t.oid and not c.relispartition
join pg_namespace as n on n.oid = c.relnamespace
where t.oid <> t.root
order by t.root_name, n.nspname, c.relname
"""

# A child, or a partition, may make a column of others than its parent does.
VIRTUAL = f"""{TREES}
select
    t.root_name as "table", a.attname as name,
    array_remove(array_agg(distinct part.attname::text order by part.attname::text), null) as made_of
from trees as t
join pg_attribute as a on a.attrelid = t.oid and a.attgenerated = 'v' and not a.attisdropped
join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
left join pg_depend as p
    on p.classid = 'pg_attrdef'::regclass and p.objid = d.oid and p.refclassid = 'pg_class'::regclass
        and p.refobjid = t.oid and p.refobjsubid not in (0, a.attnum)
left join pg_attribute as part on part.attrelid = t.oid and part.attnum = p.refobjsubid and part.attnum > 0
group by t.root_name, a.attname
"""

# A write to a partition or a child fires no statement trigger of its table, nor does one that names another
# parent, nor what a subscription applies.
ROW_BY_ROW = f"""{TREES}
select distinct t.root_name as name
from trees as t
join pg_class as c on c.oid = t.oid
where c.relkind = 'p' or t.oid <> t.root
    or exists (select from pg_inherits as i where i.inhrelid = t.oid)
    or exists (select from pg_subscription_rel as r where r.srrelid = t.oid)
"""

UNLOGGED = f"""{TREES}
select distinct t.root_name as name
from trees as t
join pg_class as c on c.oid = t.oid and c.relpersistence = 'u'
"""

#: What rows change with although no trigger fires: a table's file (a rewrite, a restore), its parts, what a
#: generated column is made of, the labels of an enum, a name that goes to another column; and triggers that
#: were switched off and on again. Of the log, its file and what could not be written to it.
SIGNATURES = f"""{TREES},

followed (root_name, name) as (select * from unnest(%(tables)s::text[], %(columns)s::text[])),

attributes as (
    select a.attrelid, t.root_name, string_agg(concat_ws(' ', a.attname, a.attnum, d.oid, (
        select string_agg(e.enumlabel, ' ' order by e.oid) from pg_enum as e where e.enumtypid = a.atttypid
    )), ',' order by a.attnum) as signature
    from trees as t
    join pg_attribute as a on a.attrelid = t.oid and not a.attisdropped
    join followed as f on f.root_name = t.root_name and f.name = a.attname
    left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum and a.attgenerated <> ''
    group by a.attrelid, t.root_name
),

triggers as (
    select
        g.tgrelid,
        string_agg(concat_ws(' ', g.oid, g.xmin, p.oid, p.xmin), ',' order by g.oid) as signature
    from pg_trigger as g
    join pg_proc as p on p.oid = g.tgfoid and p.pronamespace = to_regnamespace(%(own)s)
    group by g.tgrelid
)

select
    t.root_name as source,
    md5(string_agg(
        concat_ws('|', t.oid, pg_relation_filenode(t.oid), a.signature, g.signature), ';' order by t.oid
    )) as signature
from trees as t
left join attributes as a on a.attrelid = t.oid and a.root_name = t.root_name
left join triggers as g on g.tgrelid = t.oid
where t.root_name in (select f.root_name from followed as f)
group by t.root_name
union all
select '', concat_ws(' ', c.oid, c.xmin, pg_sequence_last_value(to_regclass(%(missed)s)))
from pg_class as c
where c.oid = to_regclass(%(log)s)
"""
