{{ trusted_cases('user_warnings') }}
