SELECT 1, t."message", t."parent_id", t."id"
FROM "comments" t
WHERE 1=1 AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki'))))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT 4;

SELECT t."id", t."id"
FROM "comments" t
WHERE t."id" = ANY($1::bigint[]) AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki'))));

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."message" FROM "comments" t WHERE 1=1 AND t."parent_id" = p.k AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $2::bigint) l;
