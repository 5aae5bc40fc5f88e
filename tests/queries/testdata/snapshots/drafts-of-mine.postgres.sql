SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')) OR (t."author_id" IS NOT NULL AND t."author_id" = $1::bigint))) AND (t."status" = 'draft')), t."slug", t."author_id"
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')) OR (t."author_id" IS NOT NULL AND t."author_id" = $2::bigint))) AND (t."status" = 'draft')
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT $3::bigint;

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = $1::bigint;
