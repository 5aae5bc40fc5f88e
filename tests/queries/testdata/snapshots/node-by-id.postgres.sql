SELECT t."id", t."id", t."title"
FROM "posts" t
WHERE t."id" = $1::bigint AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));

SELECT t."id", t."id", t."slug"
FROM "posts" t
WHERE t."id" = $1::bigint AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')));

SELECT t."id", t."id", t."username"
FROM "users" t
WHERE t."id" = ANY($1::bigint[]);
