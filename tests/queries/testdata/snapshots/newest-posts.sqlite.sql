SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))), t."title", t."status", t."author_id", t."id", +t."created_at"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT t."id", t."name"
FROM "users" t
WHERE t."id" IN (SELECT value FROM json_each(?));

SELECT p.value, t."message", t."author_id"
FROM json_each(?) p
JOIN "comments" t ON t."id" IN (SELECT t."id" FROM "comments" t WHERE 1=1 AND t."post_id" = p.value AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."created_at" DESC, t."id" DESC;

SELECT t."post_id", count(*)
FROM "comments" t
WHERE 1=1 AND t."post_id" IN (SELECT value FROM json_each(?)) AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki'))))
GROUP BY t."post_id";

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" IN (SELECT value FROM json_each(?));
