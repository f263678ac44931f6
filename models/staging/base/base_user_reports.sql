{{ trusted_cases('user_reports') }}
