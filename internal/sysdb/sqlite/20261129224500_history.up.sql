CREATE TABLE `entwine_history` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `entity` text NOT NULL,
  `row_key` text NOT NULL,
  `operation` text NOT NULL,
  `at` datetime NOT NULL,
  `actor` text NOT NULL,
  `user_key` text NULL,
  `version` integer NULL,
  `changes` json NOT NULL
);
CREATE INDEX `entwine_history_entity_row_key_id` ON `entwine_history` (`entity`, `row_key`, `id`);
CREATE INDEX `entwine_history_lives` ON `entwine_history` (`entity`, `row_key`, `id`) WHERE `operation` IN ('create', 'delete');
