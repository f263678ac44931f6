{%- set columns = application_columns('payouts') -%}

with source as (

    select
        {{ application_column(columns, 'id', 'text') }} as payout_id,
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        {{ application_column(columns, 'amount', 'numeric') }} as amount,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
    {{ application_rows('payouts', columns) }}

),

final as (

    select
        *,
        case
            when created_at is null then 'no creation time'
            when {{ impossible_moment(['created_at']) }} then 'impossible time'
            when amount < 0 then 'negative amount'
            when amount > {{ policy('max_amount') }} then 'absurd amount'
        end as quarantine_reason
    from source

)

select * from final
