SELECT 1, t."id", t."name"
FROM "users" t
WHERE t."username" = ?;

SELECT t."id", t."message", t."author_id", t."post_id", f1."id", f1."name", f2."id", f2."title", f2."author_id", f3."id", f3."name"
FROM "comments" t
LEFT JOIN "users" f1 ON f1."id" = t."author_id"
LEFT JOIN "posts" f2 ON f2."id" = t."post_id" AND ((f2."status" IS NOT NULL AND (f2."status" = 'published' OR f2."status" = 'closed' OR f2."status" = 'wiki')))
LEFT JOIN "users" f3 ON f3."id" = f2."author_id"
WHERE t."id" = ? AND (EXISTS (SELECT 1 FROM "posts" o0 WHERE o0."id" = t."post_id" AND (o0."status" IS NOT NULL AND (o0."status" = 'published' OR o0."status" = 'closed' OR o0."status" = 'wiki'))));
