SELECT 1, t."name", t."id"
FROM "tags" t
WHERE 1=1
ORDER BY t."name", t."id"
LIMIT 3;

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."title", t."id" FROM "post_tags" j JOIN "posts" t ON t."id" = j."post_id" WHERE 1=1 AND j."tag_id" = p.k AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki'))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $2::bigint) l;

SELECT j."tag_id", count(*)
FROM "post_tags" j
JOIN "posts" t ON t."id" = j."post_id"
WHERE 1=1 AND j."tag_id" = ANY($1::bigint[]) AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')))
GROUP BY j."tag_id";

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."name" FROM "post_tags" j JOIN "tags" t ON t."id" = j."tag_id" WHERE 1=1 AND j."post_id" = p.k ORDER BY t."id" LIMIT $2::bigint) l;
