{{ config(looked_up=['metric']) }}

-- A table: as a view it would be put together anew for each member.
with scorecard as (

    select * from {{ ref('int_scorecard') }}

),

final as (

    {{ bins_by_metric(
        'scorecard',
        ['metric', 'category', 'kind', 'smoothing_k', 'smoothing_prior', 'label_en', 'label_th'],
        {'value': 'bin_values', 'points': 'bin_points'},
    ) }}

)

select * from final
