SELECT 1, t."slug", t."author_id"
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN (?, ?, ?)) OR (t."author_id" IS NOT NULL AND t."author_id" = ?))) AND (t."status" = ?)
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT 1, count(*)
FROM "posts" t
WHERE 1=1 AND (((t."status" IS NOT NULL AND t."status" IN (?, ?, ?)) OR (t."author_id" IS NOT NULL AND t."author_id" = ?))) AND (t."status" = ?);

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = ?;
