-- Functions and tables that the other files use; they end with the session. Amounts are fen. Random choices depend only
-- on ids and the seed.

-- A number from 0 to n - 1, the same for the same id and salt.
CREATE OR REPLACE FUNCTION pg_temp.dice(p_id bigint, p_salt integer, p_n integer) RETURNS integer LANGUAGE sql IMMUTABLE AS
  'SELECT ((hashint8extended(p_id, ${seed} * 1000 + p_salt) & 9223372036854775807) % p_n)::integer';

-- Fen as text, as core.money.yuan writes it.
CREATE OR REPLACE FUNCTION pg_temp.yuan(p_fen bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT p_fen / 100 || ''.'' || lpad((p_fen % 100)::text, 2, ''0'')';

-- Eight characters of core.ids' alphabet, different for each id.
CREATE OR REPLACE FUNCTION pg_temp.code(p_id bigint) RETURNS text LANGUAGE sql IMMUTABLE AS
  'SELECT translate(lpad(to_hex((p_id * 2654435761 + ${seed}) & 4294967295), 8, ''0''), ''0123456789abcdef'',
     ''23456789ABCDEFGH'')';

-- An order number or similar, as core.ids.number makes it.
CREATE OR REPLACE FUNCTION pg_temp.number(p_prefix text, p_at timestamptz, p_id bigint) RETURNS text LANGUAGE sql STABLE AS
  'SELECT p_prefix || to_char(p_at AT TIME ZONE ''Asia/Shanghai'', ''YYMMDDHH24MISS'') || pg_temp.code(p_id)';

-- The members to make, and their referrers.
CREATE TEMP TABLE scale_people (id bigint PRIMARY KEY, p1 bigint, p2 bigint, p3 bigint, blocked boolean,
  created_at timestamptz) ON COMMIT DROP;

-- Encrypted values and digests, which SQL cannot make.
CREATE TEMP TABLE scale_secrets (id bigint PRIMARY KEY, phone_sealed text, phone_blind text, sealed text, sealed_phone_blind text,
  place_blind text, province text, city text, district text) ON COMMIT DROP;

-- The goods that can be bought: physical ones, numbered from 0.
CREATE TEMP TABLE scale_goods (n integer PRIMARY KEY, sku_id bigint, product_id bigint, category_id bigint, title text,
  image text, spec text, price_fen bigint) ON COMMIT DROP;

-- The life of each order; times that are not reached yet are null. `turn` is what else happened to it.
CREATE TEMP TABLE scale_lives (id bigint PRIMARY KEY, member_id bigint, turn text, lines integer, created_at timestamptz,
  paid_at timestamptz, shipped_at timestamptz, received_at timestamptz, completed_at timestamptz,
  decided_at timestamptz) ON COMMIT DROP;
