SELECT *
FROM (SELECT 1, t."slug", t."status" FROM "posts" t WHERE 1=1 AND ((1=0 OR (t."status" = ANY($1::text[])) OR ((t."status" = $2) AND ((t."author_id" IS NULL) IS NOT TRUE)))) ORDER BY t."created_at" DESC, t."id" DESC LIMIT $3::bigint) y
UNION ALL SELECT 0 + 8 * (SELECT count(*) FROM "posts" t WHERE 1=1 AND ((1=0 OR (t."status" = ANY($4::text[])) OR ((t."status" = $5) AND ((t."author_id" IS NULL) IS NOT TRUE))))), NULL, NULL;
