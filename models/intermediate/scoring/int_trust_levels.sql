{{ config(kind='view') }}

with trust_levels as (

    select * from {{ ref('trust_levels') }}

),

run_context as (

    select * from {{ source('standing', 'run_context') }}

),

-- A minimum that is a setting comes from the run; the others from the table.
final as (

    select
        trust_levels.level,
        trust_levels.rank,
        trust_levels.min_score,
        case trust_levels.min_orders_setting
            when 'TRUST_SCORE_MIN_TRANSACTIONS_FOR_GOLD' then run_context.min_transactions_for_gold
            when 'TRUST_SCORE_MIN_TRANSACTIONS_FOR_DIAMOND' then run_context.min_transactions_for_diamond
            else trust_levels.min_completed_orders
        end as min_completed_orders,
        trust_levels.min_counterparties
    from trust_levels
    cross join run_context

)

select * from final
