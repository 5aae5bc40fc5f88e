SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND (((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')) OR (t."author_id" IS NOT NULL AND t."author_id" = ?))) AND (t."status" = 'draft')), t."slug", t."author_id"
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')) OR (t."author_id" IS NOT NULL AND t."author_id" = ?))) AND (t."status" = 'draft')
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = ?;
