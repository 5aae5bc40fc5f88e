SELECT 1, t."title", +t."created_at"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')))
ORDER BY t."created_at", t."id"
LIMIT ?;
