-- One of each thing that the schema of PostgreSQL can hold, for the tests. Statements end with a line.
create schema "My Shop";
do $$ begin create role app; exception when duplicate_object or unique_violation then null; end $$;
do $$ begin create role "Odd Role"; exception when duplicate_object or unique_violation then null; end $$;
create type public.mood as enum ('sad', 'ok', 'it''s');
alter type public.mood add value 'early' before 'ok';
create domain public.price as numeric(10,2) default 0 not null constraint positive check (value >= 0);
create type public.pair as (a int, b text collate "C");
create type public.span as range (subtype = float8);
create collation public.plain (provider = libc, locale = 'C');
create sequence public.numbers as int increment 5 minvalue 10 maxvalue 1000 start 20 cycle;
create table public.customers (id serial primary key, mail text collate "C" not null, mood public.mood default 'ok', "Weird ""Name" int, code varchar(20) unique);
create table public.orders (
 id bigint generated always as identity primary key,
 customer int not null references public.customers(id) on delete cascade deferrable initially deferred,
 cost public.price, net numeric(12,4) default 1.5 check (net > 0), gross numeric generated always as (net * 1.2) stored,
 at timestamptz default now() not null, tags text[] default '{}', note text, during tstzrange,
 constraint sane check (net < 1000000) not valid,
 unique (customer, at) include (note),
 exclude using gist (during with &&)
) with (fillfactor = 70, autovacuum_enabled = false);
alter table public.orders alter column note set storage external;
alter table public.orders alter column note set statistics 500;
alter table public.orders drop column tags;
create index orders_low on public.orders (lower(note) text_pattern_ops, at desc nulls last) where note is not null;
create unique index orders_unique on public.orders using btree (note collate "C") include (net);
create statistics public.related (dependencies) on customer, at from public.orders;
create table "My Shop"."Order" (a int, b int);
alter table "My Shop"."Order" replica identity full;
create table public.grand (day date not null, id int not null, note text default 'x', primary key (id, day)) partition by range (day);
create table public.jan partition of public.grand for values from ('2026-01-01') to ('2026-02-01');
create table public.rest partition of public.grand default;
create index grand_note on public.grand (note);
create table public.hashed (id int) partition by hash (abs(id));
create table public.h0 partition of public.hashed for values with (modulus 2, remainder 0);
create table public.base (id int, kind text);
create table public.child (more int) inherits (public.base);
create unlogged table public.quick (a int);
create view public.totals as select c.id, c.mail, count(*) as many, sum(o.net) from public.customers c join public.orders o on o.customer = c.id group by c.id, c.mail;
create view public.mails with (security_barrier) as select mail, id from public.customers where mood <> 'sad' and exists (select 1 from public.orders o where o.customer = customers.id) with check option;
create view public.grouped as select mood, count(*) from public.customers group by mood having count(*) > 1 order by 2;
create view public.both_ as select id from public.customers union all select id from public.orders;
create view public.withs as with x as (select id from public.customers) select x.id + 1 as more from x;
create view public.windowed as select id, row_number() over (partition by mood order by id) from public.customers c2;
create materialized view public.cached as select id, mail from public.customers with data;
create index cached_id on public.cached (id);
create function public.f(a int, b text default 'x', out c int) returns int language sql stable strict security definer set search_path = public as 'select a';
create function public.f(a int) returns setof text language plpgsql as $$ begin return next 'a  b'; end $$;
create procedure public.p(a public.mood) language sql as 'select 1';
create aggregate public.total(int) (sfunc = int4pl, stype = int, initcond = '0');
create function public.changed() returns trigger language plpgsql as 'begin return new; end';
create trigger touched before update on public.orders for each row when (old.net is distinct from new.net) execute function public.changed();
create trigger part after insert on public.grand for each row execute function public.changed();
create constraint trigger later after insert on public.customers deferrable initially deferred for each row execute function public.changed();
alter table public.orders disable trigger touched;
create rule protect as on delete to public.quick where old.a > 5 do instead nothing;
alter table public.customers enable row level security;
create policy own on public.customers as restrictive for select to app, "Odd Role" using (mail = current_user) ;
create policy wr on public.customers for update to public using (true) with check (id > 1);
grant select on public.orders to app;
grant select, insert on public.customers to "Odd Role" with grant option;
grant all on public.grand to app;
grant update (mail) on public.customers to app;
grant usage on schema "My Shop" to app;
revoke execute on function public.f(int) from public;
grant usage on sequence public.numbers to app;
revoke all on public.quick from postgres;
alter default privileges in schema public grant select on tables to app;
alter table public.base owner to app;
comment on table public.orders is 'All orders';
comment on column public.orders.net is 'it''s net';
comment on function public.f(int) is 'f';
comment on index public.orders_low is 'low';
comment on schema "My Shop" is 'shop';
create function public.same_mood(public.mood, public.mood) returns boolean language sql immutable as 'select $1::text = $2::text';
create operator public.=== (leftarg = public.mood, rightarg = public.mood, function = public.same_mood, commutator = operator(public.===));
create operator class public.odd for type int4 using hash as operator 1 =, function 1 hashint4(int4);
create cast (public.pair as text) with inout;
create text search configuration public.words (copy = pg_catalog.simple);
create text search dictionary public.plainly (template = pg_catalog.simple, stopwords = 'english');
create foreign data wrapper nothing;
create server far type 'any' version '1' foreign data wrapper nothing options (host 'there', port '1');
create user mapping for public server far options (password 'secret');
create publication followed for table public.customers, public.orders with (publish = 'insert, update');
