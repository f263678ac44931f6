{{ config(kind='of_the_due') }}

with orders as not materialized (

    select * from {{ ref('int_judged_orders') }}
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

        select * from orders

    )
{%- else -%}
    sold as (

        select orders.*
        from orders
        inner join due_shops on orders.seller_id = due_shops.seller_id

    ),

    bought as (

        select orders.*
        from orders
        inner join due_users on orders.buyer_id = due_users.user_id
        left join due_shops on orders.seller_id = due_shops.seller_id
        where due_shops.seller_id is null

    ),

    final as (

        select * from sold
        union all
        select * from bought

    )
{%- endif %}

select * from final
