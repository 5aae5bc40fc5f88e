SELECT 1, t."title", t."created_at", t."id"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN (?, ?, ?))) AND (t."created_at", t."id") < (?, ?)
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;
