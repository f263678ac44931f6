with due_people as (

    select * from {{ ref('int_due_people') }}

),

upcoming as (

    select * from {{ ref('int_upcoming') }}

),

sellers as (

    select * from {{ ref('stg_sellers') }}

),

threads as not materialized (

    select * from {{ ref('int_thread_facts') }}
    where next_step_at is not null

),

messages as not materialized (

    select
        upcoming.sender_id,
        upcoming.recipient_id,
        upcoming.next_event_at
    from threads
    cross join
        lateral unnest(threads.upcoming_senders, threads.upcoming_recipients, threads.upcoming_moments)
            as upcoming (sender_id, recipient_id, next_event_at)
    {%- if not is_promised('messages.thread_id', 'is_filled') %}
    -- Those in no thread have no row among the facts of threads.
    union all
    select
        sender_id,
        recipient_id,
        next_event_at
    from {{ ref('stg_messages') }}
    where next_event_at is not null and thread_id is null
    {%- endif %}

),

users as (

    select * from {{ ref('stg_users') }}
    where next_event_at is not null

),

-- Everybody whom a row of the future will concern.
concerned as (

    select
        user_id,
        next_event_at,
        false as is_message
    from upcoming
    union all
    select
        sellers.user_id,
        upcoming.next_event_at,
        false as is_message
    from upcoming
    inner join sellers on upcoming.seller_id = sellers.seller_id
    union all
    select
        messages.sender_id as user_id,
        messages.next_event_at,
        true as is_message
    from messages
    inner join due_people on messages.sender_id = due_people.user_id
    union all
    select
        messages.recipient_id as user_id,
        messages.next_event_at,
        true as is_message
    from messages
    inner join due_people on messages.recipient_id = due_people.user_id
    union all
    select
        users.user_id,
        users.next_event_at,
        false as is_message
    from users
    inner join due_people on users.user_id = due_people.user_id

),

final as (

    select
        user_id,
        min(next_event_at) as next_event_at,
        min(next_event_at) filter (where is_message) as next_message_at
    from concerned
    where user_id is not null
    group by user_id

)

select * from final
