DROP TABLE "entwine_idempotency";
