SELECT 1, t."message", t."parent_id", t."id"
FROM "comments" t
WHERE 1=1 AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki'))))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT t."id", t."id"
FROM "comments" t
WHERE t."id" IN (SELECT value FROM json_each(?)) AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki'))));

SELECT p.value, t."message"
FROM json_each(?) p
JOIN "comments" t ON t."id" IN (SELECT t."id" FROM "comments" t WHERE 1=1 AND t."parent_id" = p.value AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."created_at" DESC, t."id" DESC;
