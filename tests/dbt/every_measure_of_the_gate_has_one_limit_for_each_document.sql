with gate_limits as (

    select * from {{ ref('gate_limits') }}

),

documents (target) as (

    values ('trust_score'), ('behavior_score'), ('ratings'), ('performance'), ('tier_info')

),

measures (measure) as (

    values
    ('changed_share'),
    ('moved_up_share'),
    ('moved_down_share'),
    ('mean_shift'),
    ('lost_values_share'),
    ('lost_members_share')

),

limits as (

    select
        measures.measure,
        documents.target,
        count(*) filter (where gate_limits.target = documents.target) as own,
        count(*) filter (where gate_limits.target = 'all') as shared
    from measures
    cross join documents
    left join gate_limits on measures.measure = gate_limits.measure
    group by measures.measure, documents.target

)

select
    'gate_limits' as seed_name,
    null as row_key,
    measure || ' has ' || case when own + shared = 0 then 'no row' else 'more than one row' end
    || ' for ' || target as what_is_wrong
from limits
where own > 1 or shared > 1 or own + shared = 0
