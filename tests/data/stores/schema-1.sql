CREATE TABLE partita_answers (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            key TEXT NOT NULL,
            run TEXT NOT NULL,
            blob TEXT NOT NULL,
            spoilt INTEGER NOT NULL DEFAULT 0,
            at REAL NOT NULL,
            UNIQUE (key, run));
INSERT INTO "partita_answers" VALUES(1,'key020251231-235959-aaaa','20251231-235959-aaaa','9f08574fe4891a6d42d79676f4e77cac1e289d87cc113ab3956109ff4516b9e9',0,1767225599.9996);
INSERT INTO "partita_answers" VALUES(2,'key020260101-000000-bbbb','20260101-000000-bbbb','9f08574fe4891a6d42d79676f4e77cac1e289d87cc113ab3956109ff4516b9e9',0,1.76731200000079965595e+09);
CREATE TABLE partita_events (
            seq INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            key TEXT NOT NULL,
            at REAL NOT NULL,
            type TEXT NOT NULL,
            data TEXT NOT NULL,
            UNIQUE (run, key));
INSERT INTO "partita_events" VALUES(1,'20251231-235959-aaaa','started',1767225599.9996,'started','{"request":"build it"}');
INSERT INTO "partita_events" VALUES(2,'20260101-000000-bbbb','started',1.76731200000079965595e+09,'started','{"request":"build it"}');
CREATE TABLE partita_exchanges (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            question TEXT NOT NULL,
            answer INTEGER NOT NULL,
            UNIQUE (run, question, answer));
INSERT INTO "partita_exchanges" VALUES(1,'20251231-235959-aaaa','20251231-235959-aaaa:q0',1);
INSERT INTO "partita_exchanges" VALUES(2,'20260101-000000-bbbb','20260101-000000-bbbb:q0',2);
CREATE TABLE partita_ledger (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            run TEXT NOT NULL,
            question TEXT NOT NULL,
            model TEXT NOT NULL,
            role TEXT NOT NULL,
            task TEXT,
            activity TEXT NOT NULL,
            held INTEGER NOT NULL,
            cost INTEGER NOT NULL DEFAULT 0,
            usage TEXT,
            state TEXT NOT NULL DEFAULT 'held',
            at REAL NOT NULL,
            owner TEXT NOT NULL);
INSERT INTO "partita_ledger" VALUES(1,'20251231-235959-aaaa','20251231-235959-aaaa:q0','m','coder','core','build',100,40,'{"input":10,"output":2,"cache_read":0,"cache_write":0,"estimated":false}','settled',1767225599.9996,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(2,'20251231-235959-aaaa','20251231-235959-aaaa:q1','m','reviewer','core','build',101,0,NULL,'released',1.76722559999989986415e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(3,'20251231-235959-aaaa','20251231-235959-aaaa:q2','m','coder','cli','build',102,102,NULL,'unconfirmed',1.7672256000001997948e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(4,'20251231-235959-aaaa','20251231-235959-aaaa:q3','m','planner',NULL,'build',103,0,NULL,'held',1.76722560000049972537e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(5,'20260101-000000-bbbb','20260101-000000-bbbb:q0','m','coder','core','build',100,40,'{"input":10,"output":2,"cache_read":0,"cache_write":0,"estimated":false}','settled',1.76731200000079965595e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(6,'20260101-000000-bbbb','20260101-000000-bbbb:q1','m','reviewer','core','build',101,0,NULL,'released',1.76731200000109958648e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(7,'20260101-000000-bbbb','20260101-000000-bbbb:q2','m','coder','cli','build',102,102,NULL,'unconfirmed',1.767312000001399517e+09,'boot/15421/2428146/1');
INSERT INTO "partita_ledger" VALUES(8,'20260101-000000-bbbb','20260101-000000-bbbb:q3','m','planner',NULL,'build',103,0,NULL,'held',1.76731200000169944765e+09,'boot/15421/2428146/1');
CREATE TABLE partita_runs (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            request TEXT NOT NULL,
            options TEXT NOT NULL,
            created REAL NOT NULL,
            status TEXT NOT NULL,
            exit INTEGER,
            result TEXT);
INSERT INTO "partita_runs" VALUES(1,'20251231-235959-aaaa','"build it"','{"n":1}',1767225599.9996,'running',NULL,NULL);
INSERT INTO "partita_runs" VALUES(2,'20260101-000000-bbbb','"build it"','{"n":1}',1.76731200000079965595e+09,'running',NULL,NULL);
CREATE TABLE partita_schema (version INTEGER PRIMARY KEY);
INSERT INTO "partita_schema" VALUES(1);
CREATE TABLE partita_signals (
            run TEXT NOT NULL,
            name TEXT NOT NULL,
            value TEXT NOT NULL,
            at REAL NOT NULL,
            PRIMARY KEY (run, name));
INSERT INTO "partita_signals" VALUES('20260101-000000-bbbb','approval','{"ok":true}',1.76739840000199937815e+09);
CREATE INDEX partita_events_by_run ON partita_events (run, seq);
CREATE INDEX partita_ledger_by_run ON partita_ledger (run, state, held, cost);
CREATE INDEX partita_exchanges_by_answer ON partita_exchanges (answer, run);
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('partita_runs',2);
INSERT INTO "sqlite_sequence" VALUES('partita_events',2);
INSERT INTO "sqlite_sequence" VALUES('partita_ledger',8);
INSERT INTO "sqlite_sequence" VALUES('partita_answers',2);
INSERT INTO "sqlite_sequence" VALUES('partita_exchanges',2);
