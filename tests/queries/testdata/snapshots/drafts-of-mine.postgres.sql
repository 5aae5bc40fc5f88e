SELECT 1, t."slug", t."author_id"
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ($1, $2, $3)) OR (t."author_id" IS NOT NULL AND t."author_id" = $4::bigint))) AND (t."status" = $5)
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT $6::bigint;

SELECT 1, count(*)
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ($1, $2, $3)) OR (t."author_id" IS NOT NULL AND t."author_id" = $4::bigint))) AND (t."status" = $5);

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = $1::bigint;
