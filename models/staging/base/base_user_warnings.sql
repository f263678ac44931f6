{{ judged_cases('user_warnings') }}
