-- Statements that the guard must refuse, by what they try. Blocks are separated by lines of two semicolons.
;;
SELECT (1::bigint).pg_advisory_lock
;;
SELECT (6::float8).pg_sleep
;;
SELECT (t.line_id).pg_terminate_backend FROM v_gl_fact t
;;
SELECT ('SELECT set_config(''app.org_id'',''x'',true)'::text).ts_stat
;;
SELECT (ARRAY[1])[1].pg_sleep
;;
SELECT t.row_to_json FROM v_gl_fact t
;;
SELECT t FROM v_gl_fact t
;;
SELECT v_gl_fact FROM v_gl_fact
;;
SELECT count(t) FROM v_gl_fact t
;;
SELECT count(t.*) FROM v_gl_fact t
;;
SELECT (t).memo FROM v_gl_fact t
;;
SELECT (t.memo).length FROM v_gl_fact t
;;
SELECT (t).* FROM v_gl_fact t
;;
SELECT row_to_json(t) FROM v_gl_fact t
;;
SELECT to_jsonb(t.*) FROM v_gl_fact t
;;
SELECT t::text FROM v_gl_fact t
;;
SELECT memo.upper FROM v_gl_fact
;;
SELECT semantic.v_gl_fact.memo FROM v_gl_fact
;;
SELECT ctid FROM v_gl_fact
;;
SELECT tableoid::regclass FROM v_gl_fact
;;
SELECT xmin FROM v_account
;;
WITH s AS MATERIALIZED (SELECT set_config('app.org_id','x',true) v) SELECT t.memo FROM s, v_gl_fact t
;;
SELECT t.memo FROM set_config('app.org_id','x',true) s(v), v_gl_fact t
;;
SELECT memo FROM v_gl_fact WHERE (SELECT set_config('app.org_id','x',true)) IS NOT NULL
;;
SELECT query_to_xml('SELECT 1', true, true, '')
;;
SELECT current_setting('app.org_id')
;;
SET LOCAL app.org_id = 'x'
;;
SELECT 1; SET app.org_id = 'x'; SELECT 1
;;
SELECT 1; SELECT 2
;;
DO $$ BEGIN PERFORM 1; END $$
;;
SET ROLE ledger_app
;;
RESET ROLE
;;
SET SESSION AUTHORIZATION postgres
;;
COMMIT
;;
COMMIT; DELETE FROM ledger.commits
;;
BEGIN
;;
ROLLBACK
;;
SAVEPOINT a
;;
SELECT * FROM ledger.commits
;;
SELECT * FROM read.gl_fact
;;
SELECT * FROM control.organization
;;
SELECT * FROM pg_catalog.pg_authid
;;
SELECT * FROM pg_stat_activity
;;
SELECT * FROM pg_roles
;;
SELECT * FROM information_schema.tables
;;
SELECT * FROM pg_class
;;
SELECT relname FROM pg_catalog.pg_class
;;
SELECT * FROM postgres.semantic.v_gl_fact
;;
SELECT * FROM "pg_class"
;;
SELECT * FROM "Semantic".v_gl_fact
;;
SELECT * FROM "V_GL_FACT"
;;
SELECT pg_sleep(10)
;;
SELECT pg_catalog.pg_sleep(10)
;;
SELECT "pg_sleep"(10)
;;
SELECT pg_advisory_lock(1)
;;
SELECT pg_try_advisory_xact_lock(1)
;;
SELECT pg_terminate_backend(1)
;;
SELECT pg_cancel_backend(1)
;;
SELECT pg_notify('x', 'y')
;;
SELECT pg_read_file('/etc/passwd')
;;
SELECT lo_from_bytea(0, 'x')
;;
SELECT lo_import('/etc/passwd')
;;
SELECT lo_unlink(1)
;;
SELECT pg_logical_emit_message(false, 'x', 'y')
;;
SELECT nextval('x')
;;
SELECT repeat('x', 1000000000)
;;
SELECT lpad('x', 1000000000)
;;
SELECT rpad('x', 1000000000)
;;
SELECT format('%s', 'x')
;;
SELECT generate_series(1, 1000000000)
;;
SELECT * FROM generate_series(1, 1000000000)
;;
SELECT * FROM generate_series(1, 10) WITH ORDINALITY
;;
SELECT * FROM ROWS FROM (generate_series(1, 10)) t
;;
SELECT * FROM unnest(ARRAY[1,2]) t
;;
SELECT unnest(ARRAY[1,2])
;;
SELECT array_agg(memo) FROM v_gl_fact
;;
SELECT json_agg(memo) FROM v_gl_fact
;;
SELECT jsonb_build_object('a', memo) FROM v_gl_fact
;;
SELECT xmlagg(xmlelement(name a, memo)) FROM v_gl_fact
;;
SELECT xmlparse(document '<a/>')
;;
SELECT '<a/>'::xml
;;
SELECT '{}'::json
;;
SELECT '{}'::jsonb -> 'a'
;;
SELECT '{"a":1}'::jsonb #>> '{a}'
;;
SELECT 'pg_authid'::regclass
;;
SELECT 'now'::regproc
;;
SELECT '1'::oid
;;
SELECT 1::float8
;;
SELECT 'a'::"char"
;;
SELECT 'x'::bytea
;;
SELECT 'x'::name
;;
SELECT 'a' COLLATE "C"
;;
SELECT CAST('x' AS pg_catalog.text)
;;
SELECT CAST(memo AS text[]) FROM v_gl_fact
;;
SELECT regclass 'pg_class'
;;
SELECT json '{}'
;;
SELECT E'\x41'
;;
SELECT U&'\0041'
;;
SELECT $$x$$
;;
SELECT $a$x$a$
;;
SELECT $a$ $$ nested $$ $a$
;;
SELECT N'x'
;;
SELECT X'41'
;;
SELECT B'01'
;;
SELECT $1
;;
SELECT :name
;;
SELECT ?
;;
SELECT @x
;;
SELECT memo ~ '(a+)+$' FROM v_gl_fact
;;
SELECT memo ~* 'x' FROM v_gl_fact
;;
SELECT memo !~ 'x' FROM v_gl_fact
;;
SELECT memo SIMILAR TO '(a|b)*' FROM v_gl_fact
;;
SELECT regexp_replace(memo, 'a', 'b') FROM v_gl_fact
;;
SELECT regexp_matches(memo, 'a') FROM v_gl_fact
;;
SELECT substring(memo from '(a+)+b') FROM v_gl_fact
;;
SELECT substring(memo from department) FROM v_gl_fact
;;
SELECT substring(memo from 'a' for '#') FROM v_gl_fact
;;
SELECT 1 OPERATOR(pg_catalog.+) 1
;;
SELECT memo OPERATOR(pg_catalog.~) 'x' FROM v_gl_fact
;;
SELECT 1 & 2
;;
SELECT 1 | 2
;;
SELECT 1 # 2
;;
SELECT 2 ^ 100000
;;
SELECT 1 << 2
;;
SELECT |/ 25
;;
SELECT @ -5
;;
SELECT 5 !
;;
SELECT memo @@ 'x' FROM v_gl_fact
;;
SELECT memo -> 'x' FROM v_gl_fact
;;
SELECT memo[1] FROM v_gl_fact
;;
SELECT ARRAY[1,2]
;;
SELECT ARRAY(SELECT memo FROM v_gl_fact)
;;
SELECT memo = ANY('{a,b}') FROM v_gl_fact
;;
SELECT * FROM v_gl_fact TABLESAMPLE SYSTEM (10)
;;
SELECT * FROM v_gl_fact FOR UPDATE
;;
SELECT * FROM v_gl_fact FOR SHARE
;;
SELECT * INTO x FROM v_gl_fact
;;
SELECT * INTO TEMP x FROM v_gl_fact
;;
TABLE v_gl_fact
;;
WITH RECURSIVE r AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM r) SELECT * FROM r
;;
WITH x AS (INSERT INTO ledger.commits DEFAULT VALUES RETURNING 1) SELECT * FROM x
;;
WITH x AS (DELETE FROM v_gl_fact RETURNING *) SELECT * FROM x
;;
WITH x AS (UPDATE v_gl_fact SET memo = '' RETURNING *) SELECT * FROM x
;;
WITH pg_class AS (SELECT 1) SELECT * FROM pg_class
;;
WITH "PG_x" AS (SELECT 1) SELECT * FROM "PG_x"
;;
SELECT * FROM v_gl_fact NATURAL JOIN v_account
;;
SELECT * FROM v_gl_fact, LATERAL (SELECT 1) x
;;
SELECT * FROM v_gl_fact CROSS JOIN LATERAL pg_sleep(1)
;;
SELECT * FROM v_gl_fact a, v_gl_fact b
;;
SELECT count(*) FROM v_gl_fact a CROSS JOIN v_gl_fact b CROSS JOIN v_gl_fact c
;;
SELECT count(*) FROM v_gl_fact a JOIN v_gl_fact b ON true
;;
SELECT count(*) FROM v_gl_fact a JOIN v_gl_fact b ON 1 = 1
;;
SELECT count(*) FROM v_gl_fact a JOIN v_gl_fact b ON a.memo = a.memo
;;
SELECT count(*) FROM v_account a, v_account b, v_account c, v_account d
;;
SELECT 1 FROM v_account a, v_account b, v_account c, v_account d, v_account e, v_account f, v_account g, v_account h, v_account i WHERE a.level = b.level AND b.level = c.level AND c.level = d.level AND d.level = e.level AND e.level = f.level AND f.level = g.level AND g.level = h.level AND h.level = i.level
;;
COPY v_gl_fact TO STDOUT
;;
COPY (SELECT 1) TO PROGRAM 'sh'
;;
PREPARE p AS SELECT 1
;;
EXECUTE p
;;
DEALLOCATE ALL
;;
DECLARE c CURSOR WITH HOLD FOR SELECT 1
;;
FETCH ALL FROM c
;;
LISTEN x
;;
NOTIFY x
;;
UNLISTEN *
;;
DISCARD ALL
;;
EXPLAIN SELECT 1
;;
EXPLAIN ANALYZE SELECT * FROM v_gl_fact
;;
EXPLAIN (VERBOSE) SELECT 1
;;
SHOW search_path
;;
SHOW ALL
;;
CREATE TABLE x (a int)
;;
CREATE EXTENSION dblink
;;
CREATE TEMP TABLE x AS SELECT 1
;;
DROP VIEW v_gl_fact
;;
ALTER ROLE ledger_app SUPERUSER
;;
GRANT ALL ON v_gl_fact TO PUBLIC
;;
TRUNCATE ledger.commits
;;
VACUUM
;;
ANALYZE
;;
LOCK TABLE v_gl_fact
;;
CALL x()
;;
MERGE INTO v_gl_fact USING v_account ON true WHEN MATCHED THEN DELETE
;;
INSERT INTO v_gl_fact DEFAULT VALUES
;;
UPDATE v_gl_fact SET memo = ''
;;
DELETE FROM v_gl_fact
;;
REFRESH MATERIALIZED VIEW x
;;
IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z
;;
LOAD 'x'
;;
CHECKPOINT
;;
SELECT current_user
;;
SELECT session_user
;;
SELECT user
;;
SELECT current_schema
;;
SELECT current_catalog
;;
SELECT current_role
;;
SELECT version()
;;
SELECT inet_server_addr()
;;
SELECT pg_backend_pid()
;;
SELECT txid_current()
;;
SELECT pg_current_wal_lsn()
;;
SELECT has_table_privilege('ledger.commits', 'select')
;;
SELECT ledger.auth_org_id()
;;
SELECT auth_org_id()
;;
SELECT dblink('host=x', 'SELECT 1')
;;
SELECT pg_relation_size('ledger.commits')
;;
SELECT pg_get_viewdef('semantic.v_gl_fact'::regclass)
;;
SELECT obj_description(1)
;;
SELECT col_description(1, 1)
;;
SELECT to_regclass('x')
;;
SELECT has_schema_privilege('x', 'usage')
;;
SELECT pg_export_snapshot()
;;
SELECT pg_stat_get_activity(NULL)
;;
SELECT ts_stat('SELECT 1')
;;
SELECT database_to_xml(true, true, '')
;;
SELECT cursor_to_xml('c', 1, true, true, '')
;;
SELECT table_to_xml('v_gl_fact', true, true, '')
;;
SELECT account_code(v_gl_fact) FROM v_gl_fact
;;
SELECT sum(ALL memo ORDER BY memo) WITHIN GROUP (ORDER BY memo) FROM v_gl_fact
;;
SELECT count(*) OVER (PARTITION BY pg_sleep(1)) FROM v_gl_fact
;;
SELECT sum(net_base) FILTER (WHERE pg_sleep(1) IS NULL) FROM v_gl_fact
;;
SELECT 1 ORDER BY pg_sleep(1)
;;
SELECT 1 LIMIT (SELECT pg_sleep(1))
;;
SELECT 1 OFFSET pg_sleep(1)
;;
SELECT 1 GROUP BY pg_sleep(1)
;;
SELECT 1 HAVING pg_sleep(1) IS NULL
;;
VALUES (pg_sleep(1))
;;
SELECT string_agg(a.memo, repeat('x', 1000)) FROM v_gl_fact a
;;
SELECT replace(memo, 'a', 'aaaaaaaaaaaaaaaaaaaaa') FROM v_gl_fact
;;
SELECT power(10, 100000)
;;
SELECT 1e100000
;;
SELECT x.a FROM (SELECT pg_sleep(1) AS a) x
;;
SELECT CASE WHEN pg_sleep(1) IS NULL THEN 1 END
;;
SELECT CASE pg_sleep(1) WHEN NULL THEN 1 END
;;
SELECT 1 IN (pg_sleep(1))
;;
SELECT memo LIKE pg_sleep(1)::text FROM v_gl_fact
;;
SELECT interval '1' || pg_sleep(1)
;;
SELECT EXTRACT(epoch FROM pg_postmaster_start_time())
;;
SELECT now() AT TIME ZONE pg_sleep(1)::text
;;
SELECT (SELECT (SELECT (SELECT pg_sleep(1))))
;;
SELECT 1 /* hidden */ ; -- x
DELETE FROM v_gl_fact
;;
SELECT org_id FROM v_gl_fact
;;
SELECT g.org_id FROM v_gl_fact g
;;
SELECT x.memo FROM v_gl_fact g
;;
SELECT memo FROM v_ar_open
;;
SELECT memmo FROM v_gl_fact
;;
SELECT net FROM (SELECT sum(net_base) AS total FROM v_gl_fact) x
;;
SELECT * FROM v_gl_fcat
;;
SELECT * FROM journal_lines
;;
SELECT * FROM v_gl_fact WHERE "select" = 1
;;
SELECT TOP 5 * FROM v_gl_fact
;;
SELECT * FROM v_gl_fact LIMIT 5, 10
;;
SELECT * EXCEPT (memo) FROM v_gl_fact
;;
SELECT * FROM v_gl_fact QUALIFY row_number() OVER () = 1
;;
SELECT DISTINCT ON (pg_sleep(1)) memo FROM v_gl_fact
;;
SELECT a.memo FROM v_gl_fact a JOIN v_gl_fact b USING (pg_sleep)
;;
SELECT 1 AS "a""; DROP TABLE x; --"
;;
SELECT treat(memo AS text) FROM v_gl_fact
;;
SELECT overlay(memo placing 'x' from 1) FROM v_gl_fact
;;
SELECT normalize(memo) FROM v_gl_fact
;;
SELECT memo IS NORMALIZED FROM v_gl_fact
;;
SELECT (net_base, debit_base) OVERLAPS (debit_base, net_base) FROM v_gl_fact
;;
SELECT ROW(1, 2)
;;
SELECT (1, 2)
;;
SELECT ROW(1,2).f1
;;
SELECT (ROW(1,2)).f1
;;
SELECT localtime
;;
SELECT current_time
;;
SELECT current_timestamp(3)
;;
SELECT count(*) FILTER (WHERE EXISTS (SELECT 1 FROM pg_authid)) FROM v_gl_fact
;;
SELECT grouping(pg_sleep(1)) FROM v_gl_fact
;;
SELECT variadic ARRAY[1]
;;
SELECT concat(VARIADIC ARRAY['a'])
;;
SELECT make_date(year => 2026, month => 1, day => 1)
;;
SELECT lag(memo) IGNORE NULLS OVER (ORDER BY memo) FROM v_gl_fact
;;
SELECT row_number() FROM v_gl_fact
;;
SELECT sum(*) FROM v_gl_fact
;;
SELECT upper(memo) OVER () FROM v_gl_fact
;;
SELECT * FROM (SELECT memo FROM v_gl_fact)
;;
SELECT * FROM (v_gl_fact)  x
;;
SELECT * FROM ONLY (v_gl_fact)
;;
SELECT * FROM ONLY v_gl_fact
;;
SELECT * FROM v_gl_fact *
;;
SELECT * FROM JSON_TABLE('[]', '$[*]' COLUMNS (a int PATH '$')) t
;;
SELECT * FROM XMLTABLE('/a' PASSING '<a/>' COLUMNS a text) t
;;
SELECT
;;
;
;;
SELECT $q$ SELECT $$ nested $$ $q$
;;
SELECT 1 UNION SELECT passwd FROM pg_shadow
;;
SELECT * FROM (TABLE pg_class) x
;;
SELECT (SELECT t FROM v_gl_fact t LIMIT 1)
;;
SELECT * FROM v_gl_fact t WHERE t IS NOT NULL
;;
SELECT * FROM v_gl_fact t WHERE t = t
;;
SELECT * FROM v_gl_fact t ORDER BY t
;;
SELECT * FROM v_gl_fact t GROUP BY t
;;
SELECT max(t) FROM v_gl_fact t
;;
SELECT coalesce(t, t) FROM v_gl_fact t
;;
SELECT t.t FROM v_gl_fact t
;;
SELECT (SELECT x FROM (SELECT memo FROM v_gl_fact) x)
;;
SELECT x.to_json FROM (SELECT memo FROM v_gl_fact) x
;;
SELECT c.hashtext FROM (SELECT memo FROM v_gl_fact) AS c
;;
WITH c AS (SELECT memo FROM v_gl_fact) SELECT c.row_to_json FROM c
;;
WITH c AS (SELECT memo FROM v_gl_fact) SELECT c FROM c
;;
SELECT memo ORDER BY memo USING OPERATOR(pg_catalog.<) FROM v_gl_fact
;;
SELECT memo FROM v_gl_fact ORDER BY memo USING <
;;
SELECT memo FROM v_gl_fact ORDER BY memo USING OPERATOR(pg_catalog.>)
;;
SELECT sum(net_base) OVER (ORDER BY period ROWS pg_sleep(1) PRECEDING) FROM v_gl_fact
;;
SELECT sum(net_base) OVER (ORDER BY period ROWS BETWEEN (SELECT 1) PRECEDING AND CURRENT ROW) FROM v_gl_fact
;;
SELECT x || x FROM (SELECT x || x AS x FROM (SELECT x || x AS x FROM (SELECT x || x || x || x || x || x || x || x || x || x || x AS x FROM (SELECT 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa' AS x) a) b) c) d
;;
SELECT concat(memo, memo, memo, memo, memo, memo, memo, memo, memo, memo, memo, memo, memo, memo) FROM v_gl_fact
;;
SELECT translate(memo, 'a', 'b') FROM v_gl_fact
;;
SELECT power(power(power(9, 999), 999), 999)
;;
SELECT exp(100000)
;;
SELECT factorial(100000)
;;
SELECT to_hex(1)
;;
SELECT md5(memo) FROM v_gl_fact
;;
SELECT encode('a', 'hex')
;;
SELECT convert_from('a', 'utf8')
;;
SELECT chr(0)
;;
SELECT quote_literal(memo) FROM v_gl_fact
;;
SELECT random()
;;
SELECT clock_timestamp()
;;
SELECT statement_timestamp()
;;
SELECT pg_typeof(memo) FROM v_gl_fact
;;
SELECT memo::int FROM v_gl_fact
;;
SELECT counterparty_name::date FROM v_gl_fact
;;
SELECT CAST(memo AS uuid) FROM v_gl_fact
;;
SELECT memo::varchar(100000) FROM v_gl_fact
;;
SELECT 1::numeric(1000, 500)
;;
SELECT 'x'::char
;;
SELECT 'x'::bpchar
;;
SELECT '1'::money
;;
SELECT '1.2.3.4'::inet
;;
SELECT '(1,2)'::point
;;
SELECT '[1,2)'::int4range
;;
SELECT 'a'::tsvector
;;
SELECT 'a'::ltree
;;
SELECT 'x'::semantic.v_gl_fact
;;
SELECT NULL::v_gl_fact
;;
SELECT (NULL::v_gl_fact).memo
;;
SELECT bool 'true'
;;
SELECT uuid '00000000-0000-0000-0000-000000000000'
;;
SELECT v_gl_fact 'x'
;;
SELECT INTERVAL (SELECT 'x')
;;
SELECT INTERVAL pg_sleep(1)
;;
SELECT TIMESTAMP(6) 'now'
;;
SELECT TIME '12:00'
;;
SELECT * FROM v_account WHERE account_code = $1
;;
SELECT * FROM v_account WHERE account_code = :'x'
;;
SELECT * FROM v_account WHERE account_code = %s
;;
SELECT {fn now()}
;;
SELECT * FROM v_account /* unclosed
;;
SELECT 'unclosed
;;
SELECT "unclosed
;;
SELECT * FROM v_account AS "pg_class"(x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x)
;;
SELECT * FROM v_account CROSS JOIN LATERAL (SELECT v_account.account_code) x
;;
SELECT * FROM v_account a LEFT JOIN LATERAL (SELECT 1) b ON true
;;
SELECT * FROM LATERAL pg_ls_dir('.') x
;;
SELECT pg_ls_dir('.')
;;
SELECT * FROM pg_ls_dir('.')
;;
SELECT * FROM current_user
;;
SELECT * FROM dblink('x', 'y') AS t(a int)
;;
SELECT * FROM json_to_recordset('[]') AS t(a int)
;;
SELECT * FROM v_gl_fact PIVOT (sum(net_base) FOR period IN ('2026-01'))
;;
SELECT * FROM v_gl_fact MATCH_RECOGNIZE (PATTERN (a) DEFINE a AS true)
;;
SELECT * FROM v_gl_fact FOR SYSTEM_TIME AS OF now()
;;
SELECT * FROM v_gl_fact WITH (NOLOCK)
;;
SELECT * FROM v_gl_fact FETCH FIRST 5 ROWS WITH TIES
;;
SELECT * FROM v_gl_fact LIMIT 10 PERCENT
;;
SELECT * FROM v_gl_fact GROUP BY ALL
;;
SELECT * FROM v_gl_fact ORDER BY ALL
;;
SELECT DISTINCT ON (t) t.memo FROM v_gl_fact t
;;
WITH c AS NOT MATERIALIZED (SELECT 1 AS a) SELECT a FROM c
;;
WITH c(a) AS (SELECT 1) SEARCH DEPTH FIRST BY a SET o SELECT * FROM c
;;
WITH ledger AS (SELECT 1 AS commits) SELECT * FROM ledger.commits
;;
WITH c AS (SELECT 1) SELECT * FROM c, C
;;
SELECT a.account_code FROM v_account a, v_account A
;;
SELECT 1 FROM v_account WHERE EXISTS (TABLE v_account)
;;
SELECT count(*) FROM v_gl_fact a JOIN (SELECT * FROM v_gl_fact) b ON a.memo IS NOT NULL
;;
SELECT count(*) FROM (SELECT * FROM v_gl_fact) a, (SELECT * FROM v_gl_fact) b
;;
WITH a AS (SELECT * FROM v_gl_fact) SELECT count(*) FROM a x CROSS JOIN a y
;;
WITH a AS (SELECT account_code FROM v_account GROUP BY 1) SELECT count(*) FROM a x, a y, a z, a w
;;
SELECT v_gl_fact.* IS NULL FROM v_gl_fact
;;
SELECT (SELECT v_gl_fact.*) FROM v_account
;;
SELECT row(v_gl_fact.*) FROM v_gl_fact
;;
SELECT ROW(v_gl_fact.*)::text FROM v_gl_fact
;;
SELECT (v_gl_fact.*)::text FROM v_gl_fact
;;
SELECT hashtext(memo) FROM v_gl_fact
;;
SELECT mode() WITHIN GROUP (ORDER BY t) FROM v_gl_fact t
;;
SELECT percentile_disc(ARRAY[0.1]) WITHIN GROUP (ORDER BY net_base) FROM v_gl_fact
;;
SELECT lag(t) OVER (ORDER BY memo) FROM v_gl_fact t
;;
SELECT string_agg(memo, memo) FROM v_gl_fact
;;
SELECT string_agg(DISTINCT memo, ', ' ORDER BY memo LIMIT 1) FROM v_gl_fact
;;
SELECT "sum"(net_base) FROM v_gl_fact
;;
SELECT semantic.sum(net_base) FROM v_gl_fact
;;
SELECT pg_catalog.count(*) FROM v_gl_fact
;;
SELECT sum(net_base) FROM v_gl_fact WINDOW w AS x
;;
SELECT CONVERT(memo, text) FROM v_gl_fact
;;
SELECT TRY_CAST(memo AS int) FROM v_gl_fact
;;
SELECT memo RLIKE 'a' FROM v_gl_fact
;;
SELECT memo REGEXP 'a' FROM v_gl_fact
;;
SELECT memo LIKE ANY ('a', 'b') FROM v_gl_fact
;;
SELECT memo GLOB 'a' FROM v_gl_fact
;;
SELECT 1 DIV 2
;;
SELECT 5 MOD 2
;;
SELECT a XOR b FROM v_account
;;
IF true THEN SELECT 1 END IF
;;
VALUES (current_setting('x'))
;;
(SELECT pg_sleep(1))
;;
((SELECT 1) UNION (SELECT pg_sleep(1)::text))
;;
WITH x AS (SELECT 1 AS a) DELETE FROM v_account
;;
WITH x AS (SELECT 1 AS a) UPDATE v_account SET level = 1
;;
WITH x AS (SELECT 1 AS a) INSERT INTO v_account SELECT 1
;;
SELECT t.to_json FROM (SELECT * FROM (SELECT period FROM v_period) a JOIN (SELECT period, 1 AS to_json FROM v_period) b USING (period)) AS t(x, y)
;;
SELECT 1 FROM v_account x WHERE EXISTS (SELECT 1 FROM (SELECT 1 AS to_json) x, v_period a JOIN v_period b ON x.to_json IS NOT NULL AND a.period = b.period)
