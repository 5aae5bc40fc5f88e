SELECT t."id", t."id", t."title"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));

SELECT t."id", t."id", t."slug"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));

SELECT t."id", t."id", t."username"
FROM "users" t
WHERE t."id" IN (SELECT value FROM json_each(?));
