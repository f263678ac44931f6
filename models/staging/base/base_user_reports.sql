{{ judged_cases('user_reports') }}
