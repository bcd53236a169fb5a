"""Statements that a query tool must not run, by what they try."""

WRITES = [
    *(
        "INSERT INTO orders VALUES (1000, 'x', 1)",
        "UPDATE orders SET price = 0",
        "DELETE FROM orders",
        "TRUNCATE orders",
    ),
    *("DROP TABLE orders", "CREATE TABLE taken AS SELECT * FROM orders", "ALTER TABLE orders ADD COLUMN x int"),
    "MERGE INTO orders o USING orders s ON o.id = s.id WHEN MATCHED THEN DELETE",
    *("SELECT * INTO taken FROM orders", "SELECT id INTO TEMP taken FROM orders", "CREATE VIEW v AS SELECT 1"),
    *(
        "GRANT ALL ON orders TO reader",
        "CREATE ROLE evil SUPERUSER",
        "ALTER ROLE reader SUPERUSER",
        "REINDEX TABLE orders",
    ),
    *("COMMENT ON TABLE orders IS 'x'", "CREATE INDEX i ON orders (id)", "DROP SCHEMA public CASCADE", "VACUUM orders"),
    *("CREATE EXTENSION lo", "IMPORT FOREIGN SCHEMA a FROM SERVER b INTO c", "SECURITY LABEL ON TABLE orders IS 'x'"),
]
IN_A_WITH = [
    "WITH x AS (INSERT INTO orders VALUES (1000, 'x', 1) RETURNING *) SELECT * FROM x",
    "WITH x AS (DELETE FROM orders RETURNING *) SELECT count(*) FROM x",
    "WITH x AS (UPDATE orders SET price = 0 RETURNING *) SELECT 1",
    "WITH a AS (SELECT 1), b AS (WITH c AS (DELETE FROM orders RETURNING *) SELECT * FROM c) SELECT * FROM b",
    "WITH x AS (SELECT 1) INSERT INTO orders SELECT 1000, 'x', 1 FROM x",
    "WITH x AS (SELECT 1) DELETE FROM orders",
    "WITH RECURSIVE x AS (SELECT 1 UNION ALL SELECT 1), y AS MATERIALIZED (DELETE FROM orders RETURNING 1) SELECT 1",
    "SELECT * FROM (WITH x AS (DELETE FROM orders RETURNING *) SELECT * FROM x) y",
    "SELECT (WITH x AS (DELETE FROM orders RETURNING id) SELECT max(id) FROM x)",
    "WITH x AS (MERGE INTO orders o USING orders s ON o.id = s.id WHEN MATCHED THEN DELETE RETURNING 1) SELECT 1",
]
STACKED = [
    *("SELECT 1; DELETE FROM orders", "SELECT 1;;DROP TABLE orders;", "; DELETE FROM orders", "SELECT 1; COMMIT"),
    *("SELECT 1) AS answer; DELETE FROM orders; --", "SELECT 1) AS a; COMMIT; DELETE FROM orders; SELECT (1"),
    *("COMMIT; DELETE FROM orders", "ROLLBACK; DELETE FROM orders", "SELECT 1 \n;\n TRUNCATE orders \n-- x"),
    *("SELECT ';' ; DELETE FROM orders", "SELECT $$;$$; DELETE FROM orders", "SELECT E'\\';' ; DELETE FROM orders --'"),
    *("SELECT 1; SELECT 2", "BEGIN; DELETE FROM orders; COMMIT", "END", "ABORT", "SAVEPOINT x", "BEGIN"),
]
WITH_EFFECTS = [
    *("SELECT pg_sleep(60)", "SELECT pg_catalog.pg_sleep(60)", 'SELECT "pg_sleep"(60)', "SELECT PG_SLEEP (60)"),
    *("SELECT pg_sleep_for('1 minute')", "SELECT pg_sleep_until(now() + interval '1 minute')"),
    *("SELECT lo_import('/etc/passwd')", "SELECT lo_create(0)", "SELECT lo_export(1, '/tmp/x')", "SELECT lo_unlink(1)"),
    *(
        "SELECT lo_from_bytea(0, 'x')",
        "SELECT pg_read_file('/etc/passwd')",
        "SELECT pg_read_binary_file('/etc/passwd')",
    ),
    *(
        "SELECT * FROM pg_read_file('/etc/passwd')",
        "SELECT pg_ls_dir('/')",
        "SELECT * FROM pg_stat_file('/etc/passwd')",
    ),
    *("SELECT set_config('transaction_read_only', 'off', true)", "SELECT set_config('statement_timeout', '0', false)"),
    *(
        "SELECT nextval('tickets')",
        "SELECT setval('tickets', 9)",
        "SELECT pg_terminate_backend(1)",
        "SELECT pg_cancel_backend(1)",
    ),
    *("SELECT pg_reload_conf()", "SELECT pg_rotate_logfile()", "SELECT pg_switch_wal()", "SELECT pg_advisory_lock(1)"),
    *("SELECT pg_notify('a', 'b')", "SELECT pg_logical_emit_message(false, 'a', 'b')", "SELECT txid_current()"),
    *("SELECT query_to_xml('DELETE FROM orders', true, true, '')", "SELECT cursor_to_xml('c', 1, true, true, '')"),
    *("SELECT * FROM dblink('dbname=postgres', 'DELETE FROM orders') AS t(x int)", "SELECT dblink_exec('x', 'DELETE')"),
    *("SELECT dblink_connect('host=127.0.0.1')", "SELECT wipe()", "SELECT public.wipe()", "SELECT wipe_as_owner()"),
    *("SELECT * FROM wipe()", "SELECT id FROM orders WHERE wipe() = 1", "SELECT id FROM orders ORDER BY wipe()"),
    *("SELECT id FROM orders, LATERAL wipe()", "SELECT count(*) FILTER (WHERE wipe() = 1) FROM orders"),
    *("SELECT CASE WHEN true THEN pg_sleep(60) END", "SELECT array(SELECT pg_sleep(60))", "VALUES (pg_sleep(60))"),
    *("SELECT 1 LIMIT (SELECT wipe())", "SELECT 1 UNION SELECT wipe()", "SELECT (SELECT wipe())", "SELECT -wipe()"),
    *("SELECT sum(wipe()) OVER () FROM orders", "SELECT 1 GROUP BY wipe()", "SELECT pg_file_write('x', 'y', false)"),
    *('SELECT U&"\\0070g_sleep"(60)', "SELECT 1 OPERATOR(pg_catalog.+) 1", "SELECT pg_create_restore_point('x')"),
    *("SELECT currval('tickets')", "SELECT pg_export_snapshot()", "SELECT pg_stat_reset()", "SELECT pg_promote()"),
]
COMMENTED = [
    *("SELECT 1 /* */; DELETE FROM orders", "SELECT 1 --\n; DELETE FROM orders", "/* x */ DELETE /* y */ FROM orders"),
    *(
        "SELECT /* /* nested */ */ pg_sleep(60)",
        "SEL/**/ECT pg_sleep(60)",
        "SELECT/**/pg_sleep/**/(60)",
        "--\nDELETE FROM orders",
    ),
    *(
        "/*! DELETE FROM orders */",
        "SELECT 1 -- ' \n; DELETE FROM orders -- '",
        "SELECT $a$ -- $a$; DELETE FROM orders",
    ),
    *("SELECT '/*'; DELETE FROM orders; --*/'", "SELECT 1 /* ' */ ; DELETE FROM orders /* ' */"),
]
OTHER_STATEMENTS = [
    *(
        "EXPLAIN ANALYZE DELETE FROM orders",
        "EXPLAIN (ANALYZE) SELECT pg_sleep(60)",
        "EXPLAIN SELECT 1",
        "TABLE orders; DELETE",
    ),
    *(
        "COPY orders TO '/tmp/x'",
        "COPY orders FROM PROGRAM 'id'",
        "COPY (SELECT 1) TO PROGRAM 'id'",
        "COPY orders FROM STDIN",
    ),
    *("DO $$ BEGIN DELETE FROM orders; END $$", "CALL wipe()", "PREPARE p AS DELETE FROM orders", "EXECUTE p"),
    *("SET transaction_read_only = off", "SET ROLE owner", "RESET ALL", "SHOW all", "SET SESSION AUTHORIZATION owner"),
    *(
        "SET TRANSACTION READ WRITE",
        "START TRANSACTION READ WRITE",
        "LOCK TABLE orders",
        "LISTEN a",
        "NOTIFY a",
        "LOAD 'x'",
    ),
    *(
        "SELECT * FROM orders FOR UPDATE",
        "SELECT * FROM orders FOR SHARE",
        "SELECT * FROM orders FOR NO KEY UPDATE SKIP LOCKED",
    ),
    *(
        "SELECT * FROM (SELECT * FROM orders FOR UPDATE) x",
        "DECLARE c CURSOR FOR SELECT 1",
        "FETCH 1 FROM c",
        "CLOSE ALL",
    ),
    *(
        "CHECKPOINT",
        "DISCARD ALL",
        "ANALYZE orders",
        "CLUSTER orders",
        "REFRESH MATERIALIZED VIEW x",
        "ALTER SYSTEM SET x = 1",
    ),
    *("", ";", "--", "nonsense", "SELECT $1", "SELECT ?", "SELECT :x", "PRAGMA x", "ATTACH 'x'", "USE x"),
    *("SELECT 1 FROM " + "(" * 300 + "SELECT 1" + ")" * 300, "SELECT " + "x" * 20_000),
]
ALL = [*WRITES, *IN_A_WITH, *STACKED, *WITH_EFFECTS, *COMMENTED, *OTHER_STATEMENTS]
ONLY_POSTGRES = frozenset({"SELECT $a$ -- $a$; DELETE FROM orders", "SELECT $1"})
"""In the dialect of Athena these name a column."""
