SELECT 1, u.c0, u.c1
FROM (SELECT * FROM (SELECT 0 AS s, t."username" AS c0, t."bio" AS c1, t."bio" AS o0, t."created_at" AS o1, t."id" AS o2 FROM "users" t WHERE 1=1 AND t."bio" IS NOT NULL ORDER BY t."bio" DESC, t."created_at", t."id" LIMIT 5) x0 UNION ALL SELECT * FROM (SELECT 1 AS s, t."username" AS c0, t."bio" AS c1, t."bio" AS o0, t."created_at" AS o1, t."id" AS o2 FROM "users" t WHERE 1=1 AND t."bio" IS NULL ORDER BY t."bio" DESC, t."created_at", t."id" LIMIT 5) x1) u
ORDER BY u.s, u.o0 DESC NULLS LAST, u.o1, u.o2
LIMIT 5;
