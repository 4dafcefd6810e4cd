-- Failed sign-ins by the digest of the address, so that addresses without an account are counted in the same way.
CREATE TABLE sign_in_attempts (
  subject       BINARY(32) NOT NULL,
  failures      INT UNSIGNED NOT NULL,
  blocked_until DATETIME(3) NULL,
  updated_at    DATETIME(3) NOT NULL,
  PRIMARY KEY (subject),
  KEY sign_in_attempts_updated (updated_at)
) ENGINE=InnoDB
