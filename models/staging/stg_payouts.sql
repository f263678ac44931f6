{%- set columns = application_columns('payouts') -%}

with source as (

    select
        {{ application_column(columns, 'seller_id', 'uuid') }} as seller_id,
        {{ application_column(columns, 'amount', 'numeric') }} as amount,
        lower({{ application_column(columns, 'status', 'text') }}) as status,
        {{ application_column(columns, 'created_at', 'timestamptz') }} as created_at
    {{ application_rows('payouts', columns) }}

),

final as (

    select
        seller_id,
        amount,
        status,
        {{ known('created_at') }} as created_at,
        {{ upcoming('created_at') }} as next_event_at
    from source
    where created_at is not null

)

select * from final
