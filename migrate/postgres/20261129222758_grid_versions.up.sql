DROP INDEX "grids_slug_key";
ALTER TABLE "grids" ADD COLUMN "version" bigint NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX "grid_slug" ON "grids" ("slug") WHERE "deleted_at" IS NULL;
