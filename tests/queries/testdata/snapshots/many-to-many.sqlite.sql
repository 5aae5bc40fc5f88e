SELECT 1, t."name", t."id"
FROM "tags" t
WHERE 1=1
ORDER BY t."name", t."id"
LIMIT ?;

SELECT p.value, t."title", t."id"
FROM json_each(?) p
JOIN "posts" t ON t."id" IN (SELECT t."id" FROM "post_tags" j JOIN "posts" t ON t."id" = j."post_id" WHERE 1=1 AND j."tag_id" = p.value AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki'))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?)
ORDER BY p.key, t."created_at" DESC, t."id" DESC;

SELECT j."tag_id", count(*)
FROM "post_tags" j
JOIN "posts" t ON t."id" = j."post_id"
WHERE 1=1 AND j."tag_id" IN (SELECT value FROM json_each(?)) AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))
GROUP BY j."tag_id";

SELECT p.value, t."name"
FROM json_each(?) p
JOIN "tags" t ON t."id" IN (SELECT t."id" FROM "post_tags" j JOIN "tags" t ON t."id" = j."tag_id" WHERE 1=1 AND j."post_id" = p.value ORDER BY t."id" LIMIT ?)
ORDER BY p.key, t."id";
