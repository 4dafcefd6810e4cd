-- What an Idempotency-Key was first used for, by digests: a key may not come back with another request.
CREATE TABLE idempotency_keys (
  owner        VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  key_hash     BINARY(32) NOT NULL,
  request_hash BINARY(32) NOT NULL,
  created_at   DATETIME(3) NOT NULL,
  PRIMARY KEY (owner, key_hash),
  KEY idempotency_keys_created (created_at)
) ENGINE=InnoDB
