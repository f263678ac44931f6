{{ evaluation_windows(ref('int_due_users'), 'user_id', ref('int_user_trade'), 'resolved_on') }}
