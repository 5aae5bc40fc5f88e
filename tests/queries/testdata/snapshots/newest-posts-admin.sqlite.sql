SELECT 1, t."title", t."status"
FROM "posts" t
WHERE 1=1
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT 1, count(*)
FROM "posts" t
WHERE 1=1;
