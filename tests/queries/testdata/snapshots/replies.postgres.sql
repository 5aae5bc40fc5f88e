SELECT 1, t."message", t."parent_id", t."id"
FROM "comments" t
WHERE 1=1 AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ($1, $2, $3))))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT $4::bigint;

SELECT t."id", t."id"
FROM "comments" t
WHERE t."id" = ANY($1::bigint[]) AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ($2, $3, $4))));

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."message" FROM "comments" t WHERE 1=1 AND t."parent_id" = p.k AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND o0."status" IN ($2, $3, $4)))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $5::bigint) l;
