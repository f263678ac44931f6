with behavior as (

    select * from {{ ref('int_user_behavior') }}

),

final as (

    select
        user_id,
        {{ percentage('completed', 'concluded') }}::numeric(6, 2) as kept_rate,
        valid_until,
        jsonb_build_object(
            'kept_rate', {{ percentage('completed', 'concluded') }},
            'promises', concluded,
            'mood', case when cancelled > 0 then 'cloudy' else 'sunny' end,
            'last_updated', {{ utc_text(as_of()) }},
            'evidence', jsonb_build_object('kept_rate', {{ tally_evidence('completed', 'concluded') }})
        ) as document
    from behavior

)

select * from final
