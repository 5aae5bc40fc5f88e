SELECT 1 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND ((1=0 OR (t."status" = ANY($1::text[])) OR ((t."status" = 'published') AND ((t."author_id" IS NULL) IS NOT TRUE))))), t."slug", t."status"
FROM "posts" t
WHERE 1=1 AND ((1=0 OR (t."status" = ANY($2::text[])) OR ((t."status" = 'published') AND ((t."author_id" IS NULL) IS NOT TRUE))))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT $3::bigint;
