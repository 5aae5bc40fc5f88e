SELECT 1, t."title", t."id", t."body"
FROM "posts" t
WHERE 1=1 AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')))
ORDER BY t."created_at" DESC, t."id" DESC
LIMIT ?;

SELECT `ours`.`post_id` AS `parent`, `posts`.`id`, (ROW_NUMBER() OVER (PARTITION BY `ours`.`post_id` ORDER BY COUNT(*) DESC, `posts`.`id` DESC)) AS `place`
FROM `posts`
JOIN `post_tags` AS `theirs` ON `posts`.`id` = `theirs`.`post_id`
JOIN `post_tags` AS `ours` ON `theirs`.`tag_id` = `ours`.`tag_id`
WHERE (`ours`.`post_id` IN (?, ?) AND `ours`.`post_id` <> `theirs`.`post_id`) AND (`posts`.`status` IS NOT NULL AND (`posts`.`status` = 'published' OR `posts`.`status` = 'closed' OR `posts`.`status` = 'wiki'))
GROUP BY `ours`.`post_id`, `posts`.`id`
ORDER BY `place`, `ours`.`post_id`
LIMIT 2;

SELECT t."id", t."title", t."author_id"
FROM "posts" t
WHERE t."id" IN (SELECT value FROM json_each(?)) AND ((t."status" IS NOT NULL AND (t."status" = 'published' OR t."status" = 'closed' OR t."status" = 'wiki')));

SELECT t."id", t."name"
FROM "users" t
WHERE t."id" = ?;
