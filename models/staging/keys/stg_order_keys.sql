{{ application_rows('orders', [
    'id uuid as order_id',
    'buyer_id uuid',
    'seller_id uuid',
    'created_at timestamptz',
]) }}
