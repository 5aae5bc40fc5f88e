CREATE TABLE `entwine_idempotency` (
  `id` blob NOT NULL PRIMARY KEY,
  `request` blob NOT NULL,
  `response` blob NULL,
  `expires_at` datetime NOT NULL
);
CREATE INDEX `entwine_idempotency_expires_at` ON `entwine_idempotency` (`expires_at`);
