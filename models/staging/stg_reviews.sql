select
    review_id,
    order_id,
    seller_id,
    reviewer_id,
    has_orders,
    rating::integer as rating,
    created_at,
    detailed_ratings,
    coalesce(lower(moderation ->> 'status'), 'pending') as moderation_status,
    coalesce(
        case
            when jsonb_typeof(engagement -> 'helpful_count') = 'number'
                then (engagement ->> 'helpful_count')::numeric
        end,
        0
    ) as helpful_count
from {{ ref('base_reviews') }}
-- An undated review counts in lifetime figures.
where
    trusted_review_id is not null
    and (created_at is null or created_at <= {{ as_of() }})
