SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = $1::bigint AND ((t."status" IS NOT NULL AND t."status" IN ($2, $3, $4)));

SELECT t."id", t."title"
FROM "posts" t
WHERE t."id" = $1::bigint AND ((t."status" IS NOT NULL AND t."status" IN ($2, $3, $4)));
