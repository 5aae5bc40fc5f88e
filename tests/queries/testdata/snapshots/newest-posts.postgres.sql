SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')))), t."title", t."status", t."author_id", t."id", timestamptz_send(t."created_at")
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN ('published', 'closed', 'wiki')))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT 4;

SELECT t."id", t."name"
FROM "users" t
WHERE t."id" = ANY($1::bigint[]);

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."message", t."author_id" FROM "comments" t WHERE 1=1 AND t."post_id" = p.k AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki')))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $2::bigint) l;

SELECT t."post_id", count(*)
FROM "comments" t
WHERE 1=1 AND t."post_id" = ANY($1::bigint[]) AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ('published', 'closed', 'wiki'))))
GROUP BY t."post_id";

SELECT t."id", t."username"
FROM "users" t
WHERE t."id" = ANY($1::bigint[]);
