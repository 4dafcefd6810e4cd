-- Fewest available items of a type. Below it the type is low in stock.
CREATE TABLE stock_limits (
  type       VARCHAR(40) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  minimum    INT UNSIGNED NOT NULL,
  updated_by VARCHAR(64) CHARACTER SET ascii COLLATE ascii_bin NOT NULL,
  updated_at DATETIME(3) NOT NULL,
  PRIMARY KEY (type)
) ENGINE=InnoDB
