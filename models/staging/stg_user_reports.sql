{{ known_cases(ref('base_user_reports')) }}
