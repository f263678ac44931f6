-- Every member, until the change log says who has changed.
with users as (

    select * from {{ ref('stg_users') }}

),

final as (

    select user_id from users

)

select * from final
