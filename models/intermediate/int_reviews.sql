{{ config(kind='of_the_due') }}

with reviews as not materialized (

    select * from {{ ref('int_judged_reviews') }}
    where is_known

),

due_users as (

    select * from {{ ref('int_due_users') }}

),

due_shops as (

    select * from {{ ref('int_due_shops') }}

),

{% if everybody_is_due() -%}
    final as (

        select * from reviews

    )
{%- else -%}
    received as (

        select reviews.*
        from reviews
        inner join due_shops on reviews.seller_id = due_shops.seller_id

    ),

    written as (

        select reviews.*
        from reviews
        inner join due_users on reviews.reviewer_id = due_users.user_id
        left join due_shops on reviews.seller_id = due_shops.seller_id
        where due_shops.seller_id is null

    ),

    final as (

        select * from received
        union all
        select * from written

    )
{%- endif %}

select * from final
