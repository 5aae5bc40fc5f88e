SELECT 1, t."id"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT p.value, t."score", t."message"
FROM json_each(?) p
JOIN "comments" t ON t."id" IN (SELECT t."id" FROM "comments" t WHERE 1=1 AND t."post_id" = p.value AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."created_at" DESC, t."id" DESC;

SELECT p.value, t."score"
FROM json_each(?) p
JOIN "comments" t ON t."id" IN (SELECT t."id" FROM "comments" t WHERE 1=1 AND t."post_id" = p.value AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki')))) ORDER BY t."score" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."score" DESC, t."id" DESC;
