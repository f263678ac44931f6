{{ evaluation_windows(ref('int_due_sellers'), 'seller_id', ref('int_order_days'), 'day') }}
