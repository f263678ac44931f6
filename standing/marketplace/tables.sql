-- The legacy application, before the upgrade, without keys: these come from constraints.sql after the rows.
-- Statements are picked by table name; standing/contract/application.py says which tables are optional.

create table users (
    id uuid not null default gen_random_uuid(),
    display_name text,
    email text,
    phone text,
    email_verified boolean not null default false,
    phone_verified boolean not null default false,
    created_at timestamptz not null default now(),
    last_login_at timestamptz
);

create table seller_profiles (
    id uuid not null default gen_random_uuid(),
    user_id uuid,
    shop_name text,
    rating_score numeric(3, 2),
    rating_count integer not null default 0,
    created_at timestamptz default now()
);

create table products (
    id uuid not null default gen_random_uuid(),
    seller_id uuid not null,
    name text,
    price numeric(12, 2),
    stock integer,
    status text not null default 'active',
    created_at timestamptz default now()
);

create table orders (
    id uuid not null default gen_random_uuid(),
    buyer_id uuid not null,
    seller_id uuid not null,
    status text not null default 'pending',
    total_amount numeric(12, 2),
    created_at timestamptz not null default now(),
    paid_at timestamptz,
    ship_by timestamptz,
    shipped_at timestamptz,
    promised_at timestamptz,
    delivered_at timestamptz,
    completed_at timestamptz,
    cancelled_at timestamptz,
    cancelled_by text,
    refunded_at timestamptz,
    refunded_amount numeric(12, 2),
    updated_at timestamptz
);

create table order_items (
    id uuid not null default gen_random_uuid(),
    order_id uuid not null,
    product_id uuid not null,
    quantity integer not null default 1,
    unit_price numeric(12, 2) not null
);

create table reviews (
    id uuid not null default gen_random_uuid(),
    order_id uuid,
    seller_id uuid,
    reviewer_id uuid,
    rating integer not null,
    comment text,
    created_at timestamptz default now()
);

create table admin_users (
    id uuid not null default gen_random_uuid(),
    email text not null,
    role text not null default 'support',
    created_at timestamptz not null default now()
);

create table messages (
    id uuid not null default gen_random_uuid(),
    thread_id uuid not null,
    sender_id uuid not null,
    recipient_id uuid not null,
    sent_at timestamptz not null default now()
);

create table disputes (
    id uuid not null default gen_random_uuid(),
    order_id uuid not null,
    opened_at timestamptz not null default now(),
    resolved_at timestamptz,
    decided_against text
);

create table returns (
    id uuid not null default gen_random_uuid(),
    order_id uuid not null,
    requested_at timestamptz not null default now(),
    completed_at timestamptz
);

create table user_sessions (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    started_at timestamptz not null default now(),
    ended_at timestamptz
);

create table user_reports (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    outcome text
);

create table user_warnings (
    id uuid not null default gen_random_uuid(),
    user_id uuid not null,
    created_at timestamptz not null default now(),
    decided_at timestamptz,
    outcome text
);

create table payouts (
    id uuid not null default gen_random_uuid(),
    seller_id uuid not null,
    amount numeric(12, 2) not null,
    status text not null default 'pending',
    created_at timestamptz not null default now()
);

create table order_exclusions (
    id uuid not null default gen_random_uuid(),
    order_id uuid not null,
    reason text not null,
    decided_at timestamptz not null default now()
);
