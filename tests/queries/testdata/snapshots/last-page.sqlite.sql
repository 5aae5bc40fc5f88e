SELECT 1, t."title", +t."created_at"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))
ORDER BY t."created_at", t."id"
LIMIT ?;
