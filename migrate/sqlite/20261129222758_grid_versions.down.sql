-- entwine:loses grids.version: SELECT 1 FROM "grids" WHERE "version" IS NOT 1
-- Foreign keys are checked when everything is done.
PRAGMA foreign_keys = off;

CREATE TABLE `new_grids` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `slug` text NOT NULL,
  `title` text NOT NULL,
  `cells` json NOT NULL,
  `created_at` datetime NOT NULL,
  `modified_at` datetime NOT NULL,
  `deleted_at` datetime NULL,
  `user_id` integer NOT NULL,
  CONSTRAINT `grids_users_grids` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE CASCADE
);

-- Go on counting where the old table did, so that ids of deleted rows are not given again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'new_grids', seq FROM sqlite_sequence WHERE name = 'grids';

-- Copy rows from old table "grids" to new temporary table "new_grids".
INSERT INTO `new_grids` (`id`, `slug`, `title`, `cells`, `created_at`, `modified_at`, `deleted_at`, `user_id`) SELECT `id`, `slug`, `title`, `cells`, `created_at`, `modified_at`, `deleted_at`, `user_id` FROM `grids`;

-- Drop "grids" table after copying rows.
DROP TABLE `grids`;

-- Rename temporary table "new_grids" to "grids".
ALTER TABLE `new_grids` RENAME TO `grids`;
CREATE UNIQUE INDEX `grids_slug_key` ON `grids` (`slug`);
CREATE INDEX `grid_created_at_id` ON `grids` (`created_at`, `id`);
CREATE INDEX `grid_user_id_created_at_id` ON `grids` (`user_id`, `created_at`, `id`);
PRAGMA foreign_keys = on;
