SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')));

SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = ? AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')));
