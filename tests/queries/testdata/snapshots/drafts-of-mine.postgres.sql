SELECT *
FROM (SELECT 1, t."slug", t."author_id" FROM "posts" t WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ($1, $2, $3)) OR (t."author_id" IS NOT NULL AND t."author_id" = $4::bigint))) AND (t."status" = $5) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $6::bigint) y
UNION ALL SELECT 0 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ($7, $8, $9)) OR (t."author_id" IS NOT NULL AND t."author_id" = $10::bigint))) AND (t."status" = $11)), NULL, NULL;

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = $1::bigint;
