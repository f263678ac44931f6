{%- set reasons -%}
    when source.review_id is null then 'no key'
    {{ when_repeated('reviews', 'review_id') }}
    when source.rating is null then 'no rating'
    when source.rating not in (1, 2, 3, 4, 5) then 'rating out of range'
    when source.order_id is null and source.seller_id is null then 'neither order nor seller'
    {{ when_orphaned('reviews.order_id', 'order does not exist') }}
    {{ when_orphaned('reviews.seller_id', 'seller does not exist') }}
    {{ when_orphaned('reviews.reviewer_id', 'reviewer does not exist') }}
    when {{ impossible_moment(['source.created_at']) }} then 'impossible time'
    when source.created_at > {{ latest_moment() }} then 'created in the future'
    when
        jsonb_typeof(source.detailed_ratings) not in ('object', 'null')
        or jsonb_typeof(source.engagement) not in ('object', 'null')
        or jsonb_typeof(source.moderation) not in ('object', 'null')
        then 'malformed JSON'
{%- endset -%}

{{ trusted_rows(
    'reviews',
    columns=[
        'id uuid as review_id',
        'order_id uuid',
        'seller_id uuid',
        'reviewer_id uuid',
        'rating numeric',
        'created_at timestamptz',
        'detailed_ratings jsonb',
        'engagement jsonb',
        'moderation jsonb',
    ],
    parents={'order_id': 'orders', 'seller_id': 'seller_profiles', 'reviewer_id': 'users'},
    reasons=reasons,
    key='review_id',
    row_key='review_id::text',
    unique=true,
    more={'has_orders': is_used('reviews.order_id')},
) }}
