-- People who sign in. Addresses are kept in lower case and compared byte by byte.
CREATE TABLE accounts (
  id            CHAR(26) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  email         VARCHAR(254) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  name          VARCHAR(100) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin NOT NULL,
  role          VARCHAR(16) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  password_hash VARCHAR(255) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  created_at    DATETIME(3) NOT NULL,
  PRIMARY KEY (id),
  UNIQUE KEY accounts_email (email)
) ENGINE=InnoDB
