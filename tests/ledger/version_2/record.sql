BEGIN TRANSACTION;
CREATE TABLE delivery (
    id INTEGER PRIMARY KEY, key TEXT NOT NULL, email TEXT NOT NULL, status TEXT NOT NULL, was TEXT,
    attempts INTEGER NOT NULL, due_at REAL, code INTEGER, enhanced_code TEXT, reply TEXT, why TEXT,
    detail TEXT, content TEXT, vars TEXT, dated_at REAL, first_attempt_at REAL, finished_at REAL,
    gone INTEGER
);
INSERT INTO "delivery" VALUES(2,'ann','ann@example.com','accepted',NULL,1,NULL,250,'2.0.0','queued',NULL,NULL,'digest',NULL,10.0,10.0,20.0,NULL);
INSERT INTO "delivery" VALUES(3,'bob','bob@example.com','rejected',NULL,1,NULL,550,'5.1.1','no such user',NULL,NULL,NULL,NULL,NULL,20.0,20.0,NULL);
INSERT INTO "delivery" VALUES(4,'eve','eve@example.com','deferred',NULL,1,80.0,451,'4.3.0','try again later','refused','recipient',NULL,NULL,NULL,20.0,NULL,NULL);
INSERT INTO "delivery" VALUES(5,'joe','joe@example.com','in_doubt',NULL,1,NULL,NULL,NULL,NULL,'unanswered','ended','digest','["joe@example.com", "you"]',10.0,10.0,20.0,NULL);
INSERT INTO "delivery" VALUES(8,'max','max@example.com','failed',NULL,0,NULL,NULL,NULL,NULL,'too-large','9 8',NULL,NULL,NULL,NULL,20.0,NULL);
INSERT INTO "delivery" VALUES(10,'gone','gone@example.com','deferred',NULL,1,NULL,451,'4.3.0','try again later','refused','recipient',NULL,NULL,NULL,20.0,NULL,10);
INSERT INTO "delivery" VALUES(16,'kim','kim@example.com','sending','pending',0,NULL,NULL,NULL,NULL,NULL,NULL,'digest',NULL,61.0,61.0,NULL,NULL);
INSERT INTO "delivery" VALUES(17,'lou','lou@example.org','sending','deferred',1,60.0,451,'4.3.0','try again later','refused','recipient','digest',NULL,20.0,20.0,NULL,NULL);
CREATE TABLE event (at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
INSERT INTO "event" VALUES(1000.5,'server','smtp.example.com');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('content','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa');
INSERT INTO "meta" VALUES('salt','5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a');
INSERT INTO "meta" VALUES('server','smtp.example.com');
CREATE TABLE plan (
    id INTEGER PRIMARY KEY, inputs TEXT NOT NULL, started_at REAL NOT NULL, completed_at REAL,
    columns TEXT NOT NULL, recipients_digest TEXT NOT NULL, content_digest TEXT NOT NULL,
    counts TEXT NOT NULL
);
INSERT INTO "plan" VALUES(1,'inputs',1.0,2.0,'["email", "name"]','recipients','content','{"pending": 9}');
INSERT INTO "plan" VALUES(2,'inputs',1.0,2.0,'["email", "name"]','recipients','content','{"accepted": 1, "deferred": 1, "failed": 1, "in_doubt": 1, "invalid": 1, "pending": 3, "rejected": 1}');
CREATE TABLE plan_row (
    id INTEGER PRIMARY KEY, plan INTEGER NOT NULL, "row" INTEGER NOT NULL, key TEXT NOT NULL,
    email TEXT NOT NULL, vars TEXT NOT NULL, status TEXT NOT NULL, why TEXT, detail TEXT, delivery INTEGER
);
INSERT INTO "plan_row" VALUES(12,2,2,'ann','ann@example.com','["ann@example.com", "you"]','pending',NULL,NULL,2);
INSERT INTO "plan_row" VALUES(13,2,3,'bob','bob@example.com','["bob@example.com", "you"]','pending',NULL,NULL,3);
INSERT INTO "plan_row" VALUES(14,2,4,'eve','eve@example.com','["eve@example.com", "you"]','pending',NULL,NULL,4);
INSERT INTO "plan_row" VALUES(15,2,5,'joe','joe@example.com','["joe@example.com", "you"]','pending',NULL,NULL,5);
INSERT INTO "plan_row" VALUES(16,2,6,'kim','kim@example.com','["kim@example.com", "you"]','pending',NULL,NULL,NULL);
INSERT INTO "plan_row" VALUES(17,2,7,'lou','lou@example.org','["lou@example.org", "you"]','pending',NULL,NULL,NULL);
INSERT INTO "plan_row" VALUES(18,2,8,'max','max@example.com','["max@example.com", "you"]','pending',NULL,NULL,8);
INSERT INTO "plan_row" VALUES(19,2,9,'new','new@example.com','["new@example.com", "you"]','pending',NULL,NULL,NULL);
INSERT INTO "plan_row" VALUES(20,2,10,'out','out@example.com','["out@example.com", "you"]','invalid','no-address',NULL,NULL);
CREATE TABLE recipient (id INTEGER PRIMARY KEY);
CREATE INDEX plan_row_delivery ON plan_row (delivery) WHERE delivery IS NOT NULL;
CREATE INDEX delivery_due ON delivery (due_at) WHERE status = 'deferred';
CREATE INDEX delivery_sending ON delivery (id) WHERE status = 'sending';
CREATE INDEX delivery_gone ON delivery (gone) WHERE gone IS NOT NULL;
CREATE UNIQUE INDEX plan_row_key_2 ON plan_row (key) WHERE plan = 2 AND status = 'pending';
COMMIT;
PRAGMA user_version=2;
