-- From the staged files to the application's tables. Times of the files are local to Brazil, without zone.
-- One marketplace order for each seller of an Olist order: they share status, dates, buyer and reviews.

create function pg_temp.hex(id uuid) returns text language sql immutable as
$$ select replace(id::text, '-', '') $$;

create function pg_temp.instant(local timestamp) returns timestamptz language sql immutable as
$$ select local at time zone 'America/Sao_Paulo' $$;

create temporary table purchases on commit drop as
select
    o.order_id,
    c.customer_unique_id as buyer_id,
    o.order_status as olist_status,
    pg_temp.instant(o.order_purchase_timestamp) as purchased_at,
    pg_temp.instant(o.order_approved_at) as approved_at,
    pg_temp.instant(o.order_delivered_carrier_date) as carrier_at,
    pg_temp.instant(o.order_delivered_customer_date) as delivered_at,
    pg_temp.instant(o.order_estimated_delivery_date) as promised_at
from staged_orders as o
join staged_customers as c on c.customer_id = o.customer_id;

create temporary table pairs on commit drop as
select
    md5(pg_temp.hex(i.order_id) || pg_temp.hex(i.seller_id))::uuid as id,
    i.order_id,
    i.seller_id,
    sum(i.price + i.freight_value) as amount,
    max(pg_temp.instant(i.shipping_limit_date)) as ship_by
from staged_order_items as i
group by i.order_id, i.seller_id;

analyze purchases;

analyze pairs;

insert into users (id, display_name, created_at)
select buyer_id, 'Customer ' || left(pg_temp.hex(buyer_id), 8), min(purchased_at)
from purchases
group by buyer_id;

create temporary table first_sales on commit drop as
select pairs.seller_id, min(purchases.purchased_at) as at
from pairs
join purchases on purchases.order_id = pairs.order_id
group by pairs.seller_id;

insert into users (id, display_name, created_at)
select
    md5('user of seller ' || pg_temp.hex(s.seller_id))::uuid,
    'Seller ' || left(pg_temp.hex(s.seller_id), 8),
    coalesce(f.at, (select min(purchased_at) from purchases), now())
from staged_sellers as s
left join first_sales as f on f.seller_id = s.seller_id;

insert into orders (
    id, buyer_id, seller_id, status, total_amount, created_at, paid_at, ship_by, shipped_at, promised_at,
    delivered_at, completed_at, cancelled_by
)
select
    pairs.id,
    p.buyer_id,
    pairs.seller_id,
    case p.olist_status
        when 'delivered' then 'completed'
        when 'canceled' then 'cancelled'
        when 'unavailable' then 'cancelled'
        when 'invoiced' then 'processing'
        when 'processing' then 'processing'
        when 'approved' then 'paid'
        when 'created' then 'pending'
        when 'shipped' then 'shipped'
    end,
    pairs.amount,
    p.purchased_at,
    p.approved_at,
    pairs.ship_by,
    p.carrier_at,
    p.promised_at,
    p.delivered_at,
    case when p.olist_status = 'delivered' then p.delivered_at end, -- some cancelled orders were delivered
    case when p.olist_status = 'unavailable' then 'system' end
from pairs
join purchases as p on p.order_id = pairs.order_id;

-- A review is known from the buyer's answer on; the other time is when the survey was sent.
insert into reviews (id, order_id, seller_id, reviewer_id, rating, comment, created_at)
select
    md5(pg_temp.hex(r.review_id) || pg_temp.hex(r.order_id) || pg_temp.hex(pairs.seller_id))::uuid,
    pairs.id,
    pairs.seller_id,
    p.buyer_id,
    r.review_score,
    r.review_comment_message,
    pg_temp.instant(coalesce(r.review_answer_timestamp, r.review_creation_date))
from staged_order_reviews as r
join pairs on pairs.order_id = r.order_id
join purchases as p on p.order_id = r.order_id;

insert into seller_profiles (id, user_id, shop_name, rating_score, rating_count, created_at)
select
    s.seller_id,
    md5('user of seller ' || pg_temp.hex(s.seller_id))::uuid,
    'Shop ' || left(pg_temp.hex(s.seller_id), 8),
    round(r.mean, 2),
    coalesce(r.count, 0),
    f.at
from staged_sellers as s
left join first_sales as f on f.seller_id = s.seller_id
left join (
    select seller_id, avg(rating) as mean, count(*) as count from reviews group by seller_id
) as r on r.seller_id = s.seller_id;

insert into products (id, seller_id, name, price, stock, status, created_at)
select distinct on (p.product_id)
    p.product_id,
    i.seller_id,
    p.product_category_name,
    i.price,
    null::integer,
    'active',
    o.purchased_at
from staged_products as p
join staged_order_items as i on i.product_id = p.product_id
join purchases as o on o.order_id = i.order_id
order by p.product_id, o.purchased_at, i.seller_id, i.order_item_id;

insert into order_items (id, order_id, product_id, quantity, unit_price)
select
    md5('item ' || i.order_item_id || ' of ' || pg_temp.hex(i.order_id))::uuid,
    pairs.id,
    i.product_id,
    1,
    i.price
from staged_order_items as i
join pairs on pairs.order_id = i.order_id and pairs.seller_id = i.seller_id;
