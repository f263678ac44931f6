{{ application_rows('users', [
    'id uuid as user_id',
    'created_at timestamptz',
]) }}
