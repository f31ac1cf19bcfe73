BEGIN TRANSACTION;
CREATE TABLE event (at REAL NOT NULL, kind TEXT NOT NULL, detail TEXT NOT NULL);
INSERT INTO "event" VALUES(1000.5,'server','smtp.example.com');
INSERT INTO "event" VALUES(1061.0,'slowdown','the server asks for less: 7 messages a second now');
INSERT INTO "event" VALUES(3003.0,'server','backup.example.com');
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
INSERT INTO "meta" VALUES('accepted by way','1050.0');
INSERT INTO "meta" VALUES('content','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb');
INSERT INTO "meta" VALUES('domain of aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa','example.com');
INSERT INTO "meta" VALUES('domain of bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb','news.example.com');
INSERT INTO "meta" VALUES('key','');
INSERT INTO "meta" VALUES('key column','email');
INSERT INTO "meta" VALUES('keyed','1000.0 smtp.example.com -');
INSERT INTO "meta" VALUES('mailbox refused since','{"6": 1040.0}');
INSERT INTO "meta" VALUES('name','spring');
INSERT INTO "meta" VALUES('names of more than one column','');
INSERT INTO "meta" VALUES('path','mail/spring.yaml');
INSERT INTO "meta" VALUES('project','shop');
INSERT INTO "meta" VALUES('run','2026-11');
INSERT INTO "meta" VALUES('salt','5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a5a');
INSERT INTO "meta" VALUES('server','backup.example.com');
CREATE TABLE plan (
    id INTEGER PRIMARY KEY, inputs TEXT NOT NULL, started_at REAL NOT NULL, completed_at REAL,
    columns TEXT NOT NULL, recipients_digest TEXT NOT NULL, content_digest TEXT NOT NULL,
    counts TEXT NOT NULL
);
INSERT INTO "plan" VALUES(1,'inputs1',1000.0,1002.0,'["email", "name"]','recipients1','text1','{"pending": 26}');
INSERT INTO "plan" VALUES(2,'inputs2',2000.0,2002.0,'["email", "name"]','recipients2','text2','{"accepted": 4, "deferred": 5, "failed": 3, "in_doubt": 7, "pending": 1, "rejected": 5}');
INSERT INTO "plan" VALUES(3,'inputs3',3000.0,3002.0,'["town", "email", "name"]','recipients3','text3','{"accepted": 3, "deferred": 4, "duplicate": 1, "failed": 1, "filtered": 2, "in_doubt": 6, "invalid": 2, "pending": 5, "rejected": 2, "suppressed": 2}');
CREATE TABLE recipient (
    id INTEGER PRIMARY KEY, plan INTEGER NOT NULL, "row" INTEGER NOT NULL, key TEXT NOT NULL,
    claim TEXT, email TEXT NOT NULL, vars TEXT NOT NULL, status TEXT NOT NULL, was TEXT,
    attempts INTEGER NOT NULL DEFAULT 0, due_at REAL, code INTEGER, enhanced_code TEXT, reply TEXT,
    reason TEXT, content TEXT, dated_at REAL, first_attempt_at REAL, finished_at REAL
);
INSERT INTO "recipient" VALUES(1,3,2,'sent','sent','sent@example.com','["city", "sent@example.com", "sent, \"the\" one"]','accepted',NULL,1,NULL,250,'2.0.0','queued as 4711',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1006.25,1011.25,1011.75);
INSERT INTO "recipient" VALUES(2,2,3,'gone',NULL,'gone@example.com','["gone@example.com", "gone, \"the\" one"]','accepted',NULL,1,NULL,250,'2.0.0','queued as 4711',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1007.5,1012.5,1013.0);
INSERT INTO "recipient" VALUES(3,2,4,'doubt-gone',NULL,'doubt-gone@example.com','["doubt-gone@example.com", "doubt-gone, \"the\" one"]','in_doubt',NULL,1,NULL,NULL,NULL,NULL,'no reply came','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1018.75,1023.75,1024.25);
INSERT INTO "recipient" VALUES(4,3,3,'held','held','held@example.com','["city", "held@example.com", "held, \"the\" one"]','deferred',NULL,1,NULL,550,'5.1.1','no such user','the server says never, but nobody was accepted after that',NULL,NULL,1038.0,1060.0);
INSERT INTO "recipient" VALUES(5,3,4,'deferred','deferred','deferred@example.com','["city", "deferred@example.com", "deferred, \"the\" one"]','deferred',NULL,1,5000.0,451,'4.3.0','try again later','the server refused the recipient',NULL,NULL,1031.75,NULL);
INSERT INTO "recipient" VALUES(6,3,5,'spent','spent','spent@example.com','["city", "spent@example.com", "spent, \"the\" one"]','deferred',NULL,1,NULL,452,NULL,'mailbox full','the mailbox is full',NULL,NULL,1036.75,NULL);
INSERT INTO "recipient" VALUES(7,3,6,'rejected','rejected','rejected@example.com','["city", "rejected@example.com", "rejected, \"the\" one"]','rejected',NULL,2,NULL,550,'5.1.1','no such user',NULL,NULL,NULL,1025.5,3019.25);
INSERT INTO "recipient" VALUES(8,3,7,'failed','failed','failed@example.com','["city", "failed@example.com", "failed, \"the\" one"]','failed',NULL,0,NULL,NULL,NULL,NULL,'attachment invoices/7.pdf: no such file',NULL,NULL,NULL,1038.75);
INSERT INTO "recipient" VALUES(9,3,8,'doubt','doubt','doubt@example.com','["city", "doubt@example.com", "doubt, \"the\" one"]','pending','in_doubt',1,NULL,NULL,NULL,NULL,'no reply came','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1011.25,1016.25,1016.75);
INSERT INTO "recipient" VALUES(10,3,9,'doubt2','doubt2','doubt2@example.com','["city", "doubt2@example.com", "doubt2, \"the\" one"]','sending','in_doubt',1,NULL,NULL,NULL,NULL,'no reply came','bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',3007.5,1017.5,1018.0);
INSERT INTO "recipient" VALUES(11,3,10,'doubt3','doubt3','doubt3@example.com','["city", "doubt3@example.com", "doubt3, \"the\" one"]','deferred','in_doubt',2,4000.0,451,'4.3.0','try again later','the server refused the recipient','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1013.75,1018.75,NULL);
INSERT INTO "recipient" VALUES(12,3,11,'doubt4','doubt4','doubt4@example.com','["city", "doubt4@example.com", "doubt4, \"the\" one"]','failed','in_doubt',1,NULL,NULL,NULL,NULL,'attachment invoices/7.pdf: no such file','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1015.0,1020.0,3015.0);
INSERT INTO "recipient" VALUES(13,3,12,'doubt5','doubt5','doubt5@example.com','["city", "doubt5@example.com", "doubt5, \"the\" one"]','rejected',NULL,2,NULL,550,'5.1.1','no such user',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1016.25,1021.25,3016.75);
INSERT INTO "recipient" VALUES(14,3,13,'doubt6','doubt6','doubt6@example.com','["city", "doubt6@example.com", "doubt6, \"the\" one"]','pending','in_doubt',1,NULL,NULL,NULL,NULL,'no reply came','aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1017.5,1022.5,1023.0);
INSERT INTO "recipient" VALUES(15,3,19,'left-rejected',NULL,'left-rejected@example.com','["city", "left-rejected@example.com", "left-rejected, \"the\" one"]','invalid','rejected',1,NULL,550,'5.1.1','no such user','no usable address',NULL,NULL,1026.75,1026.75);
INSERT INTO "recipient" VALUES(16,3,20,'left-deferred',NULL,'left-deferred@example.com','["city", "left-deferred@example.com", "left-deferred, \"the\" one"]','filtered','deferred',1,5000.0,451,'4.3.0','try again later','`where` is false',NULL,NULL,1033.0,NULL);
INSERT INTO "recipient" VALUES(17,3,21,'left-failed',NULL,'left-failed@example.com','["city", "left-failed@example.com", "left-failed, \"the\" one"]','suppressed','failed',0,NULL,NULL,NULL,NULL,'on a suppression list',NULL,NULL,NULL,1040.0);
INSERT INTO "recipient" VALUES(18,3,22,'left-sent',NULL,'left-sent@example.com','["city", "left-sent@example.com", "left-sent, \"the\" one"]','accepted',NULL,1,NULL,250,'2.0.0','queued as 4711',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1008.75,1013.75,1014.25);
INSERT INTO "recipient" VALUES(19,3,14,'back','back','back@example.com','["city", "back@example.com", "back, \"the\" one"]','deferred',NULL,1,NULL,451,'4.3.0','try again later','the server refused the recipient',NULL,NULL,1035.5,NULL);
INSERT INTO "recipient" VALUES(20,2,21,'drop-deferred',NULL,'drop-deferred@example.com','["drop-deferred@example.com", "drop-deferred, \"the\" one"]','withdrawn','deferred',1,NULL,451,'4.3.0','try again later','the server refused the recipient',NULL,NULL,1034.25,NULL);
INSERT INTO "recipient" VALUES(21,2,22,'drop-rejected',NULL,'drop-rejected@example.com','["drop-rejected@example.com", "drop-rejected, \"the\" one"]','withdrawn','rejected',1,NULL,550,'5.1.1','no such user',NULL,NULL,NULL,1028.0,1028.0);
INSERT INTO "recipient" VALUES(22,2,23,'drop-failed',NULL,'drop-failed@example.com','["drop-failed@example.com", "drop-failed, \"the\" one"]','withdrawn','failed',0,NULL,NULL,NULL,NULL,'attachment invoices/7.pdf: no such file',NULL,NULL,NULL,1041.25);
INSERT INTO "recipient" VALUES(23,3,17,'moved','moved','moved@new.example.com','["city", "moved@new.example.com", "moved, \"the\" one"]','pending',NULL,1,NULL,NULL,NULL,NULL,NULL,NULL,NULL,1029.25,NULL);
INSERT INTO "recipient" VALUES(24,3,18,'moved-sent','moved-sent','moved-sent@example.com','["city", "moved-sent@example.com", "moved-sent, \"the\" one"]','accepted',NULL,1,NULL,250,'2.0.0','queued as 4711',NULL,'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa',1010.0,1015.0,1015.5);
INSERT INTO "recipient" VALUES(26,3,16,'again','again','again@example.com','["city", "again@example.com", "again, \"the\" one"]','pending','rejected',1,3020.0,550,'5.1.1','no such user',NULL,NULL,NULL,1030.5,1030.5);
INSERT INTO "recipient" VALUES(27,3,15,'released','released','released@example.com','["city", "released@example.com", "released, \"the\" one"]','pending',NULL,0,NULL,NULL,NULL,NULL,NULL,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',3030.0,NULL,NULL);
INSERT INTO "recipient" VALUES(28,3,23,'new','new','new@example.com','["city", "new@example.com", "new, \"the\" one"]','accepted',NULL,1,NULL,250,'2.0.0','queued as 4711',NULL,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',3006.25,3011.25,3011.75);
INSERT INTO "recipient" VALUES(29,3,24,'sent',NULL,'sent@example.com','["city", "sent@example.com", "sent, \"the\" one"]','duplicate',NULL,0,NULL,NULL,NULL,NULL,'row 2 has the same key',NULL,NULL,NULL,NULL);
INSERT INTO "recipient" VALUES(30,3,25,'new2',NULL,'new2@example.com','["city", "new2@example.com", "new2, \"the\" one"]','invalid',NULL,0,NULL,NULL,NULL,NULL,'the record has 3 cells, the header has 2',NULL,NULL,NULL,NULL);
INSERT INTO "recipient" VALUES(31,3,26,'new3',NULL,'new3@example.com','["city", "new3@example.com", "new3, \"the\" one"]','filtered',NULL,0,NULL,NULL,NULL,NULL,'`where` is false',NULL,NULL,NULL,NULL);
INSERT INTO "recipient" VALUES(32,3,27,'new4',NULL,'new4@example.com','["city", "new4@example.com", "new4, \"the\" one"]','suppressed',NULL,0,NULL,NULL,NULL,NULL,'on a suppression list',NULL,NULL,NULL,NULL);
INSERT INTO "recipient" VALUES(33,3,28,'on-the-way','on-the-way','on-the-way@example.com','["city", "on-the-way@example.com", "on-the-way, \"the\" one"]','sending','pending',0,NULL,NULL,NULL,NULL,NULL,'bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb',3012.5,3017.5,NULL);
INSERT INTO "recipient" VALUES(34,3,29,'=cmd|'' /C calc''!A0','=cmd|'' /C calc''!A0','=cmd|'' /C calc''!A0@example.com','["city", "=cmd|'' /C calc''!A0@example.com", "=cmd|'' /C calc''!A0, \"the\" one"]','pending',NULL,0,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX recipient_row ON recipient ("row") WHERE status IN ('pending', 'failed');
CREATE INDEX recipient_due ON recipient (due_at) WHERE status = 'deferred';
CREATE INDEX recipient_sending ON recipient (id) WHERE status = 'sending';
CREATE UNIQUE INDEX recipient_claim ON recipient (claim);
COMMIT;
PRAGMA user_version=1;
