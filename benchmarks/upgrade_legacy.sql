-- A legacy marketplace of a given size (:users, :sellers, :orders), and lists of ids for pgbench to pick from.

create table users (
    id uuid primary key default gen_random_uuid(), display_name text, email text unique, phone text,
    email_verified boolean, phone_verified boolean, created_at timestamptz not null default now(),
    last_login_at timestamptz
);
insert into users
select
    md5('u' || n)::uuid, 'Member ' || n, n || '@example.org', '08' || n, n % 3 > 0, n % 4 > 0,
    now() - random() * interval '700 days', now() - random() * interval '30 days'
from generate_series(1, :users) as n;

create table seller_profiles (
    id uuid primary key default gen_random_uuid(), user_id uuid unique references users (id), shop_name text,
    rating_score numeric(3, 2), rating_count integer not null default 0, created_at timestamptz default now()
);
insert into seller_profiles
select
    md5('s' || n)::uuid, md5('u' || n)::uuid, 'Shop ' || n,
    case when n % 20 > 0 then round((3.4 + 1.6 * random())::numeric, 2) end, n % 400
from generate_series(1, :sellers) as n;

create table products (
    id uuid primary key default gen_random_uuid(), seller_id uuid references seller_profiles (id), name text,
    price numeric(12, 2), stock integer, status text default 'active', created_at timestamptz default now()
);
insert into products (seller_id, name, price, stock)
select md5('s' || 1 + n % :sellers)::uuid, 'Product ' || n, 10 + n % 900, n % 30
from generate_series(1, 5 * :sellers) as n;

-- A few buyers and sellers have most of the orders, as everywhere.
create table orders (
    id uuid primary key default gen_random_uuid(), buyer_id uuid not null, seller_id uuid not null,
    status text not null default 'pending', total_amount numeric(12, 2),
    created_at timestamptz not null default now(), completed_at timestamptz, updated_at timestamptz
);
insert into orders
select
    md5('o' || n)::uuid, md5('u' || 1 + floor(:users * random() ^ 3))::uuid,
    md5('s' || 1 + floor(:sellers * random() ^ 2))::uuid,
    case when n % 10 < 8 then 'completed' when n % 10 = 8 then 'cancelled' else 'shipped' end,
    20 + n % 3000, now() - random() * interval '700 days'
from generate_series(1, :orders) as n;
alter table orders
    add foreign key (buyer_id) references users (id), add foreign key (seller_id) references seller_profiles (id);

create table reviews (
    id uuid primary key default gen_random_uuid(), order_id uuid references orders (id),
    seller_id uuid references seller_profiles (id), reviewer_id uuid references users (id),
    rating integer not null, comment text, created_at timestamptz default now()
);
insert into reviews (order_id, seller_id, reviewer_id, rating, comment)
select id, seller_id, buyer_id, 1 + (random() * 4)::int, 'ดีมาก' from orders limit 2 * :orders / 5;

create table admin_users (id uuid primary key default gen_random_uuid(), email text, role text);

create schema bench;
create table bench.users as select row_number() over () as n, id from users;
create unique index on bench.users (n);
create table bench.orders as select row_number() over () as n, id, seller_id from orders limit 200000;
create unique index on bench.orders (n);
