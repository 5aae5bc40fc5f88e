SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1), t."title", t."status"
FROM "posts" t
WHERE 1=1
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT 4;
