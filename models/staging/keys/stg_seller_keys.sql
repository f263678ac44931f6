{{ application_rows('seller_profiles', [
    'id uuid as seller_id',
    'created_at timestamptz',
]) }}
