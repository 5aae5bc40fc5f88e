SELECT 1, t."id"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT 3;

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."score", t."message" FROM "comments" t WHERE 1=1 AND t."post_id" = p.k AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $2::bigint) l;

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."score" FROM "comments" t WHERE 1=1 AND t."post_id" = p.k AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki')))) ORDER BY t."score" DESC, t."id" DESC LIMIT $2::bigint) l;
