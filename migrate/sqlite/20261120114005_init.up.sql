CREATE TABLE `comments` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` text NOT NULL DEFAULT 'comment',
  `source_id` integer NULL,
  `author_name` text NULL,
  `message` text NOT NULL,
  `score` integer NOT NULL DEFAULT 0,
  `is_accepted` bool NOT NULL DEFAULT false,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NULL,
  `license` text NULL,
  `parent_id` integer NULL,
  `post_id` integer NOT NULL,
  `author_id` integer NULL,
  CONSTRAINT `comments_comments_replies` FOREIGN KEY (`parent_id`) REFERENCES `comments` (`id`) ON DELETE SET NULL,
  CONSTRAINT `comments_posts_comments` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`) ON DELETE CASCADE,
  CONSTRAINT `comments_users_comments` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `comment_created_at_id` ON `comments` (`created_at`, `id`);
CREATE INDEX `comment_post_id_created_at_id` ON `comments` (`post_id`, `created_at`, `id`);
CREATE INDEX `comment_author_id_created_at_id` ON `comments` (`author_id`, `created_at`, `id`);
CREATE INDEX `comment_parent_id_created_at_id` ON `comments` (`parent_id`, `created_at`, `id`);

CREATE TABLE `grids` (
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
CREATE UNIQUE INDEX `grids_slug_key` ON `grids` (`slug`);
CREATE INDEX `grid_created_at_id` ON `grids` (`created_at`, `id`);
CREATE INDEX `grid_user_id_created_at_id` ON `grids` (`user_id`, `created_at`, `id`);

CREATE TABLE `posts` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `title` text NOT NULL,
  `slug` text NOT NULL,
  `body` text NOT NULL,
  `status` text NOT NULL DEFAULT 'draft',
  `author_name` text NULL,
  `score` integer NOT NULL DEFAULT 0,
  `view_count` integer NOT NULL DEFAULT 0,
  `favorite_count` integer NULL,
  `created_at` datetime NOT NULL,
  `updated_at` datetime NULL,
  `last_activity_at` datetime NULL,
  `closed_at` datetime NULL,
  `license` text NULL,
  `accepted_comment_id` integer NULL,
  `author_id` integer NULL,
  CONSTRAINT `posts_comments_accepted_comment` FOREIGN KEY (`accepted_comment_id`) REFERENCES `comments` (`id`) ON DELETE SET NULL,
  CONSTRAINT `posts_users_posts` FOREIGN KEY (`author_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE UNIQUE INDEX `posts_slug_key` ON `posts` (`slug`);
CREATE INDEX `post_created_at_id` ON `posts` (`created_at`, `id`);
CREATE INDEX `post_status_created_at_id` ON `posts` (`status`, `created_at`, `id`);
CREATE INDEX `post_author_id_created_at_id` ON `posts` (`author_id`, `created_at`, `id`);
CREATE INDEX `post_accepted_comment_id` ON `posts` (`accepted_comment_id`);

CREATE TABLE `post_links` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `kind` text NOT NULL DEFAULT 'linked',
  `created_at` datetime NOT NULL,
  `post_id` integer NOT NULL,
  `related_post_id` integer NOT NULL,
  CONSTRAINT `post_links_posts_links` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`) ON DELETE CASCADE,
  CONSTRAINT `post_links_posts_linked_from` FOREIGN KEY (`related_post_id`) REFERENCES `posts` (`id`) ON DELETE CASCADE
);
CREATE INDEX `postlink_created_at_id` ON `post_links` (`created_at`, `id`);
CREATE INDEX `postlink_post_id_created_at_id` ON `post_links` (`post_id`, `created_at`, `id`);
CREATE INDEX `postlink_related_post_id_created_at_id` ON `post_links` (`related_post_id`, `created_at`, `id`);

CREATE TABLE `tags` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `name` text NOT NULL,
  `source_count` integer NOT NULL DEFAULT 0,
  `excerpt` text NULL,
  `wiki` text NULL
);
CREATE UNIQUE INDEX `tags_name_key` ON `tags` (`name`);

CREATE TABLE `users` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `name` text NOT NULL,
  `username` text NOT NULL,
  `email` text NULL,
  `bio` text NULL,
  `credits` integer NOT NULL DEFAULT 0,
  `up_votes` integer NOT NULL DEFAULT 0,
  `down_votes` integer NOT NULL DEFAULT 0,
  `profile_views` integer NOT NULL DEFAULT 0,
  `is_system` bool NOT NULL DEFAULT false,
  `roles` json NULL,
  `created_at` datetime NOT NULL,
  `last_seen_at` datetime NULL
);
CREATE UNIQUE INDEX `users_username_key` ON `users` (`username`);
CREATE UNIQUE INDEX `users_email_key` ON `users` (`email`);
CREATE INDEX `user_created_at_id` ON `users` (`created_at`, `id`);

CREATE TABLE `votes` (
  `id` integer NOT NULL PRIMARY KEY AUTOINCREMENT,
  `type` text NOT NULL,
  `bounty` integer NULL,
  `created_on` date NOT NULL,
  `comment_id` integer NULL,
  `post_id` integer NOT NULL,
  `user_id` integer NULL,
  CONSTRAINT `votes_comments_votes` FOREIGN KEY (`comment_id`) REFERENCES `comments` (`id`) ON DELETE CASCADE,
  CONSTRAINT `votes_posts_votes` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`) ON DELETE CASCADE,
  CONSTRAINT `votes_users_votes` FOREIGN KEY (`user_id`) REFERENCES `users` (`id`) ON DELETE SET NULL
);
CREATE INDEX `vote_created_on_id` ON `votes` (`created_on`, `id`);
CREATE INDEX `vote_post_id_created_on_id` ON `votes` (`post_id`, `created_on`, `id`);
CREATE INDEX `vote_comment_id_created_on_id` ON `votes` (`comment_id`, `created_on`, `id`);
CREATE INDEX `vote_user_id_created_on_id` ON `votes` (`user_id`, `created_on`, `id`);

CREATE TABLE `post_tags` (
  `post_id` integer NOT NULL,
  `tag_id` integer NOT NULL,
  PRIMARY KEY (`post_id`, `tag_id`),
  CONSTRAINT `post_tags_post_id` FOREIGN KEY (`post_id`) REFERENCES `posts` (`id`) ON DELETE CASCADE,
  CONSTRAINT `post_tags_tag_id` FOREIGN KEY (`tag_id`) REFERENCES `tags` (`id`) ON DELETE CASCADE
);
CREATE INDEX `post_tags_tag_id_post_id` ON `post_tags` (`tag_id`, `post_id`);
