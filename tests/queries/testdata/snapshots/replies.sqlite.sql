SELECT 1, t."message", t."parent_id", t."id"
FROM "comments" t
WHERE 1=1
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT t."id", t."id"
FROM "comments" t
WHERE t."id" IN (SELECT value FROM json_each(?));

SELECT p.value, t."message"
FROM json_each(?) p
JOIN "comments" t ON t."id" IN (SELECT t."id" FROM "comments" t WHERE 1=1 AND t."parent_id" = p.value ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."created_at" DESC, t."id" DESC;
