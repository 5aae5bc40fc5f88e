SELECT *
FROM (SELECT 1, t."title", t."created_at", t."id" FROM "posts" t WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN (?, ?, ?))) AND (t."created_at", t."id") < (?, ?) ORDER BY t."created_at" DESC, t."id" DESC LIMIT ?) y
UNION ALL SELECT 0 + CASE WHEN (EXISTS (SELECT 1 FROM "posts" t WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN (?, ?, ?))) AND (t."created_at", t."id") > (?, ?)) OR EXISTS (SELECT 1 FROM "posts" t WHERE 1=1 AND ((t."status" IS NOT NULL AND t."status" IN (?, ?, ?))) AND t."created_at" = ? AND t."id" = ?)) THEN 2 ELSE 0 END, NULL, NULL, NULL;
