SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));

SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));
