-- A level gets it from its row or from one of the two settings, and not from both.
select
    'trust_levels' as seed_name,
    written.level as row_key,
    case
        when written.min_completed_orders is not null
            then 'min_completed_orders and min_orders_setting exclude each other'
        when written.min_orders_setting is null then 'min_completed_orders is empty and no setting says it'
        else 'there is no setting ' || written.min_orders_setting || ' of completed orders'
    end as what_is_wrong
from {{ ref('trust_levels') }} as written
inner join {{ ref('int_trust_levels') }} as levels on written.level = levels.level
where
    levels.min_completed_orders is null
    or (written.min_orders_setting is not null and written.min_completed_orders is not null)
