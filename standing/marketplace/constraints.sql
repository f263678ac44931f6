-- Keys of the legacy application. On purpose no index on the foreign keys of orders and reviews:
-- the legacy database has none, and the upgrade must bring what Standing needs.

alter table users
    add primary key (id),
    add constraint users_email_key unique (email);

alter table seller_profiles
    add primary key (id),
    add constraint seller_profiles_user_id_key unique (user_id),
    add foreign key (user_id) references users (id);

alter table products
    add primary key (id),
    add foreign key (seller_id) references seller_profiles (id);

alter table orders
    add primary key (id),
    add foreign key (buyer_id) references users (id),
    add foreign key (seller_id) references seller_profiles (id);

alter table order_items
    add primary key (id),
    add foreign key (order_id) references orders (id),
    add foreign key (product_id) references products (id);

alter table reviews
    add primary key (id),
    add foreign key (order_id) references orders (id),
    add foreign key (seller_id) references seller_profiles (id),
    add foreign key (reviewer_id) references users (id);

alter table admin_users
    add primary key (id),
    add constraint admin_users_email_key unique (email);

alter table messages
    add primary key (id),
    add foreign key (sender_id) references users (id),
    add foreign key (recipient_id) references users (id);

alter table disputes
    add primary key (id),
    add foreign key (order_id) references orders (id);

alter table returns
    add primary key (id),
    add foreign key (order_id) references orders (id);

alter table user_sessions
    add primary key (id),
    add foreign key (user_id) references users (id);

alter table user_reports
    add primary key (id),
    add foreign key (user_id) references users (id);

alter table user_warnings
    add primary key (id),
    add foreign key (user_id) references users (id);

alter table payouts
    add primary key (id),
    add foreign key (seller_id) references seller_profiles (id);

alter table order_exclusions
    add primary key (id),
    add foreign key (order_id) references orders (id);
