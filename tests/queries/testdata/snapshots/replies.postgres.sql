SELECT 1, t."message", t."parent_id", t."id"
FROM "comments" t
WHERE 1=1
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT $1::bigint;

SELECT t."id", t."id"
FROM "comments" t
WHERE t."id" = ANY($1::bigint[]);

SELECT p.k, l.*
FROM unnest($1::bigint[]) AS p(k)
CROSS JOIN LATERAL (SELECT t."message" FROM "comments" t WHERE 1=1 AND t."parent_id" = p.k ORDER BY t."created_at" DESC, t."id" DESC LIMIT $2::bigint) l;
