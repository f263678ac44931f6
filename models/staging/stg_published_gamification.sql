{%- set source_rows = application_rows('users', [
    'id uuid as user_id',
    'gamification jsonb as published_gamification',
]) -%}

select
    user_id,
    published_gamification
from ({{ source_rows }}) as source
