{{ application_rows('reviews', [
    'id uuid as review_id',
    'order_id uuid',
    'seller_id uuid',
    'reviewer_id uuid',
    'created_at timestamptz',
]) }}
