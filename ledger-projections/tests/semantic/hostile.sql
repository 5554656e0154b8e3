-- Statements that must be refused by the guard, and that must do no harm with the guard switched off.
-- Blocks end with a line of two semicolons. A block's first line says why; the rest is one statement, or what pretends to be one.
-- {other_org}, {other_login} and {other_slug} stand for another organization's id, login and slug; {marker} for text of its books.
;;
-- reason: sets the organization for the rest of the statement, in a CTE
WITH s AS MATERIALIZED (SELECT set_config('app.org_id', '{other_org}', true) v) SELECT t.memo FROM s, v_gl_fact t
;;
-- reason: sets the organization in FROM
SELECT t.memo FROM set_config('app.org_id', '{other_org}', true) s(v), v_gl_fact t
;;
-- reason: sets the organization in a sub-select of WHERE
SELECT memo FROM v_gl_fact WHERE (SELECT set_config('app.org_id', '{other_org}', true)) IS NOT NULL
;;
-- reason: sets the organization row by row
SELECT set_config('app.org_id', '{other_org}', true), memo FROM v_gl_fact
;;
-- reason: sets the organization in a LATERAL
SELECT g.memo FROM (SELECT 1) o CROSS JOIN LATERAL (SELECT set_config('app.org_id', '{other_org}', false)) s CROSS JOIN v_gl_fact g
;;
-- reason: sets the organization in ORDER BY
SELECT memo FROM v_gl_fact ORDER BY set_config('app.org_id', '{other_org}', true)
;;
-- reason: sets the organization in a CASE of an aggregate's filter
SELECT count(*) FILTER (WHERE set_config('app.org_id', '{other_org}', true) <> '') FROM v_gl_fact
;;
-- reason: sets the organization through a schema-qualified name
SELECT pg_catalog.set_config('app.org_id', '{other_org}', true) FROM v_account
;;
-- reason: sets the organization through a quoted name
SELECT "set_config"('app.org_id', '{other_org}', true) FROM v_account
;;
-- reason: sets the organization through a quoted name written in Unicode escapes
SELECT U&"set\005fconfig"('app.org_id', '{other_org}', true) FROM v_account
;;
-- reason: switches the role
SELECT set_config('role', '{other_login}', true), memo FROM v_gl_fact
;;
-- reason: switches the role of the session
SET ROLE ledger_owner
;;
-- reason: becomes the other organization's login
SET LOCAL ROLE {other_login}
;;
-- reason: becomes the other organization's login for the session
SET SESSION AUTHORIZATION {other_login}
;;
-- reason: resets what the session was opened with
RESET SESSION AUTHORIZATION
;;
-- reason: resets every setting
RESET ALL
;;
-- reason: throws the session's state away
DISCARD ALL
;;
-- reason: sets the organization as a statement
SET LOCAL app.org_id = '{other_org}'
;;
-- reason: sets the organization for the session
SET app.org_id = '{other_org}'
;;
-- reason: lifts row-level security
SET row_security = off
;;
-- reason: lifts the bound on time
SET statement_timeout = 0
;;
-- reason: allows writing
SET default_transaction_read_only = off
;;
-- reason: allows writing in this transaction
SET TRANSACTION READ WRITE
;;
-- reason: changes where names are looked for
SET search_path = read, ledger, control
;;
-- reason: shows a setting
SHOW ALL
;;
-- reason: reads a setting as a function
SELECT current_setting('app.org_id', true)
;;
-- reason: field notation: waits
SELECT (6::float8).pg_sleep
;;
-- reason: field notation: takes a lock that the writer may wait for
SELECT (1::bigint).pg_advisory_lock
;;
-- reason: field notation on an array's element: waits
SELECT (ARRAY[3.0::float8])[1].pg_sleep
;;
-- reason: field notation: runs a text as SQL
SELECT ('SELECT to_tsvector(memo) FROM v_gl_fact'::text).ts_stat
;;
-- reason: field notation: sets the organization inside a text that is run
SELECT ('SELECT to_tsvector(set_config(''app.org_id'', ''{other_org}'', true))'::text).ts_stat FROM v_gl_fact
;;
-- reason: field notation on a column: ends a session
SELECT (t.entry_no::int).pg_terminate_backend FROM v_gl_fact t
;;
-- reason: field notation: ends a session by its number
SELECT (1::int).pg_terminate_backend
;;
-- reason: field notation: cancels somebody's statement
SELECT (1::int).pg_cancel_backend
;;
-- reason: field notation: removes a large object
SELECT (16384::oid).lo_unlink
;;
-- reason: field notation: reads a file
SELECT ('postgresql.conf'::text).pg_read_file
;;
-- reason: field notation on a whole row
SELECT t.row_to_json FROM v_gl_fact t
;;
-- reason: field notation on a whole row in parentheses
SELECT (t).to_jsonb FROM v_gl_fact t
;;
-- reason: all fields of a whole row
SELECT (t).* FROM v_gl_fact t
;;
-- reason: field notation of a sub-select
SELECT (SELECT 2::float8).pg_sleep
;;
-- reason: field notation of a cast chain
SELECT ((1)::bigint).pg_try_advisory_lock
;;
-- reason: field notation: the size of a table
SELECT ('read.gl_fact'::regclass).pg_relation_size
;;
-- reason: a table of the read models, by its schema
SELECT memo FROM read.gl_fact
;;
-- reason: a table of the read models, all columns
SELECT * FROM read.account_balance
;;
-- reason: the stream itself
SELECT payload FROM ledger.commits
;;
-- reason: the directory of organizations
SELECT slug, name FROM control.organization
;;
-- reason: a function of the directory
SELECT * FROM control.org_list()
;;
-- reason: the function that answers whose the session is
SELECT ledger.auth_org_id()
;;
-- reason: the function that binds a transaction
SELECT ledger.bind_org('{other_org}')
;;
-- reason: the function that makes logins
SELECT * FROM control.semantic_login(true)
;;
-- reason: the function that drops logins
SELECT control.drop_semantic_login()
;;
-- reason: which login is whose
SELECT rolname, org_id, secret FROM ledger.org_login
;;
-- reason: names and addresses of parties
SELECT name, email FROM ledger.party_detail
;;
-- reason: secrets of webhooks
SELECT secret FROM ledger.webhook_secret
;;
-- reason: keys of programs
SELECT * FROM control.api_key
;;
-- reason: the audit log
SELECT actor, action FROM ledger.audit_log
;;
-- reason: a view of the read models beside the semantic ones
SELECT memo, org_id FROM read.gl_line
;;
-- reason: a base table inside a CTE
WITH g AS (SELECT * FROM read.gl_fact) SELECT count(*) FROM g
;;
-- reason: a base table in a set operation
SELECT memo FROM v_gl_fact UNION ALL SELECT memo FROM read.gl_fact
;;
-- reason: a base table in a sub-select of the select list
SELECT (SELECT max(memo) FROM read.gl_fact) FROM v_account
;;
-- reason: a base table in EXISTS
SELECT account_code FROM v_account WHERE EXISTS (SELECT FROM read.gl_fact g WHERE g.memo LIKE '{marker}%')
;;
-- reason: a base table as TABLE
TABLE read.gl_fact
;;
-- reason: a name with a database before it
SELECT memo FROM postgres.read.gl_fact
;;
-- reason: what other sessions run
SELECT query FROM pg_stat_activity
;;
-- reason: what other sessions run, by the function behind the view
SELECT query FROM pg_stat_get_activity(NULL)
;;
-- reason: roles of all organizations
SELECT rolname FROM pg_roles
;;
-- reason: password hashes
SELECT rolname, rolpassword FROM pg_authid
;;
-- reason: settings kept with roles
SELECT setconfig FROM pg_db_role_setting
;;
-- reason: bodies of functions
SELECT prosrc FROM pg_proc WHERE proname = 'auth_org_id'
;;
-- reason: most common values of columns, over all organizations
SELECT tablename, attname, most_common_vals FROM pg_stats WHERE schemaname = 'read'
;;
-- reason: the same by the catalog
SELECT stavalues1 FROM pg_statistic
;;
-- reason: how many rows there are over all organizations
SELECT relname, reltuples FROM pg_class WHERE relname LIKE 'gl%'
;;
-- reason: how often tables of all organizations are written
SELECT relname, n_tup_ins FROM pg_stat_user_tables
;;
-- reason: the information schema
SELECT table_schema, table_name FROM information_schema.tables
;;
-- reason: which locks there are
SELECT * FROM pg_locks
;;
-- reason: statements of everybody, where that is installed
SELECT query FROM pg_stat_statements
;;
-- reason: policies, and how they are written
SELECT polname, pg_get_expr(polqual, polrelid) FROM pg_policy
;;
-- reason: large objects
SELECT loid FROM pg_largeobject_metadata
;;
-- reason: open cursors and prepared statements
SELECT name FROM pg_cursors UNION ALL SELECT name FROM pg_prepared_statements
;;
-- reason: settings of the server
SELECT name, setting FROM pg_settings
;;
-- reason: rules of who may connect
SELECT * FROM pg_hba_file_rules
;;
-- reason: waits
SELECT pg_sleep(6)
;;
-- reason: waits for as long as it is told
SELECT pg_sleep_for('1 minute')
;;
-- reason: waits until a moment
SELECT pg_sleep_until(now() + interval '1 minute')
;;
-- reason: waits only where a guess is right, so that time says what rows do not
SELECT CASE WHEN memo LIKE 'A%' THEN pg_sleep(1) END FROM v_gl_fact
;;
-- reason: takes a lock for the session
SELECT pg_advisory_lock(42)
;;
-- reason: takes a lock for the transaction
SELECT pg_advisory_xact_lock(hashtext('{other_org}'))
;;
-- reason: tries locks to learn what others hold
SELECT pg_try_advisory_lock_shared(1, 2)
;;
-- reason: gives everybody's locks of the session back
SELECT pg_advisory_unlock_all()
;;
-- reason: ends other sessions
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()
;;
-- reason: cancels what other sessions run
SELECT pg_cancel_backend(pid) FROM pg_stat_activity
;;
-- reason: tells listeners something that did not happen
SELECT pg_notify('ledger', 'payment.settled')
;;
-- reason: tells listeners, as a statement
NOTIFY ledger, 'payment.settled'
;;
-- reason: listens to what others are told
LISTEN ledger
;;
-- reason: makes a large object, which a transaction that only reads does not refuse
SELECT lo_from_bytea(0, 'left behind')
;;
-- reason: makes an empty large object
SELECT lo_create(0)
;;
-- reason: reads a file into a large object
SELECT lo_import('postgresql.conf')
;;
-- reason: writes a file from a large object
SELECT lo_export(16384, 'left_behind')
;;
-- reason: fills the write-ahead log from a transaction that only reads
SELECT pg_logical_emit_message(false, 'x', string_agg(memo, '')) FROM v_gl_fact
;;
-- reason: fills the write-ahead log with a text of its own
SELECT pg_logical_emit_message(false, 'x', repeat('x', 50000000))
;;
-- reason: runs a text as SQL
SELECT query_to_xml('SELECT memo FROM read.gl_fact', true, false, '')
;;
-- reason: runs a text as SQL that sets the organization first
SELECT query_to_xml('SELECT set_config(''app.org_id'', ''{other_org}'', true)', true, false, '') FROM v_gl_fact
;;
-- reason: writes a whole schema as XML
SELECT schema_to_xml('read', true, false, '')
;;
-- reason: writes a table as XML
SELECT table_to_xml('read.gl_fact', true, false, '')
;;
-- reason: writes the database as XML
SELECT database_to_xml(true, false, '')
;;
-- reason: runs a text as SQL, for words
SELECT * FROM ts_stat('SELECT to_tsvector(memo) FROM read.gl_fact')
;;
-- reason: rewrites a query with a text that is run as SQL
SELECT ts_rewrite('a'::tsquery, 'SELECT ''a''::tsquery, ''b''::tsquery')
;;
-- reason: keeps a snapshot that stops vacuum
SELECT pg_export_snapshot()
;;
-- reason: spends a transaction number
SELECT txid_current()
;;
-- reason: spends a transaction number, by its newer name
SELECT pg_current_xact_id()
;;
-- reason: reads a file of the server
SELECT pg_read_file('postgresql.conf')
;;
-- reason: lists files of the server
SELECT pg_ls_dir('.')
;;
-- reason: makes the server read its configuration again
SELECT pg_reload_conf()
;;
-- reason: makes the server begin a new log file
SELECT pg_rotate_logfile()
;;
-- reason: throws statistics away
SELECT pg_stat_reset()
;;
-- reason: the size of the database, over all organizations
SELECT pg_database_size(current_database())
;;
-- reason: the size of a table, over all organizations
SELECT pg_total_relation_size('read.gl_fact')
;;
-- reason: how many rows a table has, over all organizations
SELECT pg_stat_get_live_tuples('read.gl_fact'::regclass)
;;
-- reason: the text of a view
SELECT pg_get_viewdef('semantic.v_gl_fact'::regclass)
;;
-- reason: whether a name exists
SELECT to_regclass('ledger.commits')
;;
-- reason: whether a role exists
SELECT '{other_login}'::regrole
;;
-- reason: what a role may do
SELECT has_table_privilege('ledger_app', 'ledger.commits', 'SELECT')
;;
-- reason: who the session is
SELECT session_user, current_user, inet_server_addr(), version()
;;
-- reason: another database, where that is installed
SELECT * FROM dblink('dbname=postgres', 'SELECT 1') AS t(x int)
;;
-- reason: leaves the transaction
COMMIT
;;
-- reason: leaves the transaction, by another word
END
;;
-- reason: leaves the transaction and begins another
COMMIT AND CHAIN
;;
-- reason: undoes the transaction
ROLLBACK
;;
-- reason: begins a transaction that writes
BEGIN READ WRITE
;;
-- reason: two statements: the second switches the organization
SELECT 1; SET app.org_id = '{other_org}'
;;
-- reason: statements stacked to leave the transaction and write
SELECT 1; COMMIT; DELETE FROM read.gl_fact; SELECT 2
;;
-- reason: a second statement behind a comment
SELECT 1 /* ; */ ; /* */ DROP SCHEMA semantic CASCADE
;;
-- reason: a program
DO $$ BEGIN PERFORM set_config('app.org_id', '{other_org}', true); END $$
;;
-- reason: a program that puts rows into the text of an error
DO $$ DECLARE r record; BEGIN SELECT memo INTO r FROM semantic.v_gl_fact LIMIT 1; RAISE EXCEPTION '%', r; END $$
;;
-- reason: a program that writes after it left the transaction
DO $$ BEGIN COMMIT; SET TRANSACTION READ WRITE; DELETE FROM read.gl_fact; END $$
;;
-- reason: deletes
DELETE FROM v_gl_fact
;;
-- reason: changes
UPDATE v_ar_open SET open_base = 0
;;
-- reason: inserts
INSERT INTO v_gl_fact (memo) VALUES ('left behind')
;;
-- reason: inserts into a table
INSERT INTO read.gl_fact SELECT * FROM read.gl_fact
;;
-- reason: deletes in a CTE
WITH d AS (DELETE FROM read.gl_fact RETURNING *) SELECT count(*) FROM d
;;
-- reason: inserts in a CTE
WITH i AS (INSERT INTO ledger.idempotency_key SELECT * FROM ledger.idempotency_key RETURNING *) SELECT count(*) FROM i
;;
-- reason: merges
MERGE INTO read.gl_fact g USING v_account a ON g.account_code = a.account_code WHEN MATCHED THEN DELETE
;;
-- reason: empties
TRUNCATE read.gl_fact
;;
-- reason: makes a table of what it reads
SELECT * INTO left_behind FROM v_gl_fact
;;
-- reason: makes a table
CREATE TABLE left_behind (n int)
;;
-- reason: makes a table of what it reads, in the usual words
CREATE TABLE left_behind AS SELECT * FROM v_gl_fact
;;
-- reason: makes a temporary table that stands where a name is looked for
CREATE TEMP TABLE v_gl_fact (memo text)
;;
-- reason: makes a temporary view
CREATE TEMP VIEW left_behind AS SELECT 1
;;
-- reason: makes a view
CREATE VIEW semantic.left_behind AS SELECT 1
;;
-- reason: replaces a view
CREATE OR REPLACE VIEW semantic.v_account AS SELECT 1 AS account_code
;;
-- reason: makes a function
CREATE FUNCTION semantic.left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'
;;
-- reason: makes a function in the session's own schema
CREATE FUNCTION pg_temp.left_behind() RETURNS int LANGUAGE sql AS 'SELECT 1'
;;
-- reason: makes a sequence
CREATE SEQUENCE left_behind
;;
-- reason: makes a schema
CREATE SCHEMA left_behind
;;
-- reason: makes a role
CREATE ROLE left_behind LOGIN SUPERUSER
;;
-- reason: makes itself powerful
ALTER ROLE CURRENT_USER SUPERUSER
;;
-- reason: changes its own settings for later sessions
ALTER ROLE CURRENT_USER SET statement_timeout = 0
;;
-- reason: changes its own password
ALTER ROLE CURRENT_USER PASSWORD 'left behind'
;;
-- reason: joins the runtime's role
GRANT ledger_app TO CURRENT_USER
;;
-- reason: hands rights on
GRANT SELECT ON semantic.v_gl_fact TO PUBLIC
;;
-- reason: loads a library
LOAD 'auto_explain'
;;
-- reason: installs an extension
CREATE EXTENSION dblink
;;
-- reason: drops
DROP VIEW semantic.v_gl_fact
;;
-- reason: comments, which stay
COMMENT ON VIEW semantic.v_gl_fact IS 'left behind'
;;
-- reason: runs a program of the machine
COPY (SELECT 1) TO PROGRAM 'true'
;;
-- reason: writes a file
COPY (SELECT memo FROM v_gl_fact) TO 'left_behind'
;;
-- reason: reads a file
COPY read.gl_fact FROM 'left_behind'
;;
-- reason: a cursor that outlives the transaction
DECLARE c CURSOR WITH HOLD FOR SELECT memo FROM v_gl_fact
;;
-- reason: fetches from a cursor that somebody left
FETCH ALL FROM c
;;
-- reason: a prepared statement that outlives the transaction
PREPARE left_behind AS SELECT memo FROM v_gl_fact
;;
-- reason: runs a prepared statement that somebody left
EXECUTE sqlx_s_1
;;
-- reason: how the server would do it, with numbers of rows over all organizations
EXPLAIN SELECT * FROM v_gl_fact
;;
-- reason: how the server did it
EXPLAIN (ANALYZE, VERBOSE, BUFFERS) SELECT * FROM v_gl_fact
;;
-- reason: locks rows
SELECT * FROM v_account FOR UPDATE
;;
-- reason: locks rows of a table
SELECT 1 FROM read.gl_fact FOR SHARE
;;
-- reason: locks a view and what is below it
LOCK TABLE semantic.v_gl_fact IN ACCESS SHARE MODE
;;
-- reason: locks a table against everybody
LOCK TABLE read.gl_fact IN ACCESS EXCLUSIVE MODE
;;
-- reason: gathers statistics
ANALYZE
;;
-- reason: cleans
VACUUM read.gl_fact
;;
-- reason: makes the server write everything out
CHECKPOINT
;;
-- reason: indexes anew
REINDEX TABLE read.gl_fact
;;
-- reason: reads rows into the text of an error
SELECT memo::int FROM v_gl_fact WHERE CASE WHEN memo LIKE '{marker}%' THEN memo::int > 0 ELSE true END
;;
-- reason: reads a table into the text of an error
SELECT (SELECT string_agg(memo, ',') FROM read.gl_fact)::int
;;
-- reason: casts to a type that looks names up
SELECT 'read.gl_fact'::regclass::oid
;;
-- reason: casts to XML, which has its own functions
SELECT xmlparse(document '<a/>') FROM v_account
;;
-- reason: makes a large text of nothing
SELECT repeat(repeat('x', 100000), 3000)
;;
-- reason: makes a large text of padding
SELECT lpad('', 100000000, 'x')
;;
-- reason: makes many rows of nothing
SELECT count(*) FROM generate_series(1, 1000000000000)
;;
-- reason: recursion without an end
WITH RECURSIVE r(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM r) SELECT count(*) FROM r
;;
-- reason: an array as large as one likes
SELECT array_fill(0, ARRAY[100000000])
;;
-- reason: a regular expression that takes for ever
SELECT memo ~ '(a+)+(b+)+(c+)+$' FROM v_gl_fact
;;
-- reason: a regular expression by a function
SELECT regexp_replace(memo, '(.*)*', '\1\1', 'g') FROM v_gl_fact
;;
-- reason: all rows with all rows with all rows
SELECT count(*) FROM v_gl_fact a, v_gl_fact b, v_gl_fact c, v_gl_fact d, v_gl_fact e, v_gl_fact f, v_gl_fact g, v_gl_fact h, v_gl_fact i
;;
-- reason: a sample by a method of the server
SELECT * FROM v_gl_fact TABLESAMPLE system (1)
;;
-- reason: a table of a function's rows
SELECT * FROM ROWS FROM (pg_listening_channels(), json_object_keys('{}')) AS t
;;
-- reason: a table made of JSON
SELECT * FROM json_to_recordset('[{"a":1}]') AS t(a int)
;;
-- reason: an operator by its full name
SELECT 1 OPERATOR(pg_catalog.+) 1
;;
-- reason: a parameter that nobody gives
SELECT memo FROM v_gl_fact WHERE memo = $1
;;
-- reason: a text with escapes, read differently by different parsers
SELECT E'\x27 OR 1=1 -- ' FROM v_account
;;
-- reason: a text in dollar quotes
SELECT $x$ read.gl_fact $x$ FROM v_account
;;
-- reason: a text in Unicode escapes
SELECT U&'\0041' FROM v_account
;;
-- reason: a system column
SELECT ctid, tableoid, xmin FROM v_gl_fact
;;
-- reason: a whole row as text
SELECT v_gl_fact::text FROM v_gl_fact
;;
-- reason: a whole row as JSON
SELECT to_jsonb(t) FROM v_gl_fact t
;;
-- reason: a column that no view has
SELECT org_id FROM v_gl_fact
;;
-- reason: a CTE with the name of a catalog
WITH pg_roles AS (SELECT 1 AS x) SELECT * FROM pg_roles
;;
-- reason: a view that is not one of ours, by an allowed schema
SELECT * FROM semantic.pg_tables
;;
-- reason: a join by all names that both sides happen to have
SELECT * FROM v_gl_fact NATURAL JOIN v_account
;;
-- reason: an aggregate that collects the rows of a table as a value
SELECT json_agg(t) FROM (SELECT * FROM read.gl_fact) t
;;
-- reason: calls a procedure
CALL ledger.bind_org('{other_org}')
;;
-- reason: reads what was bound for the runtime's own sessions
SELECT ledger.auth_role(), ledger.auth_user_id()
;;
-- reason: casts the organization's name to a number inside the barrier of another view
SELECT slug::int FROM control.organization WHERE slug = '{other_slug}'
;;
-- reason: nothing at all
;;
-- reason: a comment and nothing else
/* SELECT 1 */
;;
-- reason: draws a number from a sequence that everybody may draw from
SELECT nextval('public.everybodys') FROM v_account
;;
-- reason: sets a sequence back
SELECT setval('public.everybodys', 99)
;;
-- reason: field notation: draws a number from a sequence
SELECT ('public.everybodys'::regclass).nextval
;;
-- reason: draws a number from a sequence of the owner's
SELECT nextval('ledger.owners')
;;
-- reason: what a sequence has come to
SELECT last_value FROM public.everybodys
;;
-- reason: the last number that the session drew
SELECT lastval(), currval('public.everybodys')
;;
-- reason: makes a temporary sequence
CREATE TEMP SEQUENCE left_behind
;;
-- reason: keeps what it reads in a temporary table
CREATE TEMP TABLE left_behind ON COMMIT PRESERVE ROWS AS SELECT memo FROM v_gl_fact
;;
-- reason: keeps what it reads in a temporary table, by INTO
SELECT memo INTO TEMP left_behind FROM v_gl_fact
;;
-- reason: makes a type in the session's own schema
CREATE TYPE pg_temp.left_behind AS (n int)
;;
-- reason: makes a table by the name of the session's own schema
CREATE TABLE pg_temp.left_behind (n int)
;;
-- reason: throws temporary tables away
DISCARD TEMP
;;
-- reason: throws plans away
DISCARD PLANS
;;
-- reason: tells listeners of another channel
NOTIFY ledger_events, 'approved'
;;
-- reason: tells listeners on a channel of its own
NOTIFY left_behind
;;
-- reason: tells listeners row by row
SELECT memo FROM v_gl_fact WHERE pg_notify('webhooks', memo) IS NULL
;;
-- reason: field notation cannot name a channel, a function of two can
SELECT pg_catalog.pg_notify('left_behind', string_agg(memo, '')) FROM v_gl_fact
;;
-- reason: listens on a channel of another organization
LISTEN "{other_org}"
;;
-- reason: stops listening
UNLISTEN *
;;
-- reason: which channels are listened on
SELECT pg_listening_channels()
;;
-- reason: how full the queue of notifications is
SELECT pg_notification_queue_usage()
;;
-- reason: a cursor that scrolls and outlives the transaction
DECLARE left_behind BINARY SCROLL CURSOR WITH HOLD FOR SELECT * FROM v_gl_fact
;;
-- reason: a cursor over a table
DECLARE left_behind CURSOR FOR SELECT memo FROM read.gl_fact
;;
-- reason: moves a cursor that somebody left
MOVE ALL FROM left_behind
;;
-- reason: closes everybody's cursors of the session
CLOSE ALL
;;
-- reason: reads a cursor as XML
SELECT cursor_to_xml('left_behind', 10, true, false, '')
;;
-- reason: a prepared statement with a parameter
PREPARE left_behind (text) AS SELECT memo FROM v_gl_fact WHERE memo = $1
;;
-- reason: a prepared statement that would write
PREPARE left_behind AS DELETE FROM read.gl_fact
;;
-- reason: throws prepared statements away
DEALLOCATE ALL
;;
-- reason: a transaction prepared for later
PREPARE TRANSACTION 'left_behind'
;;
-- reason: a savepoint
SAVEPOINT left_behind
;;
-- reason: takes a shared lock for the session
SELECT pg_advisory_lock_shared(42)
;;
-- reason: takes a lock of two numbers, row by row
SELECT pg_try_advisory_lock(1, entry_no::int) FROM v_gl_fact
;;
-- reason: field notation: takes a lock of the transaction
SELECT (42::bigint).pg_try_advisory_xact_lock
;;
-- reason: a setting for everybody's later sessions
ALTER ROLE ALL SET app.org_id = '{other_org}'
;;
-- reason: a setting of its own for later sessions, in one database
ALTER ROLE CURRENT_USER IN DATABASE postgres SET search_path = read
;;
-- reason: takes back all settings of its own
ALTER ROLE CURRENT_USER RESET ALL
;;
-- reason: a setting of a database
ALTER DATABASE postgres SET app.org_id = '{other_org}'
;;
-- reason: a setting of the server
ALTER SYSTEM SET log_statement = 'all'
;;
-- reason: a setting for the session that outlives the transaction
SELECT set_config('search_path', 'read', false)
;;
-- reason: makes a large object of a text, by its number
SELECT lo_put(lo_creat(-1), 0, 'left behind')
;;
-- reason: opens a large object for writing
SELECT lo_open(16384, 131072)
;;
-- reason: keeps the write-ahead log for itself
SELECT pg_create_physical_replication_slot('left_behind', true)
;;
-- reason: keeps the write-ahead log for itself, and reads it
SELECT pg_create_logical_replication_slot('left_behind', 'test_decoding')
;;
-- reason: begins a new file of the write-ahead log
SELECT pg_switch_wal()
;;
-- reason: writes a name into the write-ahead log
SELECT pg_create_restore_point('left_behind')
;;
-- reason: how the server would do it, for programs
EXPLAIN (FORMAT JSON) SELECT memo FROM v_gl_fact WHERE memo LIKE '{marker}%'
;;
-- reason: how the server would make a cursor
EXPLAIN DECLARE left_behind CURSOR FOR SELECT * FROM v_gl_fact
;;
-- reason: how the server would do it, with every column
EXPLAIN (VERBOSE, SETTINGS) SELECT * FROM v_ar_open
;;
-- reason: how the server did it, and how much it wrote
EXPLAIN (ANALYZE, WAL, FORMAT XML) SELECT count(*) FROM v_gl_fact
