ALTER TABLE `grids` ADD COLUMN `version` integer NOT NULL DEFAULT 1;
DROP INDEX `grids_slug_key`;
CREATE UNIQUE INDEX `grid_slug` ON `grids` (`slug`) WHERE "deleted_at" IS NULL;
