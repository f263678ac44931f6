{#- Days of large shops: what a shop's settled orders or reviews of one day come to. A run of the due sums days in place of
    their rows wherever no window ends inside a day; where one does, and where everybody is due, the rows are read. -#}

{#- Whether windows of so many days keep or leave all that happened from the first moment to the last. -#}
{% macro no_window_ends(tally, windows) -%}
    {%- for days in windows -%}
        ({{ tally }}_first_at >= {{ window_start(days) }} or {{ tally }}_last_at < {{ window_start(days) }}) is not false
        {{- ' and ' if not loop.last }}
    {%- endfor -%}
{%- endmacro %}

{#- The days of shops that are needed, with whether each is whole; none where everybody is due. -#}
{% macro days_of_the_due(kept, is_whole) -%}
    {%- set due_shops = ref('int_due_shops') -%}
    select
        days.*,
        due_shops.user_id,
        {{ is_whole }} as is_whole
    from {{ kept }} as days
    inner join {{ due_shops }} as due_shops on days.seller_id = due_shops.seller_id
    where not {{ everybody_is_due() | lower }}
{%- endmacro %}

{#- The known rows of a kept model that concern the due: those of a shop that is needed, but for its whole days, and all of
    a person who is due; all where everybody is due. `is_summed` says that a whole day counts the row for the shop. -#}
{% macro of_the_due(kept, person, days) -%}
    {%- set due_users = ref('int_due_users') -%}
    {%- set due_shops = ref('int_due_shops') -%}
    {%- if everybody_is_due() -%}
        select
            *,
            false as is_summed
        from {{ kept }}
        where is_known
    {%- else -%}
        select
            kept.*,
            false as is_summed
        from {{ kept }} as kept
        inner join {{ due_shops }} as due_shops on kept.seller_id = due_shops.seller_id
        where kept.is_known and kept.summed_on is null
        union all
        select
            kept.*,
            false as is_summed
        from {{ kept }} as kept
        inner join {{ days }} as days on kept.seller_id = days.seller_id and kept.summed_on = days.summed_on
        where not days.is_whole
        union all
        select
            kept.*,
            days.seller_id is not null as is_summed
        from {{ kept }} as kept
        inner join {{ due_users }} as due_users on kept.{{ person }} = due_users.user_id
        left join {{ due_shops }} as due_shops on kept.seller_id = due_shops.seller_id
        left join {{ days }} as days on kept.seller_id = days.seller_id and kept.summed_on = days.summed_on
        where kept.is_known and (due_shops.seller_id is null or days.is_whole)
    {%- endif -%}
{%- endmacro %}
