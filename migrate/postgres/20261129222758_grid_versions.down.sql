-- entwine:loses grids.version: SELECT 1 FROM "grids" WHERE "version" IS DISTINCT FROM 1
DROP INDEX "grid_slug";
ALTER TABLE "grids" DROP COLUMN "version";
CREATE UNIQUE INDEX "grids_slug_key" ON "grids" ("slug");
