CREATE TABLE "entwine_idempotency" (
  "id" bytea NOT NULL PRIMARY KEY,
  "request" bytea NOT NULL,
  "response" bytea NULL,
  "expires_at" timestamptz NOT NULL
);
CREATE INDEX "entwine_idempotency_expires_at" ON "entwine_idempotency" ("expires_at");
