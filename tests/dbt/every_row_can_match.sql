-- What is beyond the reach of what it is compared with looks like policy and does nothing.
with beyond as (

    select
        'scorecard_bins' as seed_name,
        bins.metric || ', ' || bins.lower_bound as row_key,
        bins.metric as subject,
        bins.lower_bound as given,
        case metrics.kind when 'flag' then 1 else 100 end as greatest_given
    from {{ ref('scorecard_bins') }} as bins
    inner join {{ ref('scorecard_metrics') }} as metrics on bins.metric = metrics.metric
    where metrics.kind in ('flag', 'rate')
    union all
    select
        'problem_bins' as seed_name,
        metric || ', ' || lower_bound as row_key,
        metric as subject,
        lower_bound as given,
        100 as greatest_given
    from {{ ref('problem_bins') }}
    where metric like '%\_share'
    union all
    select
        'risk_rules' as seed_name,
        risk_rules.code as row_key,
        risk_rules.measure as subject,
        risk_rules.at_least as given,
        100 as greatest_given
    from {{ ref('risk_rules') }} as risk_rules
    where risk_rules.measure like '%\_rate'

)

select
    seed_name,
    row_key,
    'it begins at ' || given || ', and ' || subject || ' never goes beyond ' || greatest_given
        as what_is_wrong
from beyond
where given > greatest_given
